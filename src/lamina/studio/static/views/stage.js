/** @file The stage: the images of the layers on the canvas, what is selected, and the original over them. */

import { Component } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";

import { previewPath } from "../api.js";
import { backdrop } from "../editor.js";
import { cssOf, Gestures } from "../gestures.js";
import { forgetOthers, remember } from "../hit_testing.js";
import { html } from "../html.js";
import { texts } from "../texts.js";
import { find, layersIn, shownLayers } from "../tree.js";
import { Overlay } from "./overlay.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../types.js").Layer} Layer */

const MOST_PREVIEW_PX = 4096;
const PIXELATED_FROM = 3;

/** The addresses of pixels by their hash: the first stays, so that an image is not loaded again. @type {Map<string, string>} */
const addresses = new Map();

/** @param {Layer} layer */
function addressOf({ pixels }) {
  if (!addresses.has(pixels.sha256)) addresses.set(pixels.sha256, pixels.url);
  return addresses.get(pixels.sha256);
}

/** The image of a layer. It is rendered again only if the layer has changed. @extends {Component<{layer: Layer, isHidden: boolean}>} */
class LayerImage extends Component {
  /** @param {{layer: Layer, isHidden: boolean}} next */
  shouldComponentUpdate(next) {
    return next.layer !== this.props.layer || next.isHidden !== this.props.isHidden;
  }

  /** @param {{layer: Layer, isHidden: boolean}} props */
  render({ layer, isHidden }) {
    const style = {
      width: `${layer.pixels.width}px`,
      height: `${layer.pixels.height}px`,
      transform: cssOf(layer),
      opacity: layer.opacity / 255,
      mixBlendMode: layer.blend,
      display: isHidden ? "none" : "block",
    };
    return html`<img
      class="layer"
      data-layer=${layer.id}
      src=${addressOf(layer)}
      alt=${layer.name}
      draggable=${false}
      style=${style}
      onLoad=${(/** @type {Event} */ event) => remember(layer.pixels.sha256, /** @type {HTMLImageElement} */ (event.target))}
    />`;
  }
}

/** @param {{editor: Editor}} props */
export function Stage({ editor }) {
  const gestures = useMemo(() => new Gestures(editor), [editor]);
  const element = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const stage = element.current;
    if (!stage) return;
    gestures.stage = stage;
    const observer = new ResizeObserver(() => {
      editor.stageSize.value = [stage.clientWidth, stage.clientHeight];
      if (editor.isFitted) editor.fit();
    });
    observer.observe(stage);
    const wheel = (/** @type {WheelEvent} */ event) => gestures.wheel(event);
    stage.addEventListener("wheel", wheel, { passive: false });
    const release = listenToKeys(editor, gestures);
    return () => {
      observer.disconnect();
      stage.removeEventListener("wheel", wheel);
      release();
    };
  }, [editor, gestures]);
  const stack = editor.stack.value;
  const { scale, x, y } = editor.view.value;
  const tool = editor.tool.value;
  return html`<section
    ref=${element}
    class=${`stage tool-${tool} ${gestures.isPanning.value ? "is-panning" : ""}`}
    tabindex="0"
    aria-label=${texts.editor.stage}
    onPointerDown=${(/** @type {PointerEvent} */ event) => gestures.down(event)}
    onPointerMove=${(/** @type {PointerEvent} */ event) => gestures.move(event)}
    onPointerUp=${(/** @type {PointerEvent} */ event) => gestures.up(event)}
    onPointerCancel=${() => gestures.cancel()}
    onDblClick=${(/** @type {MouseEvent} */ event) => gestures.doubleClick(event)}
  >
    ${stack &&
    html`<div
        class=${`canvas backdrop-${backdrop.value} ${scale >= PIXELATED_FROM ? "is-pixelated" : ""}`}
        style=${{ width: `${stack.width}px`, height: `${stack.height}px`, transform: `translate(${x}px, ${y}px) scale(${scale})` }}
      >
        <${Layers} editor=${editor} stack=${stack} />
        <${Original} editor=${editor} stack=${stack} />
      </div>
      <${Overlay} editor=${editor} gestures=${gestures} />`}
  </section>`;
}

/** @param {{editor: Editor, stack: import("../types.js").Stack}} props */
function Layers({ editor, stack }) {
  const solo = editor.solo.value;
  const layers = shownLayers(stack.layers);
  forgetOthers(new Set(layers.map(({ layer }) => layer.pixels.sha256)));
  const alone = solo === null ? null : find(stack.layers, solo); // null also if it is gone
  const only = alone && new Set(layersIn(alone).map((layer) => layer.id));
  return html`<div class="layers" role="group" aria-label=${texts.editor.canvas(stack.name)}>
    ${layers.map(
      ({ layer, isHidden }) =>
        html`<${LayerImage} key=${layer.id} layer=${layer} isHidden=${only ? !only.has(layer.id) : isHidden} />`,
    )}
  </div>`;
}

/** The first revision, over the layers or subtracted from them. @param {{editor: Editor, stack: import("../types.js").Stack}} props */
function Original({ editor, stack }) {
  const { value } = editor.shows;
  if (value === "layers") return null;
  const address = previewPath(editor.id, { size: Math.min(MOST_PREVIEW_PX, Math.max(stack.width, stack.height)), revision: 1 });
  return html`<img class=${`original is-${value}`} src=${address} alt=${texts.editor.compare} draggable=${false} />`;
}

/** Keys that are held: the space bar pans, the backslash shows the original. @param {Editor} editor @param {Gestures} gestures */
function listenToKeys(editor, gestures) {
  /** @param {KeyboardEvent} event */
  const down = (event) => {
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (event.key === "Escape" && gestures.cancel()) event.stopImmediatePropagation();
    if (target.closest("input, textarea, select, button, summary, a, dialog")) return;
    if (event.key === " ") {
      gestures.isSpaceHeld = true;
      event.preventDefault();
    } else if (event.code === "Backslash" || event.key === "\\") editor.shows.value = "original";
  };
  /** @param {KeyboardEvent} event */
  const up = (event) => {
    if (event.key === " ") gestures.isSpaceHeld = false;
    else if ((event.code === "Backslash" || event.key === "\\") && editor.shows.value === "original") editor.shows.value = "layers";
  };
  addEventListener("keydown", down, { capture: true });
  addEventListener("keyup", up);
  return () => {
    removeEventListener("keydown", down, { capture: true });
    removeEventListener("keyup", up);
  };
}
