/** @file Starts the Studio: who is signed in, and which page an address shows. */

import { render } from "preact";

import { api, session } from "./api.js";
import { html } from "./html.js";
import { announcement, go, hasEnded, info, path, sayError } from "./store.js";
import { texts } from "./texts.js";
import { EditorPage } from "./views/editor_page.js";
import { HomePage } from "./views/home.js";
import { JobsPage } from "./views/jobs.js";
import { MakePage } from "./views/make.js";
import { Messages } from "./views/messages.js";
import { RunPage } from "./views/run.js";
import { SignIn, SignInDialog } from "./views/sign_in.js";

/** @type {[RegExp, (match: RegExpMatchArray) => unknown][]} */
const PAGES = [
  [/^\/studio\/s\/([0-9a-f-]{36})$/, ([, id]) => html`<${EditorPage} key=${id} id=${id} />`],
  [/^\/studio\/new$/, () => html`<${RunPage} />`],
  [/^\/studio\/generate$/, () => html`<${MakePage} key="generate" kind="generate" />`],
  [/^\/studio\/edit$/, () => html`<${MakePage} key="edit" kind="edit" />`],
  [/^\/studio\/jobs$/, () => html`<${JobsPage} />`],
  [/^/, () => html`<${HomePage} />`],
];

function App() {
  const who = info.value;
  if (!who) return html`<p class="empty" role="status">${texts.loading}</p>`;
  return html`
    ${who.signed_in || hasEnded.value ? page(path.value) : html`<${SignIn} />`}
    ${hasEnded.value && html`<${SignInDialog} />`}
    <${Messages} />
    <p class="visually-hidden" role="status" aria-live="polite">${announcement}</p>
  `;
}

/** @param {string} address */
function page(address) {
  for (const [pattern, shown] of PAGES) {
    const match = address.match(pattern);
    if (match) return shown(match);
  }
}

/** Links to pages of the Studio do not load it again. @param {MouseEvent} event */
function followLink(event) {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.download) return;
  if (link.origin !== location.origin || !link.pathname.startsWith("/studio") || link.target || link.hash) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

async function start() {
  session.ended = () => {
    if (info.value?.signed_in) hasEnded.value = true;
  };
  document.addEventListener("click", followLink);
  const root = document.getElementById("app");
  if (root) render(html`<${App} />`, root);
  try {
    info.value = await api.session();
  } catch (error) {
    sayError(error);
    info.value = { signed_in: false };
  }
}

void start();
