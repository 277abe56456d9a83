/** @file What is drawn over the canvas, in pixels of the screen: the selection, its handles, guides, the drawn box. */

import { bounds, union } from "../geometry.js";
import { html } from "../html.js";
import { boxOf } from "../tree.js";

/** @typedef {import("../types.js").Box} Box */

const HANDLES = /** @type {const} */ ([
  ["nw", 0, 0], ["n", 0.5, 0], ["ne", 1, 0], ["e", 1, 0.5], ["se", 1, 1], ["s", 0.5, 1], ["sw", 0, 1], ["w", 0, 0.5],
]);
const HANDLE_PX = 9;
const TOUCH_PX = 24;
const ROTATE_PX = 28;
const LEAST_FOR_MIDDLES_PX = 60;

/** @param {{editor: import("../editor.js").Editor, gestures: import("../gestures.js").Gestures}} props */
export function Overlay({ editor, gestures }) {
  const view = editor.view.value;
  /** @param {Box} box @returns {Box} */
  const onScreen = ([x, y, width, height]) => [view.x + x * view.scale, view.y + y * view.scale, width * view.scale, height * view.scale];
  const matrix = gestures.preview.value;
  const nodes = editor.selected.value;
  const boxes = nodes.map(boxOf).map((box) => onScreen(matrix ? bounds(matrix, box) : box));
  const canChange = nodes.length > 0 && editor.tool.value === "move" && nodes.every((node) => editor.canChange(node));
  const drawn = gestures.drawn.value;
  return html`<svg class="overlay" aria-hidden="true">
    ${boxes.map((box) => html`<${Frame} box=${box} name="selected" />`)}
    ${canChange && !matrix && html`<${Handles} box=${union(boxes)} />`}
    ${gestures.lines.value.map(({ axis, at }) =>
      axis === "x"
        ? html`<line class="guide" x1=${view.x + at * view.scale} x2=${view.x + at * view.scale} y1="0" y2="100%" />`
        : html`<line class="guide" y1=${view.y + at * view.scale} y2=${view.y + at * view.scale} x1="0" x2="100%" />`,
    )}
    ${drawn && html`<${Frame} box=${onScreen(drawn)} name="drawn" />`}
  </svg>`;
}

/** @param {{box: Box, name: string}} props */
function Frame({ box: [x, y, width, height], name }) {
  return html`<rect class=${name} x=${x} y=${y} width=${Math.max(1, width)} height=${Math.max(1, height)} />`;
}

/** @param {{box: Box}} props */
function Handles({ box: [x, y, width, height] }) {
  const shown = HANDLES.filter(([name]) => name.length === 2 || Math.min(width, height) >= LEAST_FOR_MIDDLES_PX);
  const top = /** @type {const} */ ([x + width / 2, y - ROTATE_PX]);
  return html`<g class="handles">
    <line class="stem" x1=${top[0]} x2=${top[0]} y1=${top[1]} y2=${y} />
    <circle class="knob" cx=${top[0]} cy=${top[1]} r=${HANDLE_PX / 2} />
    <circle class="grip rotate" data-handle="rotate" cx=${top[0]} cy=${top[1]} r=${TOUCH_PX / 2} />
    ${shown.map(([name, across, down]) => {
      const [u, v] = [x + across * width, y + down * height];
      return html`<rect class="knob" x=${u - HANDLE_PX / 2} y=${v - HANDLE_PX / 2} width=${HANDLE_PX} height=${HANDLE_PX} />
        <rect class=${`grip ${name}`} data-handle=${name} x=${u - TOUCH_PX / 2} y=${v - TOUCH_PX / 2} width=${TOUCH_PX} height=${TOUCH_PX} />`;
    })}
  </g>`;
}
