/** @file The frame of the pages other than the editor: navigation and content. */

import { useEffect } from "preact/hooks";

import { api } from "../api.js";
import { html } from "../html.js";
import { info, path, sayError } from "../store.js";
import { texts } from "../texts.js";

const t = texts.nav;
const LINKS = [["/studio", t.home], ["/studio/generate", t.generate], ["/studio/edit", t.edit], ["/studio/jobs", t.jobs]];

/** @param {{heading: string, children?: unknown, name?: string}} props */
export function Frame({ heading, children, name = "" }) {
  useEffect(() => {
    document.title = `${heading} – ${texts.title}`;
  }, [heading]);
  const signOut = async () => {
    try {
      await api.signOut();
      info.value = await api.session();
    } catch (error) {
      sayError(error);
    }
  };
  return html`<div class=${`page ${name}`}>
    <a class="skip" href="#content">${t.skip}</a>
    <header class="page-bar">
      <span class="brand">Lamina</span>
      <nav aria-label=${texts.title}>
        ${LINKS.map(([href, label]) => html`<a href=${href} aria-current=${path.value === href ? "page" : undefined}>${label}</a>`)}
      </nav>
      <span class="spacer"></span>
      <button type="button" class="button quiet" onClick=${signOut}>${t.signOut}</button>
    </header>
    <main id="content" tabindex="-1">
      <h1>${heading}</h1>
      ${children}
    </main>
  </div>`;
}
