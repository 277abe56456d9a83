/** @file The list of layers and groups, topmost first: eye, lock, name, order. */

import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";

import { perform, reorder } from "../actions.js";
import { dropping } from "../edits.js";
import { html } from "../html.js";
import { texts } from "../texts.js";
import { layersIn, outermost, rows } from "../tree.js";
import { ActionButton, Icon } from "./controls.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../types.js").Node} Node */
/** @typedef {"above" | "below" | "into"} Where */

const LEAST_DRAG_PX = 5;
const t = texts.layers;

/** The row that is dragged, and where it would be dropped. @type {import("@preact/signals").Signal<{id: number, target: number, where: Where} | null>} */
const drag = signal(null);

/** @param {{editor: Editor}} props */
export function LayerList({ editor }) {
  const stack = editor.stack.value;
  const list = rows(stack?.layers ?? [], editor.closedGroups.value);
  return html`<section class="panel layers-panel" aria-label=${t.heading}>
    <header class="panel-header">
      <h2>${t.heading}</h2>
      <${ActionButton} editor=${editor} action="group" icon="group" />
      <${ActionButton} editor=${editor} action="duplicate" icon="duplicate" />
      <${ActionButton} editor=${editor} action="delete" icon="delete" />
    </header>
    ${list.length
      ? html`<ol class="layer-list">${list.map(({ node, depth }) => html`<${Row} key=${node.id} editor=${editor} node=${node} depth=${depth} />`)}</ol>`
      : html`<p class="empty">${t.empty}</p>`}
  </section>`;
}

/** @param {{editor: Editor, node: Node, depth: number}} props */
function Row({ editor, node, depth }) {
  const isSelected = editor.selection.value.includes(node.id);
  const place = drag.value?.target === node.id ? `drop-${drag.value.where}` : "";
  const kind = node.type === "group" ? "group" : node.kind;
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  const isSelectedLast = editor.selection.value.at(-1) === node.id;
  useEffect(() => {
    if (isSelectedLast) element.current?.scrollIntoView({ block: "nearest" });
  }, [isSelectedLast]);
  return html`<li
    ref=${element}
    class=${`layer-row ${isSelected ? "is-selected" : ""} ${node.is_hidden ? "is-hidden" : ""} ${place}`}
    style=${{ "--depth": depth }}
    data-row=${node.id}
  >
    <${Eye} editor=${editor} node=${node} />
    ${node.type === "group" && html`<${Disclosure} editor=${editor} group=${node} />`}
    ${editor.renaming.value === node.id ? html`<${NameInput} editor=${editor} node=${node} />` : html`<${Name} editor=${editor} node=${node} />`}
    ${node.type === "layer" && node.is_guessed && html`<span class="badge" title=${t.guessedHelp}>${t.guessed}</span>`}
    <span class="kind" title=${t.kinds[kind] ?? kind}><${Icon} name=${`kind-${kind}`} /></span>
    <button
      type="button"
      class=${`icon-button lock ${node.is_locked ? "is-on" : ""}`}
      aria-pressed=${node.is_locked}
      aria-label=${node.is_locked ? t.unlock(node.name) : t.lock(node.name)}
      title=${node.is_locked ? t.unlock(node.name) : t.lock(node.name)}
      onClick=${() => void editor.edit([{ op: "lock", layer: node.id, locked: !node.is_locked }])}
    >
      <${Icon} name=${node.is_locked ? "locked" : "unlocked"} />
    </button>
  </li>`;
}

/** @param {{editor: Editor, node: Node}} props */
function Eye({ editor, node }) {
  const isSolo = editor.solo.value === node.id;
  /** @param {MouseEvent} event */
  const click = (event) => {
    if (event.altKey) editor.solo.value = isSolo ? null : node.id;
    else void editor.edit([{ op: "hide", layer: node.id, hidden: !node.is_hidden }]);
  };
  const label = node.is_hidden ? t.show(node.name) : t.hide(node.name);
  return html`<button
    type="button"
    class=${`icon-button eye ${isSolo ? "is-on" : ""}`}
    aria-pressed=${!node.is_hidden}
    aria-label=${label}
    title=${`${label}. ${t.solo}`}
    onClick=${click}
  >
    <${Icon} name=${node.is_hidden ? "eye-off" : "eye"} />
  </button>`;
}

/** @param {{editor: Editor, group: import("../types.js").Group}} props */
function Disclosure({ editor, group }) {
  const isClosed = editor.closedGroups.value.has(group.id);
  const click = () => {
    const closed = new Set(editor.closedGroups.value);
    if (!closed.delete(group.id)) closed.add(group.id);
    editor.closedGroups.value = closed;
  };
  return html`<button
    type="button"
    class=${`icon-button disclosure ${isClosed ? "" : "is-open"}`}
    aria-expanded=${!isClosed}
    aria-label=${isClosed ? t.openGroup(group.name) : t.closeGroup(group.name)}
    onClick=${click}
  >
    <${Icon} name="chevron" />
  </button>`;
}

