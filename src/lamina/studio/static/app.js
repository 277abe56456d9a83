/** @file Starts the Studio: who is signed in, and which page an address shows. */

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

import { api, session } from "./api.js";
import { html } from "./html.js";
import { announcement, go, hasEnded, info, path, sayError } from "./store.js";
import { texts } from "./texts.js";
import { HomePage } from "./views/home.js";
import { Messages } from "./views/messages.js";
import { SignIn, SignInDialog } from "./views/sign_in.js";

/** Pages other than the first are loaded when they are opened. @type {[RegExp, () => Promise<any>, string, (match: string[]) => object][]} */
const PAGES = [
  [/^\/studio\/s\/([0-9a-f-]{36})$/, () => import("./views/editor_page.js"), "EditorPage", ([, id]) => ({ id, key: id })],
  [/^\/studio\/new$/, () => import("./views/run.js"), "RunPage", () => ({ key: location.search })],
  [/^\/studio\/(generate|edit)$/, () => import("./views/make.js"), "MakePage", ([, kind]) => ({ kind, key: kind })],
  [/^\/studio\/jobs$/, () => import("./views/jobs.js"), "JobsPage", () => ({})],
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
  for (const [pattern, load, name, propertiesOf] of PAGES) {
    const match = address.match(pattern);
    if (match) return html`<${Loaded} key=${name} load=${load} name=${name} properties=${propertiesOf(match)} />`;
  }
  return html`<${HomePage} />`;
}

/** A page whose files are loaded first. @param {{load: () => Promise<any>, name: string, properties: object}} props */
function Loaded({ load, name, properties }) {
  const [module, setModule] = useState(/** @type {any} */ (null));
  useEffect(() => {
    load().then(setModule, () => location.reload()); // the server has other files now
  }, [name]);
  return module ? html`<${module[name]} ...${properties} />` : html`<p class="empty" role="status">${texts.loading}</p>`;
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
  const icon = document.querySelector("link[rel=icon]");
  if (icon instanceof HTMLLinkElement) icon.href = new URL(icon.href).href; // addresses of pages differ in depth
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
    info.value = { signed_in: false, limits: null };
  }
}

void start();
