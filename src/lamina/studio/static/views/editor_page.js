/** @file The page of a project: bar, tools, stage, layers, properties, and what opens over them. */

import { useEffect, useMemo } from "preact/hooks";
import { signal } from "@preact/signals";

import { ACTIONS, perform } from "../actions.js";
import { ApiError, api } from "../api.js";
import { backdrop, Editor } from "../editor.js";
import { html } from "../html.js";
import { actionOf } from "../keys.js";
import { go, say, sayError } from "../store.js";
import { texts } from "../texts.js";
import { ActionButton, Dialog, Icon, ProgressBar } from "./controls.js";
import { Difference } from "./difference.js";
import { ExportPanel } from "./export_panel.js";
import { Help } from "./help.js";
import { History } from "./history.js";
import { LayerList } from "./layers.js";
import { Properties } from "./properties.js";
import { Stage } from "./stage.js";

const t = texts.editor;
const REFRESH_MS = 5000;
const TOOLS = /** @type {const} */ ([["toolMove", "move", "move"], ["toolBox", "box", "box"], ["toolPoint", "point", "point"], ["toolHand", "hand", "hand"]]);

/** Which panel is open where there is room for one only. @type {import("@preact/signals").Signal<"" | "layers" | "properties">} */
const sheet = signal("");

/** @param {{id: string}} props */
export function EditorPage({ id }) {
  const editor = useMemo(() => new Editor(id), [id]);
  useEffect(() => {
    editor.open().catch((error) => {
      if (!(error instanceof ApiError) || error.status !== 404) return sayError(error);
      say(t.missing, { isError: true });
      go("/studio");
    });
    const timer = setInterval(() => document.hidden || void editor.session.refresh(), REFRESH_MS);
    const seen = () => document.hidden || void editor.session.refresh();
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (document.querySelector("dialog[open]") && event.key !== "?") return;
      const action = actionOf(event);
      if (!action) return;
      event.preventDefault();
      void perform(editor, action);
    };
    document.addEventListener("visibilitychange", seen);
    addEventListener("keydown", pressed);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
      removeEventListener("keydown", pressed);
      editor.close();
    };
  }, [editor]);
  const isGone = editor.session.state.value === "gone";
  useEffect(() => {
    if (!isGone) return;
    say(t.missing, { isError: true });
    go("/studio");
  }, [isGone]);
  const stack = editor.stack.value;
  useEffect(() => {
    document.title = stack ? `${stack.name} – ${texts.title}` : texts.title;
  }, [stack?.name]);
  return html`<div class="editor" data-sheet=${sheet.value}>
    <${Bar} editor=${editor} />
    <nav class="tools" aria-label=${t.tools}>
      ${TOOLS.map(([action, tool, icon]) => html`<${ActionButton} editor=${editor} action=${action} icon=${icon} isPressed=${editor.tool.value === tool} />`)}
      <${BackdropButton} />
    </nav>
    <main id="content" class="stage-area">
      ${!stack && html`<p class="empty">${texts.loading}</p>`}
      <${Stage} editor=${editor} />
      <${ProposalBar} editor=${editor} />
      <${Difference} editor=${editor} />
    </main>
    <aside class="side">
      <${LayerList} editor=${editor} />
      <${Properties} editor=${editor} />
    </aside>
    <div class="sheet-buttons">
      ${/** @type {const} */ (["layers", "properties"]).map(
        (name) => html`<button type="button" class="button" aria-expanded=${sheet.value === name}
          onClick=${() => (sheet.value = sheet.value === name ? "" : name)}>${name === "layers" ? t.layersButton : t.propertiesButton}</button>`,
      )}
    </div>
    ${editor.panel.value === "export" && html`<${ExportPanel} editor=${editor} />`}
    ${editor.panel.value === "history" && html`<${History} editor=${editor} />`}
    ${editor.panel.value === "help" && html`<${Help} onClose=${() => (editor.panel.value = "")} />`}
    ${editor.session.state.value === "conflict" && html`<${Conflict} editor=${editor} />`}
  </div>`;
}

