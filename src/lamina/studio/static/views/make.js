/** @file Generating and editing pictures with a model, and going on with the results. */

import { useEffect, useRef, useState } from "preact/hooks";

import { chosenFiles, save } from "../actions.js";
import { api, follow, isEnded, once, upload } from "../api.js";
import { html } from "../html.js";
import { go, say, sayError } from "../store.js";
import { texts } from "../texts.js";
import { Field } from "./controls.js";
import { Frame } from "./frame.js";
import { RunningJob } from "./running_job.js";

/** @typedef {import("../types.js").Job} Job */
/** @typedef {import("../types.js").Model} Model */
/** @typedef {{reference: string, url: string, name: string}} Reference */

const t = texts.make;
const SIZES = ["", "512x512", "768x768", "1024x1024", "1024x768", "768x1024", "1328x1328", "1664x928", "928x1664"];
const MOST_REFERENCES = 3;
const LONGEST_TITLE = 60;

/** @param {{kind: "generate" | "edit"}} props */
export function MakePage({ kind }) {
  const [models, setModels] = useState(/** @type {Model[]} */ ([]));
  const [references, setReferences] = useState(/** @type {Reference[]} */ ([]));
  const [job, setJob] = useState(/** @type {Job | null} */ (null));
  const stop = useRef(new AbortController());
  const isStarting = useRef(false);
  useEffect(() => {
    api.models().then((all) => setModels(all.filter(({ kinds }) => kinds.includes(kind)))).catch(sayError);
    const picture = new URLSearchParams(location.search).get("picture");
    if (kind === "edit" && picture?.startsWith("file:")) {
      api.file(picture.slice(5)).then((file) => setReferences([file])).catch(sayError);
    }
    return () => stop.current.abort();
  }, [kind]);
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    if (isStarting.current) return; // a double click starts one
    isStarting.current = true;
    const fields = fieldsOf(/** @type {HTMLFormElement} */ (event.currentTarget));
    const [first, ...others] = references.map(({ reference }) => reference);
    const images = kind === "edit" ? { image: first, references: others } : {};
    try {
      const submitted = await api.submit(kind === "edit" ? "edits" : "generations", { ...fields, ...images }, once());
      setJob(submitted);
      const ended = await follow(submitted.id, setJob, stop.current.signal);
      if (ended.error) say(ended.error.message, { hint: ended.error.hint, isError: true });
    } catch (error) {
      sayError(error);
    } finally {
      isStarting.current = false;
    }
  };
  const isRunning = job !== null && !isEnded(job);
  return html`<${Frame} heading=${kind === "edit" ? t.edit : t.generate} name="make">
    <div class="make-layout">
      <form class="stacked" onSubmit=${submit}>
        ${kind === "edit" && html`<${References} references=${references} onChange=${setReferences} />`}
        <${Field} label=${t.prompt}><textarea name="prompt" rows="3" required maxlength="20000"></textarea><//>
        <details>
          <summary>${texts.more}</summary>
          <div class="stacked">
            <${Field} label=${t.model}>
              <select name="model">
                <option value="">${texts.run.engineAuto}</option>
                ${models.map(({ name, title, is_here: isHere }) => html`<option value=${name}>${isHere ? title : t.modelMissing(title)}</option>`)}
              </select>
            <//>
            <${Field} label=${t.negative}><input name="negative" maxlength="20000" /><//>
            <div class="grid-2">
              <${Field} label=${t.size}><select name="size">${SIZES.map((size) => html`<option value=${size}>${size.replace("x", " × ") || texts.run.engineAuto}</option>`)}</select><//>
              <${Field} label=${t.count}><input name="count" type="number" min="1" max="4" value="1" /><//>
              <${Field} label=${t.seed}><input name="seed" type="number" min="0" /><//>
              <${Field} label=${t.steps}><input name="steps" type="number" min="1" max="1000" /><//>
              <${Field} label=${t.guidance}><input name="guidance" type="number" min="0" step="0.1" /><//>
              <${Field} label=${t.loras} help=${t.loraHelp}><input name="lora" maxlength="2000" /><//>
            </div>
          </div>
        </details>
        <button class="button primary large" disabled=${isRunning || (kind === "edit" && !references.length)}>${t.run}</button>
      </form>
      <section class="results" aria-label=${t.results} aria-live="polite">
        ${isRunning && html`<${RunningJob} job=${/** @type {Job} */ (job)} />`}
        ${job?.result?.notes.map((note) => html`<p class="note">${note}</p>`)}
        ${job?.result?.pictures.map((picture) => html`<${Result} key=${picture.id} picture=${picture} name=${job.result?.prompt ?? ""} />`)}
      </section>
    </div>
  <//>`;
}

/** The fields of the request; a model is named only if it was chosen. @param {HTMLFormElement} form */
function fieldsOf(form) {
  const data = new FormData(form);
  /** @type {Record<string, unknown>} */
  const fields = { prompt: data.get("prompt"), count: Number(data.get("count") || 1) };
  for (const name of ["negative", "model"]) if (data.get(name)) fields[name] = data.get(name);
  for (const name of ["seed", "steps", "guidance"]) if (data.get(name)) fields[name] = Number(data.get(name));
  const size = String(data.get("size") ?? "");
  if (size) [fields.width, fields.height] = size.split("x").map(Number);
  if (data.get("lora")) fields.loras = [{ path: data.get("lora") }];
  return fields;
}

/** @param {{references: Reference[], onChange: (references: Reference[]) => void}} props */
function References({ references, onChange }) {
  const add = async () => {
    try {
      const files = await chosenFiles("image/*", true);
      const stored = await Promise.all(files.slice(0, MOST_REFERENCES - references.length).map((file) => upload(file, file.name)));
      onChange([...references, ...stored]);
    } catch (error) {
      sayError(error);
    }
  };
  return html`<fieldset class="references">
    <legend>${t.references}</legend>
    ${references.map(
      (each) =>
        html`<figure key=${each.reference}>
          <img src=${each.url} alt=${each.name} />
          <button type="button" class="button" onClick=${() => onChange(references.filter((other) => other !== each))}>${t.remove}</button>
        </figure>`,
    )}
    ${references.length < MOST_REFERENCES && html`<button type="button" class="button" onClick=${add}>${t.addReference}</button>`}
  </fieldset>`;
}

/** @param {{picture: import("../types.js").Picture, name: string}} props */
function Result({ picture, name }) {
  const title = name.slice(0, LONGEST_TITLE) || picture.id;
  return html`<figure>
    <img src=${picture.url} alt=${title} />
    <figcaption class="button-row">
      <button type="button" class="button" onClick=${() => go(`/studio/new?picture=file:${picture.id}&name=${encodeURIComponent(title)}`)}>${t.takeApart}</button>
      <button type="button" class="button" onClick=${() => go(`/studio/edit?picture=file:${picture.id}`)}>${t.editThis}</button>
      <button type="button" class="button" onClick=${() => save(picture.url, `${title}.png`)}>${t.download}</button>
    </figcaption>
  </figure>`;
}
