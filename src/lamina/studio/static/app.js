// Starts the Studio: renders it into the page.
import { h, render } from "preact";
import htm from "htm";
import { signal } from "@preact/signals";

const html = htm.bind(h);
const title = signal("Lamina Studio");

function App() {
  return html`<main><h1>${title}</h1></main>`;
}

const place = document.getElementById("app");
if (place) render(html`<${App} />`, place);
