/**
 * @file A stack that is being edited: what the server has confirmed, and the edits that it has not answered yet.
 *
 * Edits are shown at once and sent in their order, one request at a time. What is not sent yet is kept in the browser's
 * storage, so that neither a broken connection nor a reload loses it.
 */

import { computed, signal } from "@preact/signals";

import { ApiError, api } from "./api.js";
import { applied, joined, newIds } from "./edits.js";
import { find } from "./tree.js";

/** @typedef {import("./types.js").Stack} Stack */
/** @typedef {import("./types.js").Operation} Operation */
/**
 * A request that waits for its turn; null if it is not needed after all.
 * @typedef {(stack: Stack) => Promise<Stack> | null} Request
 *
 * A change that is shown, or waits to be sent: operations, or another request, of which nothing is shown before.
 * @typedef {{operations: Operation[], request?: Request, settle: ((stack: Stack | null, added: number[]) => void)[]}} Edit
 */

const RETRY_MS = [1000, 2000, 4000, 8000];

export class StackSession {
  /** @param {string} id @param {(error: unknown) => void} failed told about edits that the server rejects */
  constructor(id, failed) {
    this.id = id;
    this.failed = failed;
    /** @type {import("@preact/signals").Signal<Stack | null>} */
    this.confirmed = signal(null);
    /** @type {import("@preact/signals").Signal<Edit[]>} */
    this.pending = signal([]);
    /** @type {import("@preact/signals").Signal<"saved" | "saving" | "offline" | "conflict" | "gone">} */
    this.state = signal("saved");
    this.stack = computed(() => this.#shown());
    this.isBusy = computed(() => this.pending.value.some(({ operations }) => isSlow(this.confirmed.value, operations)));
    this.isClosed = false;
    this.failures = 0;
    /** Whether a request was sent of which the answer is not known. */
    this.isUnsure = false;
    /** @type {Edit | null} */
    this.sent = null;
    /** What the stack is once the edit that is being sent has arrived, as `comparable` text, if that can be told. */
    this.expected = "";
  }

  async open() {
    this.confirmed.value = await api.stack(this.id);
    const kept = storedEdits(this.id);
    if (!kept) return;
    const { confirmed: { value: stack } } = this;
    const isArrived = kept.revision !== stack.revision && kept.expected === comparable(stack);
    this.isUnsure = kept.expected !== "" && !isArrived; // the first may still be on its way
    const left = isArrived ? kept.edits.slice(1) : kept.edits;
    if (isArrived || kept.revision === stack.revision) for (const operations of left) void this.edit(operations);
    else if (kept.edits.length) this.#holdBack(kept.edits);
  }

  close() {
    this.isClosed = true;
  }

  /**
   * Applies operations. The result is null if the server rejected them; else the stack, and the ids that are new in it.
   * @param {Operation[]} operations @returns {Promise<{stack: Stack, added: number[]} | null>}
   */
  edit(operations) {
    return new Promise((resolve) => {
      /** @type {Edit["settle"][0]} */
      const settle = (stack, added) => resolve(stack && { stack, added });
      const waiting = this.pending.value;
      const last = waiting.at(-1);
      const both = last && !last.request && this.sent !== last ? joined(last.operations, operations) : null;
      const edit = both && last ? { operations: both, settle: [...last.settle, settle] } : { operations, settle: [settle] };
      this.#wait(both ? [...waiting.slice(0, -1), edit] : [...waiting, edit]);
      void this.#send();
    });
  }

  /** @returns {Promise<Stack | null>} null if there was nothing to undo */
  undo() {
    return this.run((stack) => (stack.undo === null ? null : api.undo(this.id, stack.revision)));
  }

  /** @returns {Promise<Stack | null>} */
  redo() {
    return this.run((stack) => (stack.redo === null ? null : api.redo(this.id, stack.revision)));
  }

  /**
   * Sends another request in its turn among the edits. The result is null if it was rejected, or not needed.
   * @param {Request} request @returns {Promise<Stack | null>}
   */
  run(request) {
    return new Promise((resolve) => {
      this.#wait([...this.pending.value, { operations: [], request, settle: [resolve] }]);
      void this.#send();
    });
  }

  /** Undoes or redoes until a revision is shown. @param {number} number */
  async goTo(number) {
    for (let stack = this.confirmed.value; stack && stack.revision !== number; ) {
      const before = stack.revision;
      stack = await (before > number ? this.undo() : this.redo());
      if (stack && (stack.revision - number) * (before - number) < 0) return; // it is not stored any more
    }
  }

  /** Looks whether another tab or person has changed the stack. */
  async refresh() {
    const before = this.confirmed.value;
    if (!before || this.pending.value.length || this.isClosed) return;
    try {
      const stack = await api.stack(this.id);
      const isUntouched = !this.pending.value.length && this.confirmed.value === before;
      if (isUntouched && stack.revision !== before.revision) this.confirmed.value = stack;
      if (this.state.value === "offline") this.state.value = "saved";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.isTemporary) this.state.value = "offline";
      if (error.status === 404) this.#endGone();
    }
  }

