/** @file The commands of the editor, by name: what menus, buttons and keys do. */

import { api, exportPath, upload } from "./api.js";
import { reordering } from "./edits.js";
import { centred, zoomed } from "./geometry.js";
import { announce, say, sayError } from "./store.js";
import { texts } from "./texts.js";
import { find, placeOf, rows } from "./tree.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./types.js").Operation} Operation */
/**
 * @typedef {object} Action
 * @property {string} label
 * @property {(editor: Editor) => unknown} run
 * @property {(editor: Editor) => boolean} [isEnabled]
 */

const t = texts.commands;
const ZOOM = 1.25;

/** @param {Editor} editor */
const hasSelection = (editor) => editor.selected.value.length > 0;
/** @param {Editor} editor */
const canChange = (editor) => hasSelection(editor) && editor.selected.value.every((node) => editor.canChange(node));
/** @param {Editor} editor */
const isUnlocked = (editor) => hasSelection(editor) && editor.selected.value.every((node) => !editor.isLocked(node));
/** @param {Editor} editor */
const one = (editor) => (editor.selected.value.length === 1 ? editor.selected.value[0] : null);
/** @param {Editor} editor */
const oneLayer = (editor) => {
  const node = one(editor);
  return node?.type === "layer" ? node : null;
};
/** @param {Editor} editor */
const canChangeLayer = (editor) => oneLayer(editor) !== null && canChange(editor);

/** An action that applies an operation to each selected node. @param {string} label @param {object} fields @returns {Action} */
const onEach = (label, fields, isEnabled = canChange) => ({
  label,
  isEnabled,
  run: (editor) => editor.edit(editor.selected.value.map((node) => /** @type {Operation} */ ({ ...fields, layer: node.id }))),
});

/** @param {string} label @param {"up" | "down" | "top" | "bottom"} to @returns {Action} */
const arranges = (label, to) => ({
  label,
  isEnabled: (editor) => one(editor) !== null && canChange(editor),
  run: (editor) => {
    const node = one(editor);
    const operation = node && reordering(editor.stack.value?.layers ?? [], node.id, to);
    if (operation) void reorder(editor, operation);
  },
});

/** Puts a layer elsewhere, and tells where it is now. @param {Editor} editor @param {Operation} operation */
export function reorder(editor, operation) {
  const result = editor.edit([operation]);
  const nodes = editor.stack.value?.layers ?? [];
  const node = find(nodes, Number(operation.layer));
  const place = placeOf(nodes, Number(operation.layer));
  if (node && place) announce(texts.layers.moved(node.name, place.siblings.length - place.position, place.siblings.length));
  return result;
}

/** @param {string} label @param {1 | -1} step @returns {Action} */
const selects = (label, step) => ({
  label,
  run: (editor) => {
    const list = rows(editor.stack.value?.layers ?? [], editor.closedGroups.value).map(({ node }) => node.id);
    const at = list.indexOf(editor.selection.value.at(-1) ?? -1);
    const next = at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + step));
    if (list.length) editor.select([list[next]]);
  },
});

/** @param {number} factor @returns {(editor: Editor) => void} */
const zooms = (factor) => (editor) => {
  const [width, height] = editor.stageSize.value;
  editor.look(zoomed(editor.view.value, factor, [width / 2, height / 2]));
};

/** @param {string} label @param {number} right @param {number} down @returns {Action} */
const nudges = (label, right, down) => ({
  label,
  isEnabled: canChange,
  run: (editor) => editor.edit(editor.selected.value.map((node) => ({ op: "move", layer: node.id, right, down }))),
});

