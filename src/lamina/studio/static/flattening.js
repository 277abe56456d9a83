/**
 * @file While layers are dragged, the many below and above them are shown as one canvas each, so that each frame only has
 * to composite three pictures.
 */

import { composed, shift } from "./geometry.js";
import { shownLayers } from "./tree.js";

/** @typedef {import("./types.js").Layer} Layer */

const LEAST_LAYERS = 6;
const MOST_PIXELS = 40e6;

/**
 * Shows the layers that are not dragged flattened; returns what shows them as they were.
 * @param {HTMLElement} stage @param {import("./types.js").Stack} stack @param {Set<number>} dragged ids of layers
 * @returns {() => void}
 */
export function flattenOthers(stage, stack, dragged) {
  const shown = shownLayers(stack.layers).map(({ layer }) => ({ layer, image: imageOf(stage, layer) }));
  const visible = shown.filter(({ image }) => image && image.style.display !== "none");
  const first = visible.findIndex(({ layer }) => dragged.has(layer.id));
  const last = visible.findLastIndex(({ layer }) => dragged.has(layer.id));
  for (const { layer, image } of visible) if (image && dragged.has(layer.id)) image.style.willChange = "transform";
  const below = first < 0 ? [] : visible.slice(0, first);
  const above = first < 0 ? [] : visible.slice(last + 1);
  const undo = [below, above.every(({ layer }) => layer.blend === "normal") ? above : []].map((part) => flattened(part, stack));
  return () => {
    for (const each of undo) each();
    for (const { image } of visible) if (image) image.style.willChange = "";
  };
}

/** @param {HTMLElement} stage @param {Layer} layer */
function imageOf(stage, layer) {
  const image = stage.querySelector(`img[data-layer="${layer.id}"]`);
  return image instanceof HTMLImageElement && image.complete && image.naturalWidth ? image : null;
}

/** Puts a canvas in place of images. @param {{layer: Layer, image: HTMLImageElement | null}[]} part @param {import("./types.js").Stack} stack */
function flattened(part, { width, height }) {
  const context = document.createElement("canvas").getContext("2d");
  if (part.length < LEAST_LAYERS || !context || width * height > MOST_PIXELS) return () => {};
  const { canvas } = context;
  [canvas.width, canvas.height, canvas.className] = [width, height, "flattened"];
  for (const { layer, image } of part) {
    if (!image) continue;
    context.globalAlpha = layer.opacity / 255;
    context.globalCompositeOperation = /** @type {GlobalCompositeOperation} */ (layer.blend === "normal" ? "source-over" : layer.blend);
    context.setTransform(...composed(shift(layer.left, layer.top), layer.transform));
    context.drawImage(image, 0, 0, layer.pixels.width, layer.pixels.height);
  }
  part[0].image?.before(canvas);
  for (const { image } of part) if (image) image.style.display = "none";
  return () => {
    canvas.remove();
    for (const { image } of part) if (image) image.style.display = "block";
  };
}
