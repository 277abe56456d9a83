/** @file The page of a decomposition: the picture, what is wanted of it, and its progress until the project opens. */

import { useEffect, useRef, useState } from "preact/hooks";

import { api, follow, isEnded, once } from "../api.js";
import { boxBetween, clipped } from "../geometry.js";
import { html } from "../html.js";
import { nameOf } from "../intake.js";
import { go, say, sayError } from "../store.js";
import { texts } from "../texts.js";
import { Frame } from "./frame.js";
import { RunOptions } from "./run_options.js";
import { RunningJob } from "./running_job.js";

/** @typedef {import("../types.js").Job} Job */
/** @typedef {import("../types.js").Box} Box */
/** @typedef {import("../types.js").StoredFile} StoredFile */
/** @typedef {{x: number, y: number, width: number, height: number}} Place in shares of the picture; a point has no width */

const t = texts.run;
const LEAST_BOX = 0.005;
const LONGEST_NAME = 200;

export function RunPage() {
  const query = new URLSearchParams(location.search);
  const reference = query.get("picture") ?? "";
  const [file, setFile] = useState(/** @type {StoredFile | null} */ (null));
  const [places, setPlaces] = useState(/** @type {Place[]} */ ([]));
  const [job, setJob] = useState(/** @type {Job | null} */ (null));
  const [fields, setFields] = useState(/** @type {Record<string, unknown>} */ ({}));
  const name = (query.get("name") || (file ? nameOf(file.name) : t.heading)).slice(0, LONGEST_NAME);
  const stop = useRef(new AbortController());
  const isStarting = useRef(false);
  useEffect(() => {
    if (!reference.startsWith("file:")) return go("/studio");
    api.file(reference.slice(5)).then(setFile).catch((error) => {
      sayError(error);
      go("/studio");
    });
    return () => stop.current.abort();
  }, [reference]);
  /** @param {string} id */
  const show = async (id) => {
    const ended = await follow(id, setJob, stop.current.signal);
    if (ended.state === "succeeded" && file) await open(ended, name);
  };
  const start = async () => {
    if (!file || isStarting.current) return; // a double click starts one
    isStarting.current = true;
    try {
      const wanted = { image: reference, ...fields, ...(places.length ? { select: places.map(selectionOf), unit: "shares" } : {}) };
      const submitted = await api.submit("decompositions", wanted, once());
      setJob(submitted);
      query.set("job", submitted.id);
      history.replaceState(null, "", `?${query}`); // so that it is not started again
      await show(submitted.id);
    } catch (error) {
      sayError(error);
      setJob(null);
    } finally {
      isStarting.current = false;
    }
  };
  useEffect(() => {
    const started = query.get("job");
    if (file && started) show(started).catch(sayError);
    else if (file && query.has("start")) void start();
  }, [file]);
  const isRunning = job !== null && (!isEnded(job) || job.state === "succeeded");
  return html`<${Frame} heading=${name} name="run">
    <div class="run-layout">
      ${file && html`<${Picture} file=${file} places=${places} onPlaces=${isRunning ? null : setPlaces} />`}
      <div class="run-side">
        ${isRunning ? html`<${RunningJob} job=${/** @type {Job} */ (job)} />` : html`<${Failure} job=${job} />
          <${RunOptions} fields=${fields} onChange=${setFields} places=${places} onClear=${() => setPlaces([])} onStart=${start} hasFailed=${job !== null} isReady=${file !== null} />`}
      </div>
    </div>
  <//>`;
}

/** @param {Job} job @param {string} name */
async function open(job, name) {
  const stack = await api.createStack({ source: `job:${job.id}`, name }, `studio-${job.id}`);
  if (job.result?.stands_in_for) say(t.standsIn(job.result.stands_in_for));
  history.replaceState(null, "", "/studio");
  go(`/studio/s/${stack.id}`);
}

/** @param {Place} place */
function selectionOf({ x, y, width, height }) {
  return width ? { box: [x, y, width, height] } : { point: [x, y] };
}

/** @param {{file: StoredFile, places: Place[], onPlaces: ((places: Place[]) => void) | null}} props */
function Picture({ file, places, onPlaces }) {
  const image = useRef(/** @type {HTMLImageElement | null} */ (null));
  const [start, setStart] = useState(/** @type {[number, number] | null} */ (null));
  const [end, setEnd] = useState(/** @type {[number, number] | null} */ (null));
  /** @param {PointerEvent} event @returns {[number, number]} */
  const at = (event) => {
    const box = /** @type {HTMLElement} */ (image.current).getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  /** @param {PointerEvent} event */
  const down = (event) => {
    if (!onPlaces || event.button) return;
    event.preventDefault();
    /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
    setStart(at(event));
    setEnd(null);
  };
  /** @param {PointerEvent} event */
  const up = (event) => {
    if (!start || !onPlaces) return;
    const [x, y, width, height] = clipped(boxBetween(start, at(event)), 1, 1);
    setStart(null);
    setEnd(null);
    const isBox = width > LEAST_BOX && height > LEAST_BOX;
    onPlaces([...places, isBox ? { x, y, width, height } : { x: start[0], y: start[1], width: 0, height: 0 }]);
  };
  const drawn = start && end ? clipped(boxBetween(start, end), 1, 1) : null;
  return html`<figure class="run-picture" onPointerDown=${down} onPointerMove=${(/** @type {PointerEvent} */ event) => start && setEnd(at(event))} onPointerUp=${up} onPointerCancel=${() => setStart(null)}>
    <img ref=${image} src=${file.url} alt=${file.name} draggable=${false} />
    <div class="places" aria-hidden="true">
      ${places.map(({ x, y, width, height }) => html`<${Mark} box=${[x, y, width, height]} />`)}
      ${drawn && html`<${Mark} box=${drawn} />`}
    </div>
  </figure>`;
}

/** @param {{box: Box}} props */
function Mark({ box: [x, y, width, height] }) {
  const percent = (/** @type {number} */ share) => `${share * 100}%`;
  return html`<span class=${width ? "place-box" : "place-point"} style=${{ left: percent(x), top: percent(y), width: percent(width), height: percent(height) }}></span>`;
}

/** @param {{job: Job | null}} props */
function Failure({ job }) {
  if (!job) return null;
  if (job.state === "cancelled") return html`<p class="note" role="status">${t.cancelled}</p>`;
  return html`<div class="problem" role="alert">
    <strong>${t.failed}</strong>
    <p>${job.error?.message} ${job.error?.hint}</p>
  </div>`;
}