/** @type {Record<string, Action>} */
export const ACTIONS = {
  undo: { label: texts.editor.undo, isEnabled: (editor) => editor.stack.value?.undo != null || editor.session.pending.value.length > 0, run: (editor) => editor.session.undo() },
  redo: { label: texts.editor.redo, isEnabled: (editor) => editor.stack.value?.redo != null, run: (editor) => editor.session.redo() },
  fit: { label: texts.editor.fit, run: (editor) => editor.fit() },
  actual: {
    label: texts.editor.actual,
    run: (editor) => {
      const stack = editor.stack.value;
      if (stack) editor.look(centred(1, [stack.width, stack.height], editor.stageSize.value));
    },
  },
  zoomIn: { label: texts.editor.zoomIn, run: zooms(ZOOM) },
  zoomOut: { label: texts.editor.zoomOut, run: zooms(1 / ZOOM) },
  difference: {
    label: texts.editor.difference,
    run: (editor) => (editor.shows.value = editor.shows.value === "difference" ? "layers" : "difference"),
  },
  toolMove: { label: texts.editor.toolMove, run: (editor) => (editor.tool.value = "move") },
  toolHand: { label: texts.editor.toolHand, run: (editor) => (editor.tool.value = "hand") },
  toolBox: { label: texts.editor.toolBox, run: (editor) => (editor.tool.value = "box") },
  toolPoint: { label: texts.editor.toolPoint, run: (editor) => (editor.tool.value = "point") },

  rename: {
    label: t.rename,
    isEnabled: (editor) => one(editor) !== null && isUnlocked(editor),
    run: (editor) => (editor.renaming.value = one(editor)?.id ?? null),
  },
  duplicate: onEach(t.duplicate, { op: "duplicate" }, isUnlocked),
  delete: onEach(t.delete, { op: "delete" }),
  flipHorizontal: onEach(t.flipHorizontal, { op: "flip", axis: "horizontal" }),
  flipVertical: onEach(t.flipVertical, { op: "flip", axis: "vertical" }),
  rotateLeft: onEach(t.rotateLeft, { op: "rotate", degrees: -90 }),
  rotateRight: onEach(t.rotateRight, { op: "rotate", degrees: 90 }),
  hide: {
    label: t.hide,
    isEnabled: hasSelection,
    run: (editor) =>
      editor.edit(editor.selected.value.map((node) => ({ op: "hide", layer: node.id, hidden: !node.is_hidden }))),
  },
  lock: {
    label: t.lock,
    isEnabled: hasSelection,
    run: (editor) =>
      editor.edit(editor.selected.value.map((node) => ({ op: "lock", layer: node.id, locked: !node.is_locked }))),
  },
  raise: arranges(t.raise, "up"),
  lower: arranges(t.lower, "down"),
  toTop: arranges(t.toTop, "top"),
  toBottom: arranges(t.toBottom, "bottom"),
  group: {
    label: t.group,
    isEnabled: canChange,
    run: (editor) => editor.edit([{ op: "group", layers: editor.selected.value.map((node) => node.id) }]),
  },
  ungroup: {
    label: t.ungroup,
    isEnabled: (editor) => one(editor)?.type === "group" && isUnlocked(editor),
    run: async (editor) => {
      const group = one(editor);
      if (group?.type !== "group") return;
      const result = await editor.edit([{ op: "ungroup", layer: group.id }]);
      if (result) editor.select(group.layers.map((node) => node.id));
    },
  },
  merge: {
    label: t.merge,
    isEnabled: (editor) => editor.selected.value.length > 1 && canChange(editor),
    run: (editor) => editor.edit([{ op: "merge", layers: editor.selected.value.map((node) => node.id) }]),
  },
  mergeDown: { label: t.mergeDown, isEnabled: (editor) => below(editor) !== null && canChange(editor), run: mergeDown },
  flatten: {
    label: t.flatten,
    isEnabled: (editor) => one(editor)?.type === "group" && canChange(editor),
    run: (editor) => editor.edit([{ op: "flatten", layer: one(editor)?.id }]),
  },
  split: {
    label: t.split,
    isEnabled: canChangeLayer,
    run: async (editor) => {
      const layer = oneLayer(editor);
      if (layer) await editor.propose({ op: "split", layer: layer.id }, t.split);
    },
  },
  complete: onEach(t.complete, { op: "complete" }, canChangeLayer),
  replace: { label: t.replace, isEnabled: canChangeLayer, run: replace },
  copyLayer: { label: t.copyLayer, isEnabled: (editor) => oneLayer(editor) !== null, run: copyLayer },
  saveLayer: {
    label: t.saveLayer,
    isEnabled: (editor) => oneLayer(editor) !== null,
    run: (editor) => {
      const layer = oneLayer(editor);
      if (layer) save(layer.pixels.url, `${layer.name}.png`);
    },
  },
  selectAbove: selects(t.selectAbove, -1),
  selectBelow: selects(t.selectBelow, 1),
  selectAll: {
    label: t.selectAll,
    run: (editor) => editor.select((editor.stack.value?.layers ?? []).map((node) => node.id)),
  },
  deselect: {
    label: t.deselect,
    run: (editor) => {
      if (editor.panel.value) editor.panel.value = "";
      else if (editor.tool.value !== "move") editor.tool.value = "move";
      else if (editor.solo.value !== null) editor.solo.value = null;
      else if (editor.shows.value !== "layers") editor.shows.value = "layers";
      else editor.select([]);
    },
  },
  nudgeLeft: nudges(t.nudge, -1, 0),
  nudgeRight: nudges(t.nudge, 1, 0),
  nudgeUp: nudges(t.nudge, 0, -1),
  nudgeDown: nudges(t.nudge, 0, 1),
  nudgeLeftMore: nudges(t.nudgeMore, -10, 0),
  nudgeRightMore: nudges(t.nudgeMore, 10, 0),
  nudgeUpMore: nudges(t.nudgeMore, 0, -10),
  nudgeDownMore: nudges(t.nudgeMore, 0, 10),
  export: { label: texts.editor.export, run: (editor) => toggle(editor, "export") },
  history: { label: texts.editor.history, run: (editor) => toggle(editor, "history") },
  help: { label: texts.editor.help, run: (editor) => toggle(editor, "help") },
};

