/** @file The options of a decomposition, with its price and the time that it is expected to take. */

import { useEffect, useState } from "preact/hooks";

import { api } from "../api.js";
import { html } from "../html.js";
import { sayError } from "../store.js";
import { duration, texts } from "../texts.js";
import { Field, valueOf } from "./controls.js";

const t = texts.run;
const SUGGESTED = [4, 6, 8, 10, 20, 50];

/**
 * @param {{fields: Record<string, unknown>, onChange: (fields: Record<string, unknown>) => void, places: unknown[],
 *   onClear: () => void, onStart: () => void, hasFailed: boolean, isReady: boolean}} props
 */
export function RunOptions({ fields, onChange, places, onClear, onStart, hasFailed, isReady }) {
  const engine = String(fields.engine ?? "auto");
  const isModel = engine === "nano" || engine === "qwen";
  /** @param {string} name @param {unknown} value */
  const set = (name, value) => {
    const { [name]: _, ...others } = fields;
    onChange(value === undefined || value === "" ? others : { ...others, [name]: value });
  };
  /** @param {string} name */
  const number = (name) => (/** @type {Event} */ event) => set(name, valueOf(event) === "" ? undefined : Number(valueOf(event)));
  const layers = String(fields.layers ?? "");
  return html`<form class="stacked run-options" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); onStart(); }}>
    <${Field} label=${t.layers}>
      <select onChange=${(/** @type {Event} */ event) => set("layers", /^\d+$/.test(valueOf(event)) ? Number(valueOf(event)) : valueOf(event))}>
        <option value="" selected=${layers === ""}>${t.layersDefault}</option>
        <option value="auto" selected=${layers === "auto"}>${t.layersAuto}</option>
        ${SUGGESTED.map((count) => html`<option value=${count} selected=${layers === String(count)}>${t.layersAtMost(count)}</option>`)}
      </select>
    <//>
    <${Field} label=${t.engine}>
      <select onChange=${(/** @type {Event} */ event) => set("engine", valueOf(event) === "auto" ? undefined : valueOf(event))}>
        ${["auto", "classic", "nano", "qwen"].map((name) => html`<option value=${name} selected=${engine === name}>${name === "auto" ? t.engineAuto : name}</option>`)}
      </select>
    <//>
    ${isModel && html`
      <${Field} label=${t.caption} help=${t.captionHelp}><textarea rows="2" value=${fields.prompt ?? ""} onInput=${(/** @type {Event} */ event) => set("prompt", valueOf(event))}></textarea><//>
      <div class="grid-2">
        <${Field} label=${t.seed}><input type="number" min="0" value=${fields.seed ?? ""} onInput=${number("seed")} /><//>
        <${Field} label=${t.steps}><input type="number" min="1" max="1000" value=${fields.steps ?? ""} onInput=${number("steps")} /><//>
      </div>`}
    ${!isModel && html`<div class="note">
      <strong>${t.take}: ${t.taken(places.length)}</strong>
      <p>${t.takeHelp}</p>
      ${places.length > 0 && html`<button type="button" class="button" onClick=${onClear}>${t.clear}</button>`}
    </div>`}
    <button class="button primary large" autofocus disabled=${!isReady}>${hasFailed ? t.retry : t.start}</button>
    <${Expected} engine=${engine} />
  </form>`;
}

/** The price, and the time that such jobs took lately. @param {{engine: string}} props */
function Expected({ engine }) {
  const [price, setPrice] = useState("0");
  const [seconds, setSeconds] = useState(/** @type {number | null} */ (null));
  useEffect(() => {
    const load = async () => {
      const [models, { jobs }, isMetered] = await Promise.all([api.models(), api.jobs({ state: "succeeded", limit: 50 }), api.isMetered()]);
      const model = models.find(({ kinds, is_here: isHere }) => kinds.includes("decompose") && isHere);
      setPrice(!isMetered || engine === "classic" || engine === "nano" ? "0" : (model?.prices_usd.decompose ?? "0"));
      const ran = jobs.filter(({ kind, result }) => kind === "decompose" && (engine === "auto" || result?.engine === engine));
      const times = ran.flatMap((job) => (job.ran_s === null ? [] : [job.ran_s])).toSorted((one, other) => one - other);
      setSeconds(times.length ? times[Math.floor(times.length / 2)] : null);
    };
    load().catch(sayError);
  }, [engine]);
  return html`<p class="field-help">${t.price(price)}, ${seconds === null ? t.unknownTime : t.expected(duration(seconds))}</p>`;
}
