/** @file Messages over the page: what happened, and what to do. */

import { html } from "../html.js";
import { dismiss, messages, openDialogs } from "../store.js";
import { texts } from "../texts.js";
import { Icon } from "./controls.js";

/** @param {{isInDialog?: boolean}} props */
export function Messages({ isInDialog = false }) {
  if (!isInDialog && openDialogs.value) return null;
  return html`<div class="messages">
    ${messages.value.map(
      ({ id, text, hint, isError }) =>
        html`<div key=${id} class=${`message ${isError ? "is-error" : ""}`} role=${isError ? "alert" : "status"}>
          <p>${text} ${hint && html`<span class="hint">${hint}</span>`}</p>
          <button type="button" class="icon-button" aria-label=${texts.close} onClick=${() => dismiss(id)}><${Icon} name="close" /></button>
        </div>`,
    )}
  </div>`;
}
