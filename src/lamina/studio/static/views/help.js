/** @file The help sheet: all keys, from the one table of them. */

import { html } from "../html.js";
import { helpRows } from "../keys.js";
import { texts } from "../texts.js";
import { Dialog } from "./controls.js";

/** @param {{onClose: () => void}} props */
export function Help({ onClose }) {
  return html`<${Dialog} heading=${texts.help.heading} onClose=${onClose} name="help">
    <dl class="keys">
      ${helpRows().map(
        ({ label, keys, isHeld }) =>
          html`<div>
            <dt>${label}</dt>
            <dd>${keys.map((key) => html`<kbd>${key}</kbd> `)} ${isHeld && texts.help.hold}</dd>
          </div>`,
      )}
    </dl>
  <//>`;
}
