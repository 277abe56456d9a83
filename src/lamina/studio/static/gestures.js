/**
 * @file What pointers do on the stage: pan, pinch, select, move, resize, rotate, and draw a box.
 *
 * While a layer is dragged, only the elements of its images are changed; the edit is made when the pointer goes up.
 */

import { signal } from "@preact/signals";

import { perform, separate } from "./actions.js";
import { flattenOthers } from "./flattening.js";
import * as geometry from "./geometry.js";
import { covers, topmost } from "./hit_testing.js";
import { say, sayError } from "./store.js";
import { texts } from "./texts.js";
import { boxOf, layersIn, shownLayers } from "./tree.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Box} Box */
/** @typedef {import("./types.js").Matrix} Matrix */
/** @typedef {{axis: "x" | "y", at: number}} Line */
/**
 * @typedef {object} Gesture
 * @property {"pan" | "move" | "resize" | "rotate" | "draw" | "pinch"} kind
 * @property {Point} start on the screen
 * @property {import("./types.js").View} view at the start
 * @property {string} [handle]
 * @property {Box} [box] of what is selected, at the start
 * @property {Box[]} [targets] that it snaps to
 * @property {boolean} [hasMoved]
 */

const SNAP_PX = 6;
const LEAST_MOVE_PX = 3;
const LEAST_BOX_PX = 3;
const NEARBY_PX = 4;
const ROTATION_STEP = 15;

export class Gestures {
  /** @param {Editor} editor */
  constructor(editor) {
    this.editor = editor;
    /** How the selection is being transformed, or null. @type {import("@preact/signals").Signal<Matrix | null>} */
    this.preview = signal(null);
    /** @type {import("@preact/signals").Signal<Line[]>} */
    this.lines = signal([]);
    /** The box that is being drawn, on the canvas. @type {import("@preact/signals").Signal<Box | null>} */
    this.drawn = signal(null);
    this.isPanning = signal(false);
    /** @type {HTMLElement | null} */
    this.stage = null;
    /** @type {Gesture | null} */
    this.gesture = null;
    /** @type {Map<number, Point>} */
    this.pointers = new Map();
    this.isSpaceHeld = false;
    this.unflatten = () => {};
  }

