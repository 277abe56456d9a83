/** @file The list of jobs: state, progress, log, cancelling, and opening what they made. */

import { useEffect, useState } from "preact/hooks";

import { api, isEnded, logOf, once } from "../api.js";
import { html } from "../html.js";
import { go, sayError } from "../store.js";
import { duration, texts, whenOf } from "../texts.js";
import { Icon, ProgressBar } from "./controls.js";
import { Frame } from "./frame.js";

/** @typedef {import("../types.js").Job} Job */

const t = texts.jobs;
const REFRESH_MS = 2000;
const PAGE = 30;
const MOST_STACKS = 100;

export function JobsPage() {
  const [jobs, setJobs] = useState(/** @type {Job[] | null} */ (null));
  const [next, setNext] = useState(/** @type {string | null} */ (null));
  const load = async () => {
    try {
      const page = await api.jobs({ limit: PAGE });
      setJobs((now) => [...page.jobs, ...(now ?? []).slice(PAGE).filter((job) => !page.jobs.some(({ id }) => id === job.id))]);
      setNext((now) => now ?? page.next);
    } catch (error) {
      sayError(error);
    }
  };
  useEffect(() => {
    void load();
  }, []);
  const isOpen = jobs?.some((job) => !isEnded(job)) ?? false;
  useEffect(() => {
    if (!isOpen) return;
    const timer = setInterval(() => document.hidden || void load(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [isOpen]);
  const more = async () => {
    try {
      const page = await api.jobs({ limit: PAGE, before: next });
      setJobs([...(jobs ?? []), ...page.jobs]);
      setNext(page.next);
    } catch (error) {
      sayError(error);
    }
  };
  return html`<${Frame} heading=${t.heading} name="jobs">
    ${!jobs && html`<p class="empty">${texts.loading}</p>`}
    ${jobs?.length === 0 && html`<p class="empty">${t.none}</p>`}
    <ol class="job-list">${jobs?.map((job) => html`<${JobRow} key=${job.id} job=${job} onChanged=${load} />`)}</ol>
    ${next && html`<button type="button" class="button" onClick=${more}>${texts.more}</button>`}
  <//>`;
}

/** @param {{job: Job, onChanged: () => Promise<void>}} props */
function JobRow({ job, onChanged }) {
  const [log, setLog] = useState(/** @type {string | null} */ (null));
  /** @param {() => Promise<unknown>} what */
  const run = (what) => async () => {
    try {
      await what();
    } catch (error) {
      sayError(error);
    }
    await onChanged();
  };
  const picture = job.result?.pictures[0] ?? job.result?.flat ?? job.result?.layers.at(-1);
  const made = job.result?.pictures[0];
  const canOpen = job.state === "succeeded" && job.kind === "decompose";
  return html`<li class="job">
    <span class="thumbnail">${picture && html`<img src=${picture.url} alt="" loading="lazy" />`}</span>
    <div class="job-text">
      <strong>${t.kinds[job.kind]}</strong> <span class=${`state is-${job.state}`}>${t.states[job.state]}</span>
      <small>${job.result?.engine ?? job.model}, ${whenOf(job.created_at)}${job.ran_s !== null && `, ${t.took(duration(job.ran_s))}`}${Number(job.charged_usd) > 0 && `, $${job.charged_usd}`}</small>
      ${job.state === "queued" && html`<small>${texts.run.queued(job.position)}</small>`}
      ${job.state === "running" && html`<${ProgressBar} label=${job.progress?.stage ?? ""} share=${job.progress?.share ?? null} />`}
      ${job.error && html`<p class="problem">${job.error.message} ${job.error.hint}</p>`}
      ${log !== null && html`<pre class="sample" tabindex="0">${log}</pre>`}
    </div>
    <div class="button-row">
      ${canOpen && html`<button type="button" class="button" onClick=${run(() => open(job))}>${t.open}</button>`}
      ${made && html`<button type="button" class="button" onClick=${() => go(`/studio/new?${new URLSearchParams({ picture: `file:${made.id}`, name: job.result?.prompt ?? "" })}`)}>${texts.make.takeApart}</button>`}
      ${isEnded(job) && log === null && html`<button type="button" class="button quiet" onClick=${run(async () => setLog(await logOf(job.id)))}>${t.log}</button>`}
      ${isEnded(job)
        ? html`<button type="button" class="icon-button" aria-label=${t.delete} title=${t.delete} onClick=${run(() => api.removeJob(job.id))}><${Icon} name="delete" /></button>`
        : html`<button type="button" class="button" onClick=${run(() => api.cancel(job.id))}>${t.cancel}</button>`}
    </div>
  </li>`;
}

/** Opens the project of a job; a new one if it has none, or none any more. @param {Job} job */
async function open(job) {
  const source = `job:${job.id}`;
  const stack = (await projectOf(source)) ?? (await api.createStack({ source }, once()));
  go(`/studio/s/${stack.id}`);
}

/** The project that was changed last of those that were made from a source. @param {string} source */
async function projectOf(source) {
  for (let before = null; ; ) {
    const { stacks, next } = await api.stacks({ limit: MOST_STACKS, before });
    const found = stacks.find((stack) => stack.source === source);
    if (found || !next) return found ?? null;
    before = next;
  }
}
