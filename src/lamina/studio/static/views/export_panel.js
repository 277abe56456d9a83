/** @file Exporting a project to a file, and showing how to do the same over an API or on the command line. */

import { useState } from "preact/hooks";

import { exportAs } from "../actions.js";
import { html } from "../html.js";
import { CALLS } from "../code_samples.js";
import { remembered, say } from "../store.js";
import { texts } from "../texts.js";
import { ActionButton, Dialog } from "./controls.js";

const t = texts.exporting;
const isEditable = remembered("editable", true);

/** @param {{editor: import("../editor.js").Editor}} props */
export function ExportPanel({ editor }) {
  const [language, setLanguage] = useState(/** @type {keyof typeof CALLS} */ ("curl"));
  const sample = CALLS[language](location.origin);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(sample);
      say(t.copied);
    } catch {
      say(texts.errors.clipboard, { isError: true });
    }
  };
  return html`<${Dialog} heading=${t.heading} onClose=${() => (editor.panel.value = "")} name="export">
    <div class="formats">
      ${t.formats.map(
        ([ending, label]) =>
          html`<button type="button" class="format" onClick=${() => exportAs(editor, ending, isEditable.value && ["psd", "pptx", "svg"].includes(ending) ? { editable: true } : {})}>
            <strong>.${ending}</strong><span>${label}</span>
          </button>`,
      )}
    </div>
    <label class="check">
      <input type="checkbox" checked=${isEditable.value} onChange=${(/** @type {Event} */ event) => (isEditable.value = /** @type {HTMLInputElement} */ (event.currentTarget).checked)} />
      ${t.editable}
    </label>
    <p class="field-help">${t.editableHelp}</p>
    <h3>${t.layer}</h3>
    <div class="button-row">
      <${ActionButton} editor=${editor} action="saveLayer" />
      <${ActionButton} editor=${editor} action="copyLayer" />
    </div>
    <h3>${t.asCall}</h3>
    <div class="button-row" role="group" aria-label=${t.asCall}>
      ${/** @type {(keyof typeof CALLS)[]} */ (Object.keys(CALLS)).map(
        (name) => html`<button type="button" class="button" aria-pressed=${name === language} onClick=${() => setLanguage(name)}>${t.languages[name]}</button>`,
      )}
    </div>
    <pre class="sample" tabindex="0"><code>${sample}</code></pre>
    <button type="button" class="button" onClick=${copy}>${t.copy}</button>
  <//>`;
}
