/** @file How pictures and layered files come in: files, the clipboard, addresses, samples. */

import { api, once, upload } from "./api.js";
import { go, info, say, sayError } from "./store.js";
import { sizeOf, texts } from "./texts.js";

/** @typedef {import("./types.js").StoredFile} StoredFile */

const LAYERED = /\.(psd|psb|ora|zip)$/i;
const PICTURE = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif|ppm|jp2|ico|tga)$/i;
export const ACCEPTED = "image/*,.psd,.psb,.ora,.zip,.tif,.tiff";

/** @param {string} name */
const sampleAddress = (name) => new URL(`./samples/${name}`, import.meta.url).pathname;

export const SAMPLES = ["poster.jpg", "coffee.jpg", "lantern.png"].map((name) => ({
  name,
  address: sampleAddress(name),
  small: sampleAddress(name.replace(/\..*$/, "-small.jpg")),
}));

/**
 * Takes files in: one picture opens the page of its run, a layered file its project; of several, each is submitted.
 * @param {File[]} files @param {(name: string, share: number | null) => void} progress
 */
export async function take(files, progress) {
  const usable = files.filter(isUsable);
  if (usable.length === 1) return void (await takeOne(usable[0], progress));
  for (const file of usable) {
    const stored = await sent(file, progress);
    if (!stored) continue;
    if (LAYERED.test(file.name)) await api.createStack({ source: stored.reference, name: nameOf(file.name) }, once());
    else await api.submit("decompositions", { image: stored.reference }, once());
  }
  if (usable.length) say(texts.home.opened(usable.length));
}

/** @param {File} file */
function isUsable(file) {
  const most = info.value?.limits?.max_upload_bytes;
  if (most && file.size > most) say(texts.errors.tooLarge(file.name, sizeOf(most)), { isError: true });
  else if (!file.type.startsWith("image/") && !LAYERED.test(file.name) && !PICTURE.test(file.name)) {
    say(texts.errors.notPicture(file.name), { isError: true });
  } else return true;
  return false;
}

/** @param {File} file @param {(name: string, share: number | null) => void} progress */
async function takeOne(file, progress) {
  const stored = await sent(file, progress);
  if (!stored) return;
  if (!LAYERED.test(file.name)) return openRun(stored);
  const stack = await api.createStack({ source: stored.reference, name: nameOf(file.name) }, once());
  go(`/studio/s/${stack.id}`);
}

/** @param {StoredFile} stored */
export function openRun(stored) {
  go(`/studio/new?picture=${stored.reference}`);
}

/** @param {File} file @param {(name: string, share: number | null) => void} progress @returns {Promise<StoredFile | null>} */
async function sent(file, progress) {
  progress(file.name, 0);
  try {
    return await upload(file, file.name || "picture.png", (share) => progress(file.name, share));
  } catch (error) {
    sayError(error);
    return null;
  } finally {
    progress(file.name, null);
  }
}

/** The files of a drop or of the clipboard. @param {DataTransfer | null} data @returns {File[]} */
export function filesOf(data) {
  return [...(data?.files ?? [])];
}

/** A file name without its extension. @param {string} name */
export const nameOf = (name) => name.replace(/\.[^.]*$/, "") || name;

/** @param {{name: string, address: string}} sample @param {(name: string, share: number | null) => void} progress */
export async function takeSample(sample, progress) {
  const content = await api.content(sample.address);
  await take([new File([content], sample.name, { type: content.type })], progress);
}
