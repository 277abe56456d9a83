/** @file The state of the editor of one stack: what is selected, how it is seen, and which proposal is open. */

import { computed, signal } from "@preact/signals";

import { api, follow } from "./api.js";
import { newIds } from "./edits.js";
import { fitted } from "./geometry.js";
import { StackSession } from "./session.js";
import { announce, dismissErrors, remembered, say, sayError } from "./store.js";
import { texts } from "./texts.js";
import { find, outermost, placeOf, walk } from "./tree.js";

/** @typedef {import("./types.js").Node} Node */
/** @typedef {import("./types.js").Job} Job */
/** @typedef {"move" | "box" | "point" | "hand"} Tool */
/** @typedef {{job: Job, what: string, isAutomatic: boolean, stop: AbortController}} Proposal */

export const backdrop = remembered("backdrop", "checkerboard");

export class Editor {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    this.session = new StackSession(id, sayError);
    this.stack = this.session.stack;
    /** @type {import("@preact/signals").Signal<number[]>} */
    this.selection = signal([]);
    /** @type {import("@preact/signals").Signal<Tool>} */
    this.tool = signal("move");
    /** @type {import("@preact/signals").Signal<import("./types.js").View>} */
    this.view = signal({ scale: 1, x: 0, y: 0 });
    /** @type {import("@preact/signals").Signal<import("./types.js").Point>} */
    this.stageSize = signal([0, 0]);
    this.isFitted = true;
    /** @type {import("@preact/signals").Signal<"layers" | "original" | "difference">} */
    this.shows = signal("layers");
    /** The only layer or group that is shown, or null for all. @type {import("@preact/signals").Signal<number | null>} */
    this.solo = signal(null);
    /** @type {import("@preact/signals").Signal<Set<number>>} */
    this.closedGroups = signal(new Set());
    /** @type {import("@preact/signals").Signal<number | null>} */
    this.renaming = signal(null);
    /** @type {import("@preact/signals").Signal<"" | "export" | "history" | "help">} */
    this.panel = signal("");
    /** @type {import("@preact/signals").Signal<Proposal | null>} */
    this.proposal = signal(null);
    this.isAccepting = signal(false);
    /** Whether a proposal is being asked for or made. */
    this.isProposing = false;
    this.selected = computed(() => this.#selected());
  }

  async open() {
    await this.session.open();
    this.fit();
    void this.#findProposals();
  }

  close() {
    this.session.close();
    this.proposal.value?.stop.abort();
  }

  /** The selected nodes that still exist, in painting order, without those in other selected groups. @returns {Node[]} */
  #selected() {
    const nodes = this.stack.value?.layers ?? [];
    return outermost(nodes, this.selection.value).map((id) => /** @type {Node} */ (find(nodes, id)));
  }

  /** Whether a node or a group around it is locked. @param {Node} node */
  isLocked(node) {
    const around = placeOf(this.stack.value?.layers ?? [], node.id)?.groups ?? [];
    return [node, ...around].some((each) => each.is_locked);
  }

  /** Whether a node can be moved, deleted and the like: neither it, nor what is around or within it, is locked. @param {Node} node */
  canChange(node) {
    return !this.isLocked(node) && ![...walk([node])].some((each) => each.node.is_locked);
  }

  /** @param {number[]} ids */
  select(ids) {
    this.selection.value = ids;
    this.#openGroupsAround(ids.at(-1));
    const [only] = this.selected.value;
    announce(ids.length === 1 && only ? only.name : texts.layers.selected(ids.length));
  }

  /** So that the list shows what was selected on the stage. @param {number | undefined} id */
  #openGroupsAround(id) {
    const groups = id === undefined ? [] : (placeOf(this.stack.value?.layers ?? [], id)?.groups ?? []);
    if (!groups.some((group) => this.closedGroups.value.has(group.id))) return;
    const around = new Set(groups.map((group) => group.id));
    this.closedGroups.value = new Set([...this.closedGroups.value].filter((closed) => !around.has(closed)));
  }

  /** Applies operations; what is new because of them is selected. @param {import("./types.js").Operation[]} operations */
  async edit(operations) {
    dismissErrors();
    const result = await this.session.edit(operations);
    if (result?.added.length) this.select(outermost(result.stack.layers, result.added));
    return result;
  }

  fit() {
    const stack = this.session.confirmed.value;
    if (!stack || !this.stageSize.value[0]) return;
    this.view.value = fitted([stack.width, stack.height], this.stageSize.value);
    this.isFitted = true;
  }

  /** @param {import("./types.js").View} view */
  look(view) {
    this.view.value = view;
    this.isFitted = false;
  }

  /**
   * Starts an operation that needs an engine. One that does not change the picture is accepted as soon as it is ready.
   * @param {{op: string, layer: number, [field: string]: unknown}} operation @param {string} what
   * @param {object} [options] fields of the job
   */
  async propose(operation, what, options = {}) {
    if (this.proposal.value) say(texts.proposals.oneAtATime);
    if (this.proposal.value || this.isProposing) return; // a double click asks once
    this.isProposing = true;
    dismissErrors();
    try {
      const fields = { operation, ...options };
      const { price_usd: price } = await api.propose(this.id, { ...fields, dry_run: true });
      if (Number(price) && (await api.isMetered()) && !confirm(texts.proposals.price(price))) return;
      const { job } = await api.propose(this.id, fields);
      if (job) await this.#follow(job, what, operation.op !== "edit");
    } catch (error) {
      sayError(error);
    } finally {
      this.isProposing = false;
    }
  }

  /** @param {Job} first @param {string} what @param {boolean} isAutomatic */
  async #follow(first, what, isAutomatic) {
    const stop = new AbortController();
    this.proposal.value = { job: first, what, isAutomatic, stop };
    const shown = (/** @type {Job} */ job) => (this.proposal.value = { job, what, isAutomatic, stop });
    const job = await follow(first.id, shown, stop.signal);
    if (job.state === "succeeded") {
      if (isAutomatic) await this.accept();
      return;
    }
    this.proposal.value = null;
    if (job.error) say(job.error.message, { hint: job.error.hint, isError: true });
  }

  async accept() {
    const proposal = this.proposal.value;
    if (!proposal || this.isAccepting.value) return;
    this.isAccepting.value = true;
    /** @type {Node[]} */
    let before = [];
    const accepted = await this.session.run((stack) => {
      before = stack.layers;
      return api.accept(this.id, proposal.job.id, stack.revision);
    });
    this.isAccepting.value = false;
    if (accepted || proposal.isAutomatic) this.proposal.value = null;
    const added = accepted ? newIds(before, accepted.layers) : [];
    if (accepted && added.length) this.select(outermost(accepted.layers, added));
  }

  async discard() {
    const proposal = this.proposal.value;
    this.proposal.value = null;
    proposal?.stop.abort();
    if (proposal) await api.discard(this.id, proposal.job.id).catch(sayError);
  }

  /** Goes on with a proposal that was open before the page was loaded again. */
  async #findProposals() {
    try {
      const { proposals } = await api.proposals(this.id);
      const open = proposals.find(({ is_acceptable: isAcceptable }) => isAcceptable);
      if (!open || this.proposal.value) return;
      const isEdit = open.operation.op === "edit";
      const what = isEdit ? texts.proposals.edited(open.layer_name) : texts.commands.split;
      await this.#follow(await api.job(open.id), what, !isEdit);
    } catch {
      // There are none to go on with.
    }
  }
}
