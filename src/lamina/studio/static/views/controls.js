/** @file Small controls that several views use: icons, buttons of actions, dialogs, fields. */

import { useEffect, useRef } from "preact/hooks";

import { ACTIONS, isEnabled, perform } from "../actions.js";
import { html } from "../html.js";
import { hintOf } from "../keys.js";
import { openDialogs } from "../store.js";
import { texts } from "../texts.js";
import { Messages } from "./messages.js";

const SPRITE = new URL("../vendor/icons.svg", import.meta.url).pathname;

/** @param {{name: string}} props */
export function Icon({ name }) {
  return html`<svg class="icon" aria-hidden="true" focusable="false"><use href=${`${SPRITE}#${name}`} /></svg>`;
}

/**
 * A button that runs an action, with its label and key as tooltip.
 * @param {{editor: import("../editor.js").Editor, action: string, icon?: string, isPressed?: boolean}} props
 */
export function ActionButton({ editor, action, icon, isPressed }) {
  const { label } = ACTIONS[action];
  return html`<button
    type="button"
    class=${icon ? "icon-button" : "button"}
    title=${hintOf(action)}
    aria-label=${icon ? label : undefined}
    aria-pressed=${isPressed}
    disabled=${!isEnabled(editor, action)}
    onClick=${() => void perform(editor, action)}
  >
    ${icon ? html`<${Icon} name=${icon} />` : label}
  </button>`;
}

/**
 * A modal dialog; Escape and a click beside it close it.
 * @param {{heading: string, onClose: (() => void) | null, children?: unknown, name?: string}} props
 */
export function Dialog({ heading, onClose, children, name = "" }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    openDialogs.value += 1;
    return () => {
      openDialogs.value -= 1;
      dialog?.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true }); // close() does so only while it is in the page
    };
  }, []);
  return html`<dialog
    ref=${element}
    class=${`dialog ${name}`}
    aria-labelledby=${`heading-${name}`}
    onCancel=${(/** @type {Event} */ event) => {
      event.preventDefault();
      onClose?.();
    }}
    onClick=${(/** @type {MouseEvent} */ event) => event.target === element.current && onClose?.()}
  >
    <div class="dialog-body">
      <header class="dialog-header">
        <h2 id=${`heading-${name}`}>${heading}</h2>
        ${onClose &&
        html`<button type="button" class="icon-button" aria-label=${texts.close} title=${texts.close} onClick=${onClose}>
          <${Icon} name="close" />
        </button>`}
      </header>
      ${children}
    </div>
    <${Messages} isInDialog />
  </dialog>`;
}

/** What is entered or chosen in the field of an event. @param {Event} event @returns {string} */
export const valueOf = (event) => /** @type {HTMLInputElement} */ (event.currentTarget).value;

/** A labelled field. @param {{label: string, help?: string, children?: unknown}} props */
export function Field({ label, help, children }) {
  return html`<label class="field">
    <span class="field-label">${label}</span>
    ${children} ${help && html`<span class="field-help">${help}</span>`}
  </label>`;
}

/**
 * A number that is set when it is entered or left.
 * @param {{label: string, value: number, onSet: (value: number) => void, isDisabled?: boolean, step?: number, min?: number, max?: number}} props
 */
export function NumberField({ label, value, onSet, isDisabled = false, step = 1, min, max }) {
  /** @param {Event} event */
  const changed = (event) => {
    const input = /** @type {HTMLInputElement} */ (event.currentTarget);
    const number = input.valueAsNumber;
    if (Number.isFinite(number) && input.validity.valid) onSet(number);
    else input.value = String(value);
  };
  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    if (event.key !== "Escape") return;
    const input = /** @type {HTMLInputElement} */ (event.currentTarget);
    input.value = String(value);
    input.blur();
  };
  return html`<${Field} label=${label}>
    <input type="number" step=${step === 1 ? "any" : step} min=${min} max=${max} value=${value} disabled=${isDisabled} onChange=${changed} onKeyDown=${pressed} />
  <//>`;
}

/** How far something is. @param {{label: string, share: number | null}} props */
export function ProgressBar({ label, share }) {
  return html`<label class="progress">
    <span>${label}</span>
    <progress max="1" value=${share ?? undefined}>${share === null ? "" : `${Math.round(share * 100)} %`}</progress>
  </label>`;
}
