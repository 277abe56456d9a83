/** @file Which layer is at a point of the canvas: the topmost that is visible there, by its alpha, not by its box. */

import { inverse, transformed } from "./geometry.js";
import { shownLayers } from "./tree.js";

/** @typedef {import("./types.js").Layer} Layer */
/** @typedef {{width: number, height: number, alpha: Uint8ClampedArray}} Mask reduced alpha of the pixels of a layer */

const LONGEST_SIDE = 512;
const LEAST_ALPHA = 24;
/** How far beside a layer a click still means it, if there is only the background: between letters, or beside a line. */
const NEAR_TEXT = 0.3; // of the size of the text
const DIRECTIONS = Array.from({ length: 8 }, (_, index) => [Math.cos((index * Math.PI) / 4), Math.sin((index * Math.PI) / 4)]);

/** @type {Map<string, Mask>} by the hash of the pixels */
const masks = new Map();

/** Remembers the alpha of an image that has loaded. @param {string} sha256 @param {HTMLImageElement} image */
export function remember(sha256, image) {
  if (masks.has(sha256) || !image.naturalWidth) return;
  const ratio = Math.min(1, LONGEST_SIDE / Math.max(image.naturalWidth, image.naturalHeight));
  const width = Math.max(1, Math.round(image.naturalWidth * ratio));
  const height = Math.max(1, Math.round(image.naturalHeight * ratio));
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(image, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  masks.set(sha256, { width, height, alpha: data.filter((_, index) => index % 4 === 3) });
}

/** Forgets the alpha of pixels that are no longer shown. @param {Set<string>} shown */
export function forgetOthers(shown) {
  for (const sha256 of masks.keys()) if (!shown.has(sha256)) masks.delete(sha256);
}

/** Whether a layer is visible at a point of the canvas. @param {Layer} layer @param {import("./types.js").Point} point */
export function covers(layer, point) {
  const back = inverse(layer.transform);
  if (!back) return false;
  const [x, y] = transformed(back, point);
  const [across, down] = [(x - layer.left) / layer.pixels.width, (y - layer.top) / layer.pixels.height];
  if (across < 0 || down < 0 || across >= 1 || down >= 1) return false;
  const mask = masks.get(layer.pixels.sha256);
  if (!mask) return true; // it has not loaded yet: its box has to do
  const alpha = mask.alpha[Math.floor(down * mask.height) * mask.width + Math.floor(across * mask.width)];
  return (alpha * layer.opacity) / 255 >= LEAST_ALPHA;
}

/**
 * The topmost visible layer at a point, or null.
 * @param {import("./types.js").Node[]} nodes @param {import("./types.js").Point} point
 * @param {number} [nearby] how far from a layer other than the background the point may be, if nothing else is there
 */
export function topmost(nodes, point, nearby = 0) {
  const layers = shownLayers(nodes).flatMap(({ layer, isHidden }) => (isHidden ? [] : [layer])).reverse();
  const hit = layers.find((layer) => covers(layer, point)) ?? null;
  if (!nearby || (hit && hit.kind !== "background")) return hit;
  return layers.find((layer) => layer.kind !== "background" && isNear(layer, point, nearby)) ?? hit;
}

/** @param {Layer} layer @param {import("./types.js").Point} point @param {number} nearby */
function isNear(layer, [x, y], nearby) {
  const reach = Math.max(nearby, layer.kind === "text" ? (layer.style?.size_px ?? 0) * NEAR_TEXT : 0);
  return [reach / 2, reach].some((radius) => DIRECTIONS.some(([right, down]) => covers(layer, [x + radius * right, y + radius * down])));
}