  /** The stack was deleted, or is another key's; what was not sent stays in the browser's storage. */
  #endGone() {
    this.close();
    this.state.value = "gone";
    for (const { settle } of this.pending.value) for (const each of settle) each(null, []);
  }

  /** Ends a conflict: our edits are applied to their stack, or dropped. @param {"theirs" | "mine"} whose */
  async resolve(whose) {
    const stack = await api.stack(this.id);
    const edits = this.pending.value;
    this.#wait([]);
    this.confirmed.value = stack;
    this.state.value = "saved";
    this.isUnsure = false;
    if (whose === "theirs") for (const { settle } of edits) for (const each of settle) each(null, []);
    else {
      this.#wait(edits);
      await this.#send();
    }
  }

  /** @returns {Stack | null} */
  #shown() {
    let stack = this.confirmed.value;
    for (const { operations } of this.pending.value) stack = stack && (applied(stack, operations) ?? stack);
    return stack;
  }

  /** @param {Edit[]} edits */
  #wait(edits) {
    this.pending.value = edits;
    storeEdits(this.id, this.confirmed.value?.revision ?? 0, edits, this.expected);
  }

  /** @param {Operation[][]} edits */
  #holdBack(edits) {
    this.#wait(edits.map((operations) => ({ operations, settle: [] })));
    this.state.value = "conflict";
  }

  /** Sends one edit after the other, each as a revision of its own, so that each can be undone. */
  async #send() {
    if (this.sent || this.state.value === "conflict" || this.isClosed) return;
    while (this.pending.value.length && this.confirmed.value) {
      const [edit] = this.pending.value;
      const before = this.confirmed.value;
      this.sent = edit;
      const after = edit.request ? null : applied(before, edit.operations);
      this.expected = after ? comparable(after) : "";
      this.#wait(this.pending.value);
      this.state.value = this.failures ? "offline" : "saving";
      try {
        const stack = await this.#request(edit, before);
        this.#settle(edit, stack, stack ? newIds(before.layers, stack.layers) : []);
      } catch (error) {
        if (!(await this.#recover(error, edit, before))) return;
      } finally {
        this.sent = null;
      }
    }
    this.state.value = "saved";
  }

  /** Null if what is edited is gone since an edit before. @param {Edit} edit @param {Stack} before */
  async #request({ operations, request }, before) {
    if (request) return request(before);
    const left = operations.filter((operation) => isPossible(before, operation));
    return left.length ? api.edit(this.id, left, before.revision) : null;
  }

  /** @param {Edit} edit @param {Stack | null} stack @param {number[]} added */
  #settle(edit, stack, added) {
    this.failures = 0;
    this.isUnsure = false;
    this.expected = "";
    if (stack) this.confirmed.value = stack;
    this.#wait(this.pending.value.filter((each) => each !== edit));
    for (const settle of edit.settle) settle(stack, added);
  }

  /** Whether to go on sending. @param {unknown} error @param {Edit} edit @param {Stack} before */
  async #recover(error, edit, before) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401 || error.isTemporary) {
      this.isUnsure ||= error.status !== 401;
      this.state.value = "offline";
      await delay(RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)]);
      return !this.isClosed;
    }
    if (error.status === 409 && error.revision !== null && error.revision !== before.revision) {
      const now = await this.#now();
      if (now && this.isUnsure && this.#isOurs(now, edit, before)) {
        this.#settle(edit, now, newIds(before.layers, now.layers));
        return true;
      }
      this.state.value = "conflict";
      return false;
    }
    if (error.status === 404 && (await this.#isGone())) {
      this.#endGone();
      return false;
    }
    this.#settle(edit, null, []);
    this.failed(error);
    return true;
  }

  async #isGone() {
    try {
      await api.stack(this.id);
      return false;
    } catch (error) {
      return error instanceof ApiError && error.status === 404;
    }
  }

  async #now() {
    try {
      return await api.stack(this.id);
    } catch {
      return null;
    }
  }

  /** Whether the stack is what our request has made of it, whose answer was lost. @param {Stack} now @param {Edit} edit @param {Stack} before */
  #isOurs(now, edit, before) {
    if (edit.request) return true; // it need not be repeated, whoever has changed the stack
    const expected = applied(before, edit.operations);
    return expected !== null && comparable(expected) === comparable(now);
  }
}

/** Whether what an operation is about still exists. @param {Stack} stack @param {Operation} operation */
function isPossible(stack, { layer, layers }) {
  return [...(layer ? [layer] : []), ...(layers ?? [])].every((id) => find(stack.layers, id) !== null);
}

/** Whether only the server knows the result. @param {Stack | null} stack @param {Operation[]} operations */
function isSlow(stack, operations) {
  return stack !== null && applied(stack, operations) === null;
}

/** The layers as text: without addresses, and with numbers rounded as two programs agree on them. @param {Stack} stack */
function comparable({ layers }) {
  return JSON.stringify(layers, (name, value) => {
    if (name === "url" || name === "preview" || name === "bbox") return undefined;
    return typeof value === "number" ? Math.round(value * 1e4) / 1e4 : value;
  });
}

/** @param {number} ms @returns {Promise<void>} */
const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {string} id */
const storageKey = (id) => `lamina-unsent-${id}`;

/** @param {string} id @returns {{revision: number, edits: Operation[][], expected: string} | null} */
function storedEdits(id) {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey(id)) ?? "null");
  } catch {
    return null;
  }
}

/** @param {Edit[]} edits */
const operationsOf = (edits) => edits.flatMap(({ operations, request }) => (request ? [] : [operations]));

/** @param {string} id @param {number} revision @param {Edit[]} edits @param {string} expected */
function storeEdits(id, revision, edits, expected) {
  try {
    if (!operationsOf(edits).length) sessionStorage.removeItem(storageKey(id));
    else sessionStorage.setItem(storageKey(id), JSON.stringify({ revision, edits: operationsOf(edits), expected }));
  } catch {
    // Storage is full or not allowed: the edits are still in the page.
  }
}