/** @param {{editor: Editor}} props */
function Bar({ editor }) {
  const stack = editor.stack.value;
  const { value: state } = editor.session.state;
  /** @param {Event} event */
  const rename = async (event) => {
    const input = /** @type {HTMLInputElement} */ (event.currentTarget);
    const name = input.value.trim();
    if (!stack || !name || name === stack.name) return void (input.value = stack?.name ?? "");
    if (!(await editor.session.run(() => api.rename(editor.id, name)))) input.value = stack.name;
  };
  /** Leaves the field, so that keys are those of the editor again. @param {KeyboardEvent} event */
  const pressed = (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    const input = /** @type {HTMLInputElement} */ (event.currentTarget);
    if (event.key === "Escape") input.value = stack?.name ?? "";
    input.blur();
  };
  return html`<header class="bar">
    <a class="icon-button" href="/studio" aria-label=${texts.nav.home} title=${texts.nav.home}><${Icon} name="home" /></a>
    <h1 class="visually-hidden">${stack?.name ?? texts.title}</h1>
    <input class="project-name" aria-label=${t.projectName} maxlength="200" value=${stack?.name ?? ""} onChange=${rename} onKeyDown=${pressed} />
    <span class=${`save-state is-${state}`} role="status">${state === "saved" && editor.session.isBusy.value ? t.states.saving : t.states[state]}</span>
    <span class="spacer"></span>
    <${ActionButton} editor=${editor} action="undo" icon="undo" />
    <${ActionButton} editor=${editor} action="redo" icon="redo" />
    <${ActionButton} editor=${editor} action="history" icon="history" />
    <span class="separator"></span>
    <${ActionButton} editor=${editor} action="zoomOut" icon="zoom-out" />
    <button type="button" class="button zoom" title=${ACTIONS.actual.label} onClick=${() => void perform(editor, "actual")}>${t.zoom(editor.view.value.scale)}</button>
    <${ActionButton} editor=${editor} action="zoomIn" icon="zoom-in" />
    <${ActionButton} editor=${editor} action="fit" icon="fit" />
    <span class="separator"></span>
    <${CompareButton} editor=${editor} />
    <${ActionButton} editor=${editor} action="difference" icon="difference" isPressed=${editor.shows.value === "difference"} />
    <${ActionButton} editor=${editor} action="help" icon="help" />
    <button type="button" class="button primary" onClick=${() => void perform(editor, "export")}>${t.export}</button>
  </header>`;
}

/** Shows the original while it is pressed. @param {{editor: Editor}} props */
function CompareButton({ editor }) {
  const show = () => (editor.shows.value = "original");
  const hide = () => editor.shows.value === "original" && (editor.shows.value = "layers");
  /** @param {KeyboardEvent} event */
  const pressed = (event) => (event.key === " " || event.key === "Enter") && show();
  return html`<button type="button" class="icon-button" aria-label=${t.compare} title=${`${t.compare} (\\)`} aria-pressed=${editor.shows.value === "original"}
    onPointerDown=${show} onPointerUp=${hide} onPointerLeave=${hide} onKeyDown=${pressed} onKeyUp=${hide} onBlur=${hide}><${Icon} name="compare" /></button>`;
}

function BackdropButton() {
  const names = Object.keys(t.backgrounds);
  const label = `${t.background}: ${t.backgrounds[/** @type {keyof typeof t.backgrounds} */ (backdrop.value)]}`;
  const next = () => (backdrop.value = names[(names.indexOf(backdrop.value) + 1) % names.length]);
  return html`<button type="button" class="icon-button" aria-label=${label} title=${label} onClick=${next}><${Icon} name="backdrop" /></button>`;
}

/** @param {{editor: Editor}} props */
function ProposalBar({ editor }) {
  const proposal = editor.proposal.value;
  if (!proposal) return null;
  const { job, what } = proposal;
  const isReady = job.state === "succeeded" && !proposal.isAutomatic;
  const made = job.result?.layers.at(-1) ?? job.result?.pictures[0];
  return html`<div class="proposal" role="group" aria-label=${what}>
    ${isReady
      ? html`<p>${what}</p>
          ${made && html`<img class="proposal-picture" src=${made.url} alt=${what} />`}
          ${job.result?.notes.map((note) => html`<p class="field-help proposal-note">${note}</p>`)}
          <div class="button-row">
            <button type="button" class="button primary" disabled=${editor.isAccepting.value} onClick=${() => void editor.accept()}>${texts.proposals.accept}</button>
            <button type="button" class="button" disabled=${editor.isAccepting.value} onClick=${() => void editor.discard()}>${texts.proposals.discard}</button>
          </div>`
      : html`<${ProgressBar} label=${texts.proposals.working(what)} share=${job.progress?.share ?? null} />
          <button type="button" class="button" onClick=${() => void editor.discard()}>${texts.cancel}</button>`}
  </div>`;
}

/** @param {{editor: Editor}} props */
function Conflict({ editor }) {
  const { session } = editor;
  const c = texts.conflict;
  return html`<${Dialog} heading=${c.heading} onClose=${null} name="conflict">
    <p>${c.about}</p>
    <div class="choices">
      <button type="button" class="button primary" onClick=${() => session.resolve("mine").catch(sayError)}>${c.mine}</button>
      <span>${c.mineHelp}</span>
      <button type="button" class="button" onClick=${() => session.resolve("theirs").catch(sayError)}>${c.theirs}</button>
      <span>${c.theirsHelp}</span>
    </div>
  <//>`;
}
