/** @file How the text of a layer is set, and the layer edited by words. */

import { useEffect, useState } from "preact/hooks";

import { chosenFiles } from "../actions.js";
import { api, upload } from "../api.js";
import { faceOf, familyNamed } from "../fonts.js";
import { html } from "../html.js";
import { sayError } from "../store.js";
import { texts } from "../texts.js";
import { Field, NumberField, valueOf } from "./controls.js";

/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../types.js").Layer} Layer */

const t = texts.properties;
const WEIGHTS = [100, 200, 300, 400, 500, 600, 700, 800, 900];

/** @param {number[]} colour @returns {string} as `#rrggbb` */
const hexOf = (colour) => `#${colour.map((sample) => sample.toString(16).padStart(2, "0")).join("")}`;

/** @param {string} hex @returns {number[]} */
const colourOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** @param {{editor: Editor, layer: Layer, isLocked: boolean}} props */
export function TextProperties({ editor, layer, isLocked }) {
  const { style } = layer;
  const face = style?.typeface ?? null;
  const [changed, setChanged] = useState(/** @type {Record<string, unknown>} */ ({}));
  const [fontFile, setFontFile] = useState(/** @type {{reference: string, name: string} | null} */ (null));
  const [families, setFamilies] = useState(/** @type {import("../types.js").Family[] | null} */ (null));
  useEffect(() => {
    api.fonts().then(setFamilies).catch(sayError);
  }, []);
  /** @param {Record<string, unknown>} fields */
  const change = (fields) => setChanged({ ...changed, ...fields });
  const isChanged = Object.keys(changed).length > 0;
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (await editor.edit([{ op: "set_text", layer: layer.id, ...changed }])) setChanged({});
  };
  const chooseFile = async () => {
    const [file] = await chosenFiles(".ttf,.otf,.woff,.woff2");
    if (!file) return;
    try {
      const stored = await upload(file, file.name);
      change({ font: stored.reference });
      setFontFile({ reference: stored.reference, name: file.name });
    } catch (error) {
      sayError(error);
    }
  };
  const font = String(changed.font ?? face?.family ?? "");
  const family = families && familyNamed(families, font);
  const isMissing = families !== null && family === null && font !== "" && font !== fontFile?.reference;
  /** Another family, with the nearest weight and slant that it has. @param {string} name */
  const chooseFont = (name) => {
    const chosen = families && familyNamed(families, name);
    const { weight, is_italic: isItalic } = { weight: 400, is_italic: false, ...face };
    change({ font: name, ...(chosen ? faceOf(chosen, Number(changed.weight ?? weight), Boolean(changed.italic ?? isItalic)) : {}) });
  };
  const shownFont = font === fontFile?.reference ? fontFile.name : font;
  const colour = /** @type {number[]} */ (changed.colour ?? style?.colour ?? [0, 0, 0]);
  return html`<form class="text-properties" onSubmit=${submit}>
    <h3>${t.text}</h3>
    <${Field} label=${t.words}>
      <textarea id="words" rows="3" maxlength="2000" disabled=${isLocked} value=${changed.words ?? layer.text ?? ""}
        onInput=${(/** @type {Event} */ event) => change({ words: valueOf(event) })}></textarea>
    <//>
    <${Field} label=${t.font} help=${face?.family && face.confidence < 1 ? t.fontGuess(face.family, face.confidence) : ""}>
      <input value=${shownFont} list="fonts" maxlength="200" disabled=${isLocked}
        onInput=${(/** @type {Event} */ event) => chooseFont(valueOf(event))} />
      <datalist id="fonts">${(families ?? []).map(({ name }) => html`<option value=${name} />`)}</datalist>
    <//>
    <${Field} label=${t.installedFonts}>
      <select disabled=${isLocked || !families} onChange=${(/** @type {Event} */ event) => valueOf(event) && chooseFont(valueOf(event))}>
        <option value="" selected=${!family}>${t.chooseFont}</option>
        ${(families ?? []).map(({ name }) => html`<option value=${name} selected=${name === family?.name}>${name}</option>`)}
      </select>
    <//>
    ${isMissing && html`<p class="note" role="status">${t.fontMissing(shownFont)}</p>`}
    <button type="button" class="button" disabled=${isLocked} onClick=${chooseFile}>${t.fontFile}</button>
    <div class="grid-2">
      <${NumberField} label=${t.size} value=${Number(changed.size ?? style?.size_px.toFixed(1) ?? 16)} min=${1} isDisabled=${isLocked}
        onSet=${(/** @type {number} */ size) => change({ size })} />
      <${Field} label=${t.weight}>
        <select disabled=${isLocked} onChange=${(/** @type {Event} */ event) => change({ weight: Number(valueOf(event)) })}>
          ${WEIGHTS.map((weight) => html`<option value=${weight} selected=${weight === (changed.weight ?? face?.weight ?? 400)}>${weight}</option>`)}
        </select>
      <//>
      <${Field} label=${t.colour}>
        <input type="color" value=${hexOf(colour)} disabled=${isLocked} onInput=${(/** @type {Event} */ event) => change({ colour: colourOf(valueOf(event)) })} />
      <//>
      <label class="check">
        <input type="checkbox" checked=${changed.italic ?? face?.is_italic ?? false} disabled=${isLocked}
          onChange=${(/** @type {Event} */ event) => change({ italic: /** @type {HTMLInputElement} */ (event.currentTarget).checked })} />
        ${t.italic}
      </label>
    </div>
    ${changed.font && face?.family && shownFont !== face.family && html`<p class="note">${t.substitute(face.family)}</p>`}
    <div class="button-row">
      <button class="button" disabled=${isLocked || !isChanged}>${t.setText}</button>
      <button type="button" class="button" disabled=${isLocked} onClick=${() => void editor.edit([{ op: "restore_text", layer: layer.id }])}>
        ${t.restoreText}
      </button>
    </div>
  </form>`;
}

/** @param {{editor: Editor, layer: Layer, isLocked: boolean}} props */
export function EditByWords({ editor, layer, isLocked }) {
  const [prompt, setPrompt] = useState("");
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    void editor.propose({ op: "edit", layer: layer.id, prompt }, texts.proposals.edited(layer.name));
  };
  return html`<form class="edit-by-words" onSubmit=${submit}>
    <h3>${t.words_edit}</h3>
    <${Field} label=${t.prompt}>
      <input value=${prompt} maxlength="2000" disabled=${isLocked} onInput=${(/** @type {Event} */ event) => setPrompt(valueOf(event))} />
    <//>
    <button class="button" disabled=${isLocked || !prompt.trim() || editor.proposal.value !== null}>${t.propose}</button>
  </form>`;
}