/** @param {Editor} editor @param {"export" | "history" | "help"} panel */
function toggle(editor, panel) {
  editor.panel.value = editor.panel.value === panel ? "" : panel;
}

/** Whether an action may run now. @param {Editor} editor @param {string} name */
export function isEnabled(editor, name) {
  return editor.stack.value !== null && (ACTIONS[name].isEnabled?.(editor) ?? true);
}

/** Runs an action if it may run now. @param {Editor} editor @param {string} name */
export async function perform(editor, name) {
  if (!isEnabled(editor, name)) return;
  try {
    await ACTIONS[name].run(editor);
  } catch (error) {
    sayError(error);
  }
}

/** The node below the selected one, in the same group, if it is not locked. @param {Editor} editor */
function below(editor) {
  const node = one(editor);
  const place = node && placeOf(editor.stack.value?.layers ?? [], node.id);
  const lower = place ? place.siblings[place.position - 1] : undefined;
  return lower && editor.canChange(lower) ? lower : null;
}

/** @param {Editor} editor */
async function mergeDown(editor) {
  const [node, lower] = [one(editor), below(editor)];
  if (node && lower) await editor.edit([{ op: "merge", layers: [lower.id, node.id], name: lower.name }]);
}

/** @param {Editor} editor */
async function replace(editor) {
  const layer = oneLayer(editor);
  const [file] = await chosenFiles("image/*");
  if (!layer || !file) return;
  const stored = await upload(file, file.name);
  await editor.edit([{ op: "replace", layer: layer.id, image: stored.reference }]);
}

/** Separates what is in a box, or at a point, from the layer that is there. @param {Editor} editor @param {{box?: number[], point?: number[]}} place @param {number} layer */
export function separate(editor, place, layer) {
  return editor.propose({ op: "separate", layer, ...place }, texts.editor.toolBox);
}

/** @param {Editor} editor */
async function copyLayer(editor) {
  const layer = oneLayer(editor);
  if (!layer) return;
  try {
    const content = api.content(layer.pixels.url);
    await navigator.clipboard.write([new ClipboardItem({ "image/png": content })]);
    say(texts.exporting.copied);
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) say(texts.errors.clipboard, { isError: true });
    else sayError(error);
  }
}

/** Downloads the stack in a file format. @param {Editor} editor @param {string} ending @param {Record<string, boolean>} options */
export function exportAs(editor, ending, options) {
  const stack = editor.stack.value;
  if (stack) save(exportPath(editor.id, ending, options), `${stack.name || "stack"}.${ending}`);
}

/** @param {string} address @param {string} name */
export function save(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

/** Lets the user choose files. @param {string} accept @param {boolean} [several] @returns {Promise<File[]>} */
export function chosenFiles(accept, several = false) {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = accept;
    input.multiple = several;
    input.hidden = true;
    document.body.append(input);
    input.onchange = () => done([...(input.files ?? [])]);
    input.oncancel = () => done([]);
    /** @param {File[]} files */
    const done = (files) => {
      input.remove();
      resolve(files);
    };
    input.click();
  });
}

/** Makes the next revision of a file that another program has changed. @param {Editor} editor @returns {Promise<string[] | null>} what is different */
export async function takeBack(editor) {
  const [file] = await chosenFiles(".psd,.ora,.zip");
  if (!file) return null;
  const stored = await upload(file, file.name);
  /** @type {string[]} */
  let told = [];
  const taken = await editor.session.run(async ({ revision }) => {
    const { stack, sentences } = await api.takeBack(editor.id, stored.reference, revision);
    told = sentences;
    return stack;
  });
  return taken && told;
}