  /** @param {PointerEvent | WheelEvent | MouseEvent} event @returns {Point} in pixels of the stage */
  #at(event) {
    const box = /** @type {HTMLElement} */ (this.stage).getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (!this.stage || !this.editor.stack.value || event.button > 1) return;
    const at = this.#at(event);
    this.pointers.set(event.pointerId, at);
    this.stage.setPointerCapture(event.pointerId);
    if (event.pointerType !== "mouse") this.stage.focus({ preventScroll: true }); // a mouse does so without a ring
    if (this.pointers.size === 2) return this.#begin("pinch", at);
    if (event.button === 1 || this.isSpaceHeld || this.editor.tool.value === "hand") return this.#begin("pan", at);
    if (this.editor.tool.value === "box") return this.#begin("draw", at);
    if (this.editor.tool.value === "point") return void this.#separateAt(geometry.onCanvas(this.editor.view.value, at));
    const handle = event.target instanceof Element ? event.target.getAttribute("data-handle") : null;
    if (handle) return this.#begin(handle === "rotate" ? "rotate" : "resize", at, { handle, box: this.#selectedBox() ?? undefined });
    this.#pick(event, at);
  }

  /** @param {"pan" | "move" | "resize" | "rotate" | "draw" | "pinch"} kind @param {Point} start @param {Partial<Gesture>} [fields] */
  #begin(kind, start, fields = {}) {
    this.cancel();
    this.gesture = { kind, start, view: this.editor.view.value, ...fields };
    this.isPanning.value = kind === "pan";
  }

  /** Selects what is under the pointer, and begins to move it. @param {PointerEvent} event @param {Point} at */
  #pick(event, at) {
    const { editor } = this;
    const nodes = editor.stack.value?.layers ?? [];
    const point = geometry.onCanvas(editor.view.value, at);
    const hit = topmost(nodes, point, NEARBY_PX / editor.view.value.scale);
    const wasSelected = editor.selected.value.some((node) => layersIn(node).some((layer) => layer.id === hit?.id));
    const isAdded = event.shiftKey || event.ctrlKey || event.metaKey;
    if (!hit) {
      if (!isAdded) editor.select([]);
      return;
    }
    if (isAdded) {
      const selection = editor.selection.value;
      return editor.select(selection.includes(hit.id) ? selection.filter((id) => id !== hit.id) : [...selection, hit.id]);
    }
    if (!wasSelected) editor.select([hit.id]);
    // The background is what one drags by mistake: it moves only where it was selected before.
    if (hit.kind === "background" && !wasSelected) return;
    if (editor.selected.value.some((node) => !editor.canChange(node))) return;
    this.#begin("move", at, { box: this.#selectedBox() ?? undefined, targets: this.#targets() });
  }

  /** @returns {Box | null} */
  #selectedBox() {
    const { value } = this.editor.selected;
    return value.length ? geometry.union(value.map(boxOf)) : null;
  }

  /** What a moved box snaps to: the canvas, and the layers that are visible and not moved. @returns {Box[]} */
  #targets() {
    const stack = this.editor.stack.value;
    if (!stack) return [];
    const moved = new Set(this.editor.selected.value.flatMap(layersIn).map((layer) => layer.id));
    const others = shownLayers(stack.layers).filter(({ layer, isHidden }) => !isHidden && !moved.has(layer.id));
    return [[0, 0, stack.width, stack.height], ...others.map(({ layer }) => layer.bbox)];
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { gesture } = this;
    const at = this.#at(event);
    const before = this.pointers.get(event.pointerId);
    if (gesture?.kind === "pinch" && before) this.#pinch(event.pointerId, at);
    if (before) this.pointers.set(event.pointerId, at);
    if (!gesture || !before || gesture.kind === "pinch") return;
    const [dx, dy] = [at[0] - gesture.start[0], at[1] - gesture.start[1]];
    if (!gesture.hasMoved && Math.hypot(dx, dy) < LEAST_MOVE_PX) return;
    if (!gesture.hasMoved && gesture.box) this.#flatten();
    gesture.hasMoved = true;
    if (gesture.kind === "pan") {
      this.editor.look({ scale: gesture.view.scale, x: gesture.view.x + dx, y: gesture.view.y + dy });
    } else if (gesture.kind === "draw") {
      this.drawn.value = geometry.boxBetween(geometry.onCanvas(gesture.view, gesture.start), geometry.onCanvas(gesture.view, at));
    } else if (gesture.box) {
      this.#transform(this.#matrixOf(gesture, gesture.box, at, event));
    }
  }

  /** @param {Gesture} gesture @param {Box} box @param {Point} at @param {PointerEvent} event @returns {Matrix} */
  #matrixOf(gesture, box, at, event) {
    const { scale } = gesture.view;
    let [right, down] = [(at[0] - gesture.start[0]) / scale, (at[1] - gesture.start[1]) / scale];
    if (gesture.kind === "resize") {
      return geometry.between(box, geometry.resized(box, gesture.handle ?? "se", right, down, !event.shiftKey));
    }
    if (gesture.kind === "rotate") return geometry.rotateAbout(this.#degrees(gesture, box, at, event.shiftKey), geometry.centre(box));
    if (event.shiftKey) [right, down] = Math.abs(right) > Math.abs(down) ? [right, 0] : [0, down];
    const moved = /** @type {Box} */ ([box[0] + right, box[1] + down, box[2], box[3]]);
    const snapped = event.altKey ? { right: 0, down: 0, lines: [] } : geometry.snap(moved, gesture.targets ?? [], SNAP_PX / scale);
    this.lines.value = snapped.lines;
    return geometry.shift(Math.round(right + snapped.right), Math.round(down + snapped.down));
  }

  /** @param {Gesture} gesture @param {Box} box @param {Point} at @param {boolean} isStepped */
  #degrees(gesture, box, at, isStepped) {
    const [x, y] = geometry.centre(box);
    /** @param {Point} point */
    const angle = (point) => {
      const [u, v] = geometry.onCanvas(gesture.view, point);
      return (Math.atan2(v - y, u - x) * 180) / Math.PI;
    };
    const degrees = angle(at) - angle(gesture.start);
    return isStepped ? Math.round(degrees / ROTATION_STEP) * ROTATION_STEP : Math.round(degrees * 10) / 10;
  }

  #flatten() {
    const stack = this.editor.stack.value;
    const dragged = new Set(this.editor.selected.value.flatMap(layersIn).map((layer) => layer.id));
    if (this.stage && stack) this.unflatten = flattenOthers(this.stage, stack, dragged);
  }

  /** Shows the selected layers transformed. @param {Matrix | null} matrix */
  #transform(matrix) {
    this.preview.value = matrix;
    for (const layer of this.editor.selected.value.flatMap(layersIn)) {
      const element = this.stage?.querySelector(`[data-layer="${layer.id}"]`);
      if (element instanceof HTMLElement) element.style.transform = cssOf(layer, matrix);
    }
  }

  /** @param {number} id @param {Point} at */
  #pinch(id, at) {
    const other = [...this.pointers].find(([key]) => key !== id)?.[1];
    const before = this.pointers.get(id);
    if (!other || !before) return;
    const factor = Math.hypot(at[0] - other[0], at[1] - other[1]) / Math.max(1, Math.hypot(before[0] - other[0], before[1] - other[1]));
    const middle = /** @type {Point} */ ([(at[0] + other[0]) / 2, (at[1] + other[1]) / 2]);
    const view = geometry.zoomed(this.editor.view.value, factor, middle);
    this.editor.look({ ...view, x: view.x + (at[0] - before[0]) / 2, y: view.y + (at[1] - before[1]) / 2 });
  }

  /** @param {PointerEvent} event */
  up(event) {
    this.pointers.delete(event.pointerId);
    const { gesture } = this;
    if (!gesture) return;
    if (gesture.kind === "draw") this.#separateBox();
    const matrix = this.preview.value;
    this.#end();
    if (matrix && gesture.hasMoved) void this.editor.edit(operationsOf(this.editor, gesture.kind, matrix));
  }

  #end() {
    this.unflatten();
    this.unflatten = () => {};
    this.gesture = null;
    this.preview.value = null;
    this.lines.value = [];
    this.drawn.value = null;
    this.isPanning.value = false;
  }

  /** Ends a gesture without an edit. @returns {boolean} whether there was one */
  cancel() {
    const wasActive = this.gesture !== null;
    if (this.preview.value) this.#transform(null);
    this.#end();
    return wasActive;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const { editor } = this;
    if (event.ctrlKey || event.metaKey) {
      editor.look(geometry.zoomed(editor.view.value, Math.exp(-event.deltaY * 0.0025), this.#at(event)));
      return;
    }
    const { scale, x, y } = editor.view.value;
    const [right, down] = event.shiftKey ? [event.deltaY, event.deltaX] : [event.deltaX, event.deltaY];
    editor.look({ scale, x: x - right, y: y - down });
  }

  /** @param {MouseEvent} event */
  doubleClick(event) {
    const { scale } = this.editor.view.value;
    const point = geometry.onCanvas(this.editor.view.value, this.#at(event));
    const hit = topmost(this.editor.stack.value?.layers ?? [], point, NEARBY_PX / scale);
    if (hit?.kind !== "text") return;
    this.editor.select([hit.id]);
    requestAnimationFrame(() => document.getElementById("words")?.focus());
  }

  #separateBox() {
    const stack = this.editor.stack.value;
    if (!stack || !this.drawn.value) return;
    const box = geometry.clipped(this.drawn.value, stack.width, stack.height).map(Math.round);
    if (box[2] < LEAST_BOX_PX || box[3] < LEAST_BOX_PX) return;
    const [only] = this.editor.selected.value;
    const middle = geometry.centre(/** @type {Box} */ (box));
    const layer = only?.type === "layer" && covers(only, middle) ? only : topmost(stack.layers, middle);
    this.#separate({ box }, layer?.id);
  }

  /** @param {Point} point */
  #separateAt(point) {
    this.#separate({ point: point.map(Math.floor) }, topmost(this.editor.stack.value?.layers ?? [], point)?.id);
  }

  /** @param {{box?: number[], point?: number[]}} place @param {number | undefined} layer */
  #separate(place, layer) {
    if (layer === undefined) return say(texts.proposals.nothing, { isError: true });
    void perform(this.editor, "toolMove");
    separate(this.editor, place, layer).catch(sayError);
  }
}

