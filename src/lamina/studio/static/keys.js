/** @file The one table of keys: which action they run, in the editor and on the help sheet. */

import { ACTIONS } from "./actions.js";
import { texts } from "./texts.js";

/**
 * Keys as `event.key` or `event.code` tell them; `Mod` is Ctrl, or Command on a Mac. A null action is handled elsewhere.
 * @type {{keys: string[], action: string | null, label?: string, isHeld?: boolean}[]}
 */
export const KEYS = [
  { keys: ["v"], action: "toolMove" },
  { keys: ["b"], action: "toolBox" },
  { keys: ["p"], action: "toolPoint" },
  { keys: ["h"], action: "toolHand" },
  { keys: ["Space"], action: null, label: texts.commands.pan, isHeld: true },
  { keys: ["\\"], action: null, label: texts.editor.compare, isHeld: true },
  { keys: ["d"], action: "difference" },
  { keys: ["Mod+=", "Mod++", "Mod+Shift++"], action: "zoomIn" },
  { keys: ["Mod+-"], action: "zoomOut" },
  { keys: ["Mod+0"], action: "fit" },
  { keys: ["Mod+1"], action: "actual" },
  { keys: ["Mod+z"], action: "undo" },
  { keys: ["Mod+Shift+z", "Mod+y"], action: "redo" },
  { keys: ["ArrowLeft"], action: "nudgeLeft" },
  { keys: ["ArrowRight"], action: "nudgeRight" },
  { keys: ["ArrowUp"], action: "nudgeUp" },
  { keys: ["ArrowDown"], action: "nudgeDown" },
  { keys: ["Shift+ArrowLeft"], action: "nudgeLeftMore" },
  { keys: ["Shift+ArrowRight"], action: "nudgeRightMore" },
  { keys: ["Shift+ArrowUp"], action: "nudgeUpMore" },
  { keys: ["Shift+ArrowDown"], action: "nudgeDownMore" },
  { keys: ["Alt+]"], action: "selectAbove" },
  { keys: ["Alt+["], action: "selectBelow" },
  { keys: ["Mod+a"], action: "selectAll" },
  { keys: ["Escape"], action: "deselect" },
  { keys: ["Mod+]"], action: "raise" },
  { keys: ["Mod+["], action: "lower" },
  { keys: ["Mod+Shift+]"], action: "toTop" },
  { keys: ["Mod+Shift+["], action: "toBottom" },
  { keys: ["F2"], action: "rename" },
  { keys: ["Mod+Shift+h"], action: "hide" },
  { keys: ["Mod+Shift+l"], action: "lock" },
  { keys: ["Mod+j"], action: "duplicate" },
  { keys: ["Mod+g"], action: "group" },
  { keys: ["Mod+Shift+g"], action: "ungroup" },
  { keys: ["Mod+e"], action: "mergeDown" },
  { keys: ["Mod+Shift+e"], action: "merge" },
  { keys: ["Delete", "Backspace"], action: "delete" },
  { keys: ["Mod+s"], action: "export" },
  { keys: ["Mod+Shift+y"], action: "history" },
  { keys: ["?", "Shift+?"], action: "help" },
];

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const BRACKETS = { BracketLeft: "[", BracketRight: "]", Backslash: "\\", Minus: "-", Equal: "=" };

/** @type {Map<string, string>} */
const BY_KEY = new Map(KEYS.flatMap(({ keys, action }) => (action ? keys.map((key) => /** @type {[string, string]} */ ([key, action])) : [])));

/** The names that an event may have in the table; letters and signs by their place, too, for other keyboards. @param {KeyboardEvent} event */
function namesOf(event) {
  const modifiers = [event.ctrlKey || event.metaKey ? "Mod+" : "", event.altKey ? "Alt+" : "", event.shiftKey ? "Shift+" : ""].join("");
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const place = BRACKETS[/** @type {keyof typeof BRACKETS} */ (event.code)] ?? event.code.replace(/^Key|^Digit/, "").toLowerCase();
  return [`${modifiers}${key}`, `${modifiers}${place}`];
}

/** The action of a key that was pressed, or null; none while text is edited. @param {KeyboardEvent} event */
export function actionOf(event) {
  if (isEditing(event.target)) return null;
  for (const name of namesOf(event)) if (BY_KEY.has(name)) return BY_KEY.get(name) ?? null;
  return null;
}

/** Whether keys are text where they are pressed. @param {EventTarget | null} target */
export function isEditing(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(target.type);
}

const SIGNS = /** @type {Record<string, string>} */ ({ ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" });

/** A key as it is written on the help sheet. @param {string} key */
export function written(key) {
  const parts = key.split(/\+(?!$)/).map((part) => SIGNS[part] ?? (part === "Mod" ? (IS_MAC ? "⌘" : "Ctrl") : part));
  return parts.map((part) => (part.length === 1 ? part.toUpperCase() : part)).join(IS_MAC ? "" : " ");
}

/** The label of an action with its first key, for tooltips. @param {string} action */
export function hintOf(action) {
  const row = KEYS.find((each) => each.action === action);
  return row ? `${ACTIONS[action].label} (${written(row.keys[0])})` : ACTIONS[action].label;
}

/** The rows of the help sheet: label and keys, each label once. */
export function helpRows() {
  /** @type {Map<string, {keys: string[], isHeld: boolean}>} */
  const byLabel = new Map();
  for (const { keys, action, label, isHeld = false } of KEYS) {
    const name = label ?? ACTIONS[action ?? ""].label;
    const row = byLabel.get(name) ?? { keys: [], isHeld };
    row.keys.push(written(keys[0]));
    byLabel.set(name, row);
  }
  return [...byLabel].map(([label, row]) => ({ label, ...row }));
}
