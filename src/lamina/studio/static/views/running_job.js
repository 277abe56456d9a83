/** @file How far a job is, with its place in the queue and the time left, until it ends or is cancelled. */

import { api } from "../api.js";
import { html } from "../html.js";
import { sayError } from "../store.js";
import { duration, texts } from "../texts.js";
import { ProgressBar } from "./controls.js";

const t = texts.run;

/** @param {{job: import("../types.js").Job}} props */
export function RunningJob({ job }) {
  const label = job.state === "queued" ? t.queued(job.position) : (job.progress?.stage ?? texts.loading);
  return html`<div class="running">
    <${ProgressBar} label=${label} share=${job.progress?.share ?? null} />
    ${job.eta_s !== null && html`<p class="field-help">${t.eta(duration(job.eta_s))}</p>`}
    <button type="button" class="button" onClick=${() => api.cancel(job.id).catch(sayError)}>${texts.cancel}</button>
  </div>`;
}
