/** @file The properties of what is selected: place, size, opacity, blend mode, and the commands that fit it. */

import { html } from "../html.js";
import { texts } from "../texts.js";
import { boxOf } from "../tree.js";
import { ActionButton, Field, NumberField, valueOf } from "./controls.js";
import { EditByWords, TextProperties } from "./text_properties.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../types.js").Node} Node */

const BLEND_MODES = [
  "normal", "multiply", "screen", "overlay", "darken", "lighten",
  "color-dodge", "color-burn", "hard-light", "soft-light", "difference", "exclusion",
];
const t = texts.properties;
const LAYER_ACTIONS = ["split", "complete", "replace", "saveLayer", "copyLayer"];
const GROUP_ACTIONS = ["ungroup", "flatten"];
const SEVERAL_ACTIONS = ["group", "merge"];

/** @param {{editor: Editor}} props */
export function Properties({ editor }) {
  const nodes = editor.selected.value;
  return html`<section class="panel properties-panel" aria-label=${t.heading}>
    <header class="panel-header"><h2>${t.heading}</h2></header>
    ${nodes.length === 0 && html`<p class="empty">${t.none}</p>`}
    ${nodes.length === 1 && html`<${One} editor=${editor} node=${nodes[0]} />`}
    ${nodes.length > 1 && html`<p class="empty">${t.several(nodes.length)}</p>`}
    ${nodes.length > 0 && html`<${Commands} editor=${editor} nodes=${nodes} />`}
    ${nodes.length === 1 && nodes[0].type === "layer" && html`<${EditByWords} key=${nodes[0].id} editor=${editor} layer=${nodes[0]} isLocked=${editor.isLocked(nodes[0])} />`}
  </section>`;
}

/** @param {{editor: Editor, node: Node}} props */
function One({ editor, node }) {
  const isLocked = !editor.canChange(node);
  const [x, y, width, height] = boxOf(node).map((value) => Math.round(value * 100) / 100);
  /** @param {object} operation */
  const edit = (operation) => void editor.edit([/** @type {any} */ ({ layer: node.id, ...operation })]);
  return html`<div class="properties" key=${node.id}>
    ${isLocked && html`<p class="note">${t.locked}</p>`}
    <div class="grid-2">
      <${NumberField} label=${t.x} value=${x} isDisabled=${isLocked} onSet=${(/** @type {number} */ to) => edit({ op: "move", right: to - x, down: 0 })} />
      <${NumberField} label=${t.y} value=${y} isDisabled=${isLocked} onSet=${(/** @type {number} */ to) => edit({ op: "move", right: 0, down: to - y })} />
      <${NumberField} label=${t.width} value=${width} min=${1} isDisabled=${isLocked} onSet=${(/** @type {number} */ to) => resize(editor, node, to / width, 1)} />
      <${NumberField} label=${t.height} value=${height} min=${1} isDisabled=${isLocked} onSet=${(/** @type {number} */ to) => resize(editor, node, 1, to / height)} />
      <${NumberField} label=${t.angle} value=${0} isDisabled=${isLocked} onSet=${(/** @type {number} */ degrees) => edit({ op: "rotate", degrees })} />
    </div>
    ${node.type === "layer" && html`<${Compositing} layer=${node} edit=${edit} isLocked=${isLocked} />`}
    ${node.type === "layer" && node.kind === "text" && html`<${TextProperties} editor=${editor} layer=${node} isLocked=${isLocked} />`}
  </div>`;
}

/** Resizes a node; its left and top edges stay. @param {Editor} editor @param {Node} node @param {number} across @param {number} down */
function resize(editor, node, across, down) {
  const [, , width, height] = boxOf(node);
  void editor.edit([
    { op: "scale", layer: node.id, across, down },
    { op: "move", layer: node.id, right: (width * (across - 1)) / 2, down: (height * (down - 1)) / 2 },
  ]);
}

/** @param {{layer: import("../types.js").Layer, edit: (operation: object) => void, isLocked: boolean}} props */
function Compositing({ layer, edit, isLocked }) {
  const percent = Math.round((layer.opacity / 255) * 100);
  return html`<div class="grid-2">
    <${Field} label=${`${t.opacity}, ${percent} %`}>
      <input
        type="range"
        min="0"
        max="100"
        disabled=${isLocked}
        value=${percent}
        disabled=${isLocked}
        onInput=${(/** @type {Event} */ event) => showOpacity(layer.id, Number(valueOf(event)))}
        onChange=${(/** @type {Event} */ event) =>
          edit({ op: "opacity", opacity: Math.round(Number(valueOf(event)) * 2.55) })}
      />
    <//>
    <${Field} label=${t.blend}>
      <select value=${layer.blend} disabled=${isLocked} onChange=${(/** @type {Event} */ event) => edit({ op: "blend", mode: valueOf(event) })}>
        ${BLEND_MODES.map((mode) => html`<option value=${mode} selected=${mode === layer.blend}>${mode}</option>`)}
      </select>
    <//>
  </div>`;
}

/** Shows an opacity while the slider is dragged. @param {number} id @param {number} percent */
function showOpacity(id, percent) {
  const image = document.querySelector(`img[data-layer="${id}"]`);
  if (image instanceof HTMLElement) image.style.opacity = String(percent / 100);
}

/** @param {{editor: Editor, nodes: Node[]}} props */
function Commands({ editor, nodes }) {
  const isGroup = nodes.length === 1 && nodes[0].type === "group";
  const own = nodes.length > 1 ? SEVERAL_ACTIONS : isGroup ? GROUP_ACTIONS : LAYER_ACTIONS;
  return html`<div class="commands">
    <div class="button-row" role="group" aria-label=${t.arrange}>
      <${ActionButton} editor=${editor} action="toTop" icon="to-top" />
      <${ActionButton} editor=${editor} action="raise" icon="raise" />
      <${ActionButton} editor=${editor} action="lower" icon="lower" />
      <${ActionButton} editor=${editor} action="toBottom" icon="to-bottom" />
      ${/* The icons are named for the axis, the actions for the direction. */ ""}
      <${ActionButton} editor=${editor} action="flipHorizontal" icon="flip-vertical" />
      <${ActionButton} editor=${editor} action="flipVertical" icon="flip-horizontal" />
      <${ActionButton} editor=${editor} action="rotateLeft" icon="rotate-left" />
      <${ActionButton} editor=${editor} action="rotateRight" icon="rotate-right" />
    </div>
    <div class="button-column">
      ${own.map((action) => html`<${ActionButton} editor=${editor} action=${action} />`)}
      <${ActionButton} editor=${editor} action="mergeDown" />
    </div>
  </div>`;
}
