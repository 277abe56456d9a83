/** @file The revisions of a project, and files that come back from other programs. */

import { useEffect, useState } from "preact/hooks";

import { takeBack } from "../actions.js";
import { api, previewPath } from "../api.js";
import { html } from "../html.js";
import { sayError } from "../store.js";
import { texts, whenOf } from "../texts.js";
import { Dialog, Icon } from "./controls.js";

const t = texts.history;
const PREVIEW_PX = 96;

/** @param {{editor: import("../editor.js").Editor}} props */
export function History({ editor }) {
  const stack = editor.session.confirmed.value;
  const [page, setPage] = useState(/** @type {{revisions: import("../types.js").Revision[], next: number | null} | null} */ (null));
  const [told, setTold] = useState(/** @type {string[] | null} */ (null));
  useEffect(() => {
    api.revisions(editor.id).then(setPage).catch(sayError);
  }, [editor.id, stack?.revision]);
  const more = async () => {
    if (!page) return;
    try {
      const { revisions, next } = await api.revisions(editor.id, page.next);
      setPage({ revisions: [...page.revisions, ...revisions], next });
    } catch (error) {
      sayError(error);
    }
  };
  const bringBack = async () => {
    try {
      const sentences = await takeBack(editor);
      if (sentences) setTold(sentences.length ? sentences : [t.unchanged]);
    } catch (error) {
      sayError(error);
    }
  };
  return html`<${Dialog} heading=${t.heading} onClose=${() => (editor.panel.value = "")} name="history">
    <div class="take-back">
      <button type="button" class="button" onClick=${bringBack}>${t.takeBack}</button>
      <p class="field-help">${t.takeBackHelp}</p>
      ${told && html`<ul class="told" role="status">${told.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}
    </div>
    ${!page && html`<p class="empty">${texts.loading}</p>`}
    <ol class="revisions">
      ${page?.revisions.map(
        ({ number, description, created_at: at, is_current: isCurrent }) =>
          html`<li key=${number} aria-current=${isCurrent ? "true" : undefined}>
            <img src=${previewPath(editor.id, { size: PREVIEW_PX, revision: number })} alt="" loading="lazy" />
            <span class="revision-text">${description}<small>${whenOf(at)}${isCurrent && `, ${t.current}`}</small></span>
            <button type="button" class="icon-button" disabled=${isCurrent} aria-label=${t.goTo(description)} title=${t.goTo(description)}
              onClick=${() => void editor.session.goTo(number)}><${Icon} name="history" /></button>
          </li>`,
      )}
    </ol>
    ${page?.next && html`<button type="button" class="button" onClick=${more}>${texts.more}</button>`}
  <//>`;
}