/**
 * The operations that transform each selected node as the whole selection was: each is scaled or turned about its own
 * centre, and moved to where that centre goes.
 * @param {Editor} editor @param {string} kind @param {Matrix} matrix @returns {import("./types.js").Operation[]}
 */
export function operationsOf(editor, kind, matrix) {
  return editor.selected.value.flatMap((node) => operationsOn(node, kind, matrix, editor.selected.value.length > 1));
}

/** @param {import("./types.js").Node} node @param {string} kind @param {Matrix} matrix @param {boolean} isOneOfSeveral @returns {import("./types.js").Operation[]} */
function operationsOn(node, kind, matrix, isOneOfSeveral) {
  const middle = geometry.centre(boxOf(node));
  const [x, y] = geometry.transformed(matrix, middle);
  const move = { op: "move", layer: node.id, right: x - middle[0], down: y - middle[1] };
  const moves = Math.abs(move.right) > 1e-6 || Math.abs(move.down) > 1e-6 ? [move] : [];
  if (kind === "resize") return [{ op: "scale", layer: node.id, across: matrix[0], down: matrix[3] }, ...moves];
  if (kind !== "rotate") return moves;
  const degrees = (Math.atan2(matrix[1], matrix[0]) * 180) / Math.PI;
  return [{ op: "rotate", layer: node.id, degrees }, ...(isOneOfSeveral ? moves : [])];
}

/** The CSS transform of the image of a layer. @param {import("./types.js").Layer} layer @param {Matrix | null} [matrix] applied after its own */
export function cssOf(layer, matrix = null) {
  const whole = geometry.composed(geometry.shift(layer.left, layer.top), matrix ? geometry.composed(layer.transform, matrix) : layer.transform);
  return `matrix(${whole.join(", ")})`;
}

