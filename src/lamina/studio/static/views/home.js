/** @file The first page: a place to drop pictures, samples, and the projects. */

import { useEffect, useState } from "preact/hooks";

import { chosenFiles } from "../actions.js";
import { api, previewPath } from "../api.js";
import { html } from "../html.js";
import { ACCEPTED, filesOf, openRun, SAMPLES, take, takeSample } from "../intake.js";
import { go, sayError } from "../store.js";
import { texts, whenOf } from "../texts.js";
import { Field, Icon, ProgressBar, valueOf } from "./controls.js";
import { Frame } from "./frame.js";

/** @typedef {import("../types.js").StackSummary} StackSummary */

const t = texts.home;
const PREVIEW_PX = 320;
const PAGE = 48;

export function HomePage() {
  useEffect(() => {
    const picture = new URLSearchParams(location.search).get("picture"); // as `lamina studio PICTURE` opens it
    if (picture) go(`/studio/new?picture=${encodeURIComponent(picture)}&start`);
  }, []);
  const [uploads, setUploads] = useState(/** @type {Record<string, number>} */ ({}));
  /** @param {string} name @param {number | null} share */
  const progress = (name, share) =>
    setUploads((now) => {
      const { [name]: _, ...others } = now;
      return share === null ? others : { ...others, [name]: share };
    });
  /** @param {File[]} files */
  const takeFiles = (files) => void take(files, progress).catch(sayError);
  useEffect(() => {
    const pasted = (/** @type {ClipboardEvent} */ event) => {
      const files = filesOf(event.clipboardData);
      if (files.length) takeFiles(files);
    };
    document.addEventListener("paste", pasted);
    return () => document.removeEventListener("paste", pasted);
  }, []);
  return html`<${Frame} heading=${t.heading} name="home">
    <${DropArea} onFiles=${takeFiles} />
    ${Object.entries(uploads).map(([name, share]) => html`<${ProgressBar} label=${t.uploading(name)} share=${share} />`)}
    <${Samples} progress=${progress} />
    <${Projects} />
  <//>`;
}

/** @param {{onFiles: (files: File[]) => void}} props */
function DropArea({ onFiles }) {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      setOver(true);
    };
    const left = (/** @type {DragEvent} */ event) => event.relatedTarget === null && setOver(false);
    const dropped = (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      setOver(false);
      onFiles(filesOf(event.dataTransfer));
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", left);
    addEventListener("drop", dropped);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", left);
      removeEventListener("drop", dropped);
    };
  }, []);
  /** @param {SubmitEvent} event */
  const open = async (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    try {
      openRun(await api.uploadAddress(String(new FormData(form).get("url")).trim()));
    } catch (error) {
      sayError(error);
    }
  };
  return html`<section class=${`drop-area ${isOver ? "is-over" : ""}`}>
    <${Icon} name="picture" />
    <p>
      ${t.drop}${" "}
      <button type="button" class="button primary" onClick=${async () => onFiles(await chosenFiles(ACCEPTED, true))}>${t.choose}</button>
    </p>
    <p class="field-help">${t.layersFile}</p>
    <form class="address" onSubmit=${open}>
      <${Field} label=${t.address}><input name="url" type="url" placeholder="https://" required /><//>
      <button class="button">${t.open}</button>
    </form>
  </section>`;
}

/** @param {{progress: (name: string, share: number | null) => void}} props */
function Samples({ progress }) {
  return html`<section aria-label=${t.samples}>
    <h2>${t.samples}</h2>
    <ul class="samples">
      ${SAMPLES.map(
        (sample) =>
          html`<li>
            <button type="button" class="sample-button" onClick=${() => void takeSample(sample, progress).catch(sayError)}>
              <img src=${sample.small} alt=${sample.name} />
            </button>
          </li>`,
      )}
    </ul>
  </section>`;
}

function Projects() {
  const [page, setPage] = useState(/** @type {{stacks: StackSummary[], next: string | null} | null} */ (null));
  const [wanted, setWanted] = useState("");
  useEffect(() => {
    api.stacks({ limit: PAGE }).then(setPage).catch(sayError);
  }, []);
  const more = async () => {
    if (!page) return;
    try {
      const { stacks, next } = await api.stacks({ limit: PAGE, before: page.next });
      setPage({ stacks: [...page.stacks, ...stacks], next });
    } catch (error) {
      sayError(error);
    }
  };
  if (!page) return html`<p class="empty">${texts.loading}</p>`;
  const found = page.stacks.filter((stack) => stack.name.toLowerCase().includes(wanted.trim().toLowerCase()));
  /** @param {StackSummary[]} stacks */
  const show = (stacks) => setPage({ ...page, stacks });
  return html`<section aria-label=${t.projects}>
    <div class="section-header">
      <h2>${t.projects}</h2>
      ${page.stacks.length > 0 &&
      html`<input type="search" aria-label=${t.search} placeholder=${t.search} onInput=${(/** @type {Event} */ event) => setWanted(valueOf(event))} />`}
    </div>
    ${!page.stacks.length && html`<p class="empty">${t.none}</p>`}
    ${page.stacks.length > 0 && !found.length && html`<p class="empty">${t.noneFound}</p>`}
    <ul class="projects">
      ${found.map(
        (stack) =>
          html`<${Project}
            key=${stack.id}
            stack=${stack}
            onRenamed=${(/** @type {StackSummary} */ renamed) => show(page.stacks.map((each) => (each.id === renamed.id ? renamed : each)))}
            onDeleted=${() => show(page.stacks.filter((each) => each.id !== stack.id))}
          />`,
      )}
    </ul>
    ${page.next && html`<button type="button" class="button" onClick=${more}>${texts.more}</button>`}
  </section>`;
}

/** @param {{stack: StackSummary, onRenamed: (stack: StackSummary) => void, onDeleted: () => void}} props */
function Project({ stack, onRenamed, onDeleted }) {
  const rename = async () => {
    const name = prompt(t.rename, stack.name)?.trim();
    if (!name || name === stack.name) return;
    try {
      onRenamed(await api.rename(stack.id, name));
    } catch (error) {
      sayError(error);
    }
  };
  const remove = async () => {
    if (!confirm(t.delete(stack.name))) return;
    try {
      await api.removeStack(stack.id);
      onDeleted();
    } catch (error) {
      sayError(error);
    }
  };
  return html`<li class="project">
    <a href=${`/studio/s/${stack.id}`}>
      <img src=${previewPath(stack.id, { size: PREVIEW_PX, v: stack.revision })} alt="" loading="lazy" />
      <span class="project-title">${stack.name}</span>
      <small>${t.updated(whenOf(stack.updated_at))}</small>
    </a>
    <button type="button" class="icon-button" aria-label=${`${t.rename} ${stack.name}`} title=${t.rename} onClick=${rename}><${Icon} name="rename" /></button>
    <button type="button" class="icon-button" aria-label=${`${texts.delete} ${stack.name}`} title=${texts.delete} onClick=${remove}><${Icon} name="delete" /></button>
  </li>`;
}
