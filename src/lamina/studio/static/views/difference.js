/** @file The difference of the layers from the original as a number, of the pictures that the server composites. */

import { useEffect, useState } from "preact/hooks";

import { api, previewPath } from "../api.js";
import { html } from "../html.js";
import { sayError } from "../store.js";
import { texts } from "../texts.js";

const MOST_PX = 4096;

/** @param {{editor: import("../editor.js").Editor}} props */
export function Difference({ editor }) {
  const stack = editor.session.confirmed.value;
  const isShown = editor.shows.value === "difference";
  const [found, setFound] = useState(/** @type {{most: number, share: number} | null} */ (null));
  useEffect(() => {
    if (!isShown || !stack) return;
    let isCurrent = true;
    setFound(null);
    const size = Math.min(MOST_PX, Math.max(stack.width, stack.height));
    Promise.all([samples(previewPath(stack.id, { size, revision: 1 })), samples(previewPath(stack.id, { size, revision: stack.revision }))])
      .then(([one, other]) => isCurrent && setFound(differenceOf(one, other)))
      .catch(sayError);
    return () => {
      isCurrent = false;
    };
  }, [isShown, stack?.revision, stack?.id]);
  if (!isShown) return null;
  const { most, share } = found ?? { most: -1, share: 0 };
  return html`<p class="difference" role="status" data-most=${found ? most : ""}>
    ${found ? texts.editor.differenceIs(most, share) : texts.editor.measuring}
  </p>`;
}

/** The samples of a picture of the server. @param {string} path */
async function samples(path) {
  const bitmap = await createImageBitmap(await api.content(path), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
}

/** The largest difference of samples, and the share of pixels that differ. @param {Uint8ClampedArray} one @param {Uint8ClampedArray} other */
export function differenceOf(one, other) {
  if (one.length !== other.length) return { most: 255, share: 1 };
  let [most, pixels] = [0, 0];
  for (let at = 0; at < one.length; at += 4) {
    let largest = 0;
    for (let channel = at; channel < at + 4; channel++) largest = Math.max(largest, Math.abs(one[channel] - other[channel]));
    if (largest) pixels++;
    most = Math.max(most, largest);
  }
  return { most, share: one.length ? pixels / (one.length / 4) : 0 };
}
