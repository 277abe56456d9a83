/** @file Signing in with an API key, as a page, and over a page whose session has ended. */

import { useState } from "preact/hooks";

import { api } from "../api.js";
import { html } from "../html.js";
import { hasEnded, info } from "../store.js";
import { texts } from "../texts.js";
import { Dialog, Field } from "./controls.js";

const t = texts.signIn;

export function SignIn() {
  const wasRefused = new URLSearchParams(location.search).get("link") === "refused";
  return html`<main id="content" class="narrow">
    <h1>${t.heading}</h1>
    ${wasRefused && html`<p class="problem" role="alert">${t.refused}</p>`}
    <${Form} />
    <p class="field-help">${t.link}</p>
  </main>`;
}

export function SignInDialog() {
  return html`<${Dialog} heading=${t.heading} onClose=${null} name="sign-in">
    <p>${t.ended}</p>
    <${Form} />
  <//>`;
}

function Form() {
  const [problem, setProblem] = useState("");
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    try {
      await api.signIn(String(new FormData(form).get("key")).trim());
      info.value = await api.session();
      hasEnded.value = false;
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return html`<form class="stacked" onSubmit=${submit}>
    <${Field} label=${t.key} help=${t.about}>
      <input name="key" type="password" autocomplete="current-password" required autofocus />
    <//>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <button class="button primary">${t.submit}</button>
  </form>`;
}