/** @param {{editor: Editor, node: Node}} props */
function Name({ editor, node }) {
  const isSelected = editor.selection.value.includes(node.id);
  const dragging = useRef(/** @type {{x: number, y: number} | null} */ (null));
  /** @param {MouseEvent} event */
  const click = (event) => {
    if (event.shiftKey) editor.select(rangeTo(editor, node.id));
    else if (event.ctrlKey || event.metaKey) {
      editor.select(isSelected ? editor.selection.value.filter((id) => id !== node.id) : [...editor.selection.value, node.id]);
    } else editor.select([node.id]);
  };
  const end = () => {
    dragging.current = null;
    drag.value = null;
    removeEventListener("keydown", escape, { capture: true });
  };
  /** @param {KeyboardEvent} event */
  const escape = (event) => {
    if (event.key !== "Escape" || !drag.value) return;
    event.stopImmediatePropagation();
    end();
  };
  /** @param {PointerEvent} event */
  const down = (event) => {
    if (event.button !== 0 || event.pointerType === "touch" || !editor.canChange(node)) return;
    dragging.current = { x: event.clientX, y: event.clientY };
    /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId); // the next move may be elsewhere
    addEventListener("keydown", escape, { capture: true });
  };
  /** @param {PointerEvent} event */
  const move = (event) => {
    const start = dragging.current;
    if (!start) return;
    if (!drag.value && Math.hypot(event.clientX - start.x, event.clientY - start.y) < LEAST_DRAG_PX) return;
    const over = rowAt(event.clientX, event.clientY);
    drag.value = over ? { id: node.id, ...over } : { id: node.id, target: node.id, where: "above" };
  };
  const up = () => {
    const { value } = drag;
    end();
    const operation = value && dropping(editor.stack.value?.layers ?? [], value.id, value.target, value.where);
    if (operation) void reorder(editor, operation);
  };
  return html`<button
    type="button"
    class="layer-name"
    aria-current=${isSelected ? "true" : undefined}
    title=${node.name}
    onClick=${click}
    onDblClick=${() => void perform(editor, "rename")}
    onPointerDown=${down}
    onPointerMove=${move}
    onPointerUp=${up}
    onPointerCancel=${end}
  >
    <${Thumbnail} node=${node} />
    <span class="name">${node.type === "layer" && node.text ? node.text.replaceAll("\n", " ") : node.name}</span>
  </button>`;
}

/** @param {{node: Node}} props */
function Thumbnail({ node }) {
  const layer = layersIn(node).at(-1);
  return html`<span class="thumbnail">${layer && html`<img src=${layer.pixels.preview} alt="" loading="lazy" draggable=${false} />`}</span>`;
}

/** @param {{editor: Editor, node: Node}} props */
function NameInput({ editor, node }) {
  let isDone = false;
  /** @param {HTMLInputElement} input @param {boolean} isKept */
  const finish = (input, isKept) => {
    if (isDone) return;
    isDone = true;
    editor.renaming.value = null;
    const name = input.value.trim();
    if (isKept && name && name !== node.name) void editor.edit([{ op: "rename", layer: node.id, name }]);
    requestAnimationFrame(() => /** @type {HTMLElement | null} */ (document.querySelector(`[data-row="${node.id}"] .layer-name`))?.focus());
  };
  return html`<input
    class="name-input"
    aria-label=${t.rename}
    maxlength="200"
    value=${node.name}
    ref=${(/** @type {HTMLInputElement | null} */ input) => {
      if (input && document.activeElement !== input) {
        input.focus();
        input.select();
      }
    }}
    onBlur=${(/** @type {FocusEvent} */ event) => finish(/** @type {HTMLInputElement} */ (event.currentTarget), true)}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" || event.key === "Escape") {
        event.stopPropagation();
        finish(/** @type {HTMLInputElement} */ (event.currentTarget), event.key === "Enter");
      }
    }}
  />`;
}

/** All rows from the one that was selected last to another. @param {Editor} editor @param {number} id */
function rangeTo(editor, id) {
  const nodes = editor.stack.value?.layers ?? [];
  const list = rows(nodes, editor.closedGroups.value).map(({ node }) => node.id);
  const [from, to] = [list.indexOf(editor.selection.value.at(-1) ?? id), list.indexOf(id)];
  if (from < 0) return [id];
  return outermost(nodes, list.slice(Math.min(from, to), Math.max(from, to) + 1));
}

/** The row at a place of the screen, and which part of it. @param {number} x @param {number} y @returns {{target: number, where: Where} | null} */
function rowAt(x, y) {
  const row = document.elementsFromPoint(x, y).find((element) => element instanceof HTMLElement && element.dataset.row);
  if (!(row instanceof HTMLElement)) return null;
  const box = row.getBoundingClientRect();
  const share = (y - box.top) / box.height;
  const isGroup = row.querySelector(".disclosure") !== null;
  if (isGroup && share > 0.3 && share < 0.7) return { target: Number(row.dataset.row), where: "into" };
  return { target: Number(row.dataset.row), where: share < 0.5 ? "above" : "below" };
}
