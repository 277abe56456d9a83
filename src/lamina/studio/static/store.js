/** @file What all pages share: who is signed in, the address, messages. */

import { signal } from "@preact/signals";

import { ApiError } from "./api.js";
import { texts } from "./texts.js";

/** @typedef {{signed_in: boolean, limits: {max_upload_bytes: number} | null}} SessionInfo */

/** @type {import("@preact/signals").Signal<SessionInfo | null>} */
export const info = signal(null);

/** Whether the session ended while the page was open. */
export const hasEnded = signal(false);

export const path = signal(location.pathname);

/** @type {import("@preact/signals").Signal<{id: number, text: string, hint: string, isError: boolean}[]>} */
export const messages = signal([]);

/** How many dialogs are open. They show the messages then: the page is behind them. */
export const openDialogs = signal(0);

/** What a screen reader says next. */
export const announcement = signal("");

/** Goes to another page without loading it. @param {string} target */
export function go(target) {
  history.pushState(null, "", target);
  path.value = location.pathname;
  scrollTo(0, 0);
}

addEventListener("popstate", () => (path.value = location.pathname));

/** @param {string} text */
export function announce(text) {
  announcement.value = announcement.value === text ? `${text}\u00a0` : text; // the same text is said again
}

const SHOWN_MS = 6000;
let lastId = 0;

/** @param {string} text @param {{hint?: string, isError?: boolean}} [options] */
export function say(text, { hint = "", isError = false } = {}) {
  const id = ++lastId;
  messages.value = [...messages.value.filter((each) => each.text !== text), { id, text, hint, isError }].slice(-4);
  if (!isError) setTimeout(() => dismiss(id), SHOWN_MS);
}

/** @param {number} id */
export function dismiss(id) {
  messages.value = messages.value.filter((each) => each.id !== id);
}

/** Errors stay until the user goes on. */
export function dismissErrors() {
  if (messages.value.some(({ isError }) => isError)) messages.value = messages.value.filter(({ isError }) => !isError);
}

/** Shows an error of the server in its words, and any other as a fault of the page. @param {unknown} error */
export function sayError(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  if (error instanceof ApiError) {
    if (error.status !== 401) say(error.message, { hint: error.hint, isError: true });
    return;
  }
  console.error(error);
  say(texts.errors.pageFault, { isError: true });
}

/** Keeps a choice of the user in this browser. @template T @param {string} name @param {T} initial */
export function remembered(name, initial) {
  const key = `lamina-${name}`;
  let value = initial;
  try {
    value = JSON.parse(localStorage.getItem(key) ?? "null") ?? initial;
  } catch {
    // Not allowed, or not ours: the initial value is used.
  }
  const kept = signal(value);
  kept.subscribe((now) => {
    try {
      localStorage.setItem(key, JSON.stringify(now));
    } catch {
      // Storage is full or not allowed.
    }
  });
  return kept;
}
