/** @file Requests to the server: the only file that calls it. Errors are `ApiError`, also when it cannot be reached. */

import { texts } from "./texts.js";

/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./types.js").Stack} Stack */
/** @typedef {import("./types.js").Operation} Operation */

export class ApiError extends Error {
  /** @param {number} status 0 if the server was not reached @param {{detail?: string, code?: string, hint?: string, revision?: number, errors?: {loc: (string|number)[], msg: string}[]}} problem */
  constructor(status, problem) {
    const fields = problem.errors?.map(({ loc, msg }) => `${loc.slice(1).join(".")}: ${msg}`).join(" ") ?? "";
    super([problem.detail, fields].filter(Boolean).join(" ") || texts.errors.status(status));
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "";
    this.hint = problem.hint ?? "";
    this.revision = problem.revision ?? null;
  }

  /** Whether the same request may work later: the server was not reached, or is at fault. */
  get isTemporary() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Called when the session has ended, so that the page can ask to sign in again. @type {{ended: () => void}} */
export const session = { ended: () => {} };

/**
 * @param {string} method @param {string} path
 * @param {{json?: unknown, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<Response>}
 */
async function send(method, path, { json, headers = {}, signal } = {}) {
  const body = json === undefined ? undefined : JSON.stringify(json);
  const sent = body === undefined ? headers : { "Content-Type": "application/json", ...headers };
  let response;
  try {
    response = await fetch(path, { method, body, headers: sent, signal, credentials: "same-origin" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, { detail: texts.errors.unreachable, hint: texts.errors.unreachableHint });
  }
  if (response.ok || response.status === 304) return response;
  if (response.status === 401) session.ended();
  throw new ApiError(response.status, problemIn(await response.text()));
}

/** @param {string} text of a response */
function problemIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** @param {string} method @param {string} path @param {Parameters<typeof send>[2]} [options] @returns {Promise<any>} */
async function json(method, path, options) {
  const response = await send(method, path, options);
  return response.status === 204 ? null : JSON.parse(await response.text(), ownAddress);
}

/**
 * Addresses of files without their host: it is the one that the server knows, which need not be the one of this page.
 * @param {string} name @param {unknown} value
 */
function ownAddress(name, value) {
  if ((name !== "url" && name !== "preview") || typeof value !== "string" || !URL.canParse(value)) return value;
  const { pathname, search } = new URL(value);
  return /^\/(v1|files)\//.test(pathname) ? pathname + search : value;
}

/** @param {number} revision */
const ifMatch = (revision) => ({ headers: { "If-Match": `"${revision}"` } });

/** @param {Record<string, string | number | boolean | null | undefined>} fields */
function query(fields) {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

export const api = {
  /** @returns {Promise<any>} */
  session: () => json("GET", "/studio/session"),
  /** @param {string} key */
  signIn: (key) => json("POST", "/studio/session", { json: { key } }),
  signOut: () => json("DELETE", "/studio/session"),

  /** The fonts of the server. @returns {Promise<import("./types.js").Family[]>} */
  fonts: async () => (await json("GET", "/studio/fonts")).families,

  /** @returns {Promise<import("./types.js").Model[]>} */
  models: async () => (await json("GET", "/v1/models")).models,

  /** Whether jobs are charged to the key; else prices are only what others would take. @returns {Promise<boolean>} */
  isMetered: async () => (await json("GET", "/v1/wallet")).is_metered,

  /** @param {string} url @returns {Promise<import("./types.js").StoredFile>} */
  uploadAddress: (url) => json("POST", "/v1/files", { json: { url } }),
  /** @param {string} id @returns {Promise<import("./types.js").StoredFile>} */
  file: (id) => json("GET", `/v1/files/${id}`),

  /** @param {"decompositions" | "generations" | "edits"} kind @param {object} fields @param {string} once @returns {Promise<Job>} */
  submit: (kind, fields, once) => json("POST", `/v1/${kind}`, { json: fields, headers: { "Idempotency-Key": once } }),
  /** @param {string} id @returns {Promise<Job>} */
  job: (id) => json("GET", `/v1/jobs/${id}`),
  /** @param {{before?: string | null, state?: string, limit?: number}} [fields] @returns {Promise<{jobs: Job[], next: string | null}>} */
  jobs: (fields = {}) => json("GET", `/v1/jobs${query(fields)}`),
  /** @param {string} id @returns {Promise<Job>} */
  cancel: (id) => json("POST", `/v1/jobs/${id}/cancel`),
  /** @param {string} id */
  removeJob: (id) => json("DELETE", `/v1/jobs/${id}`),

  /** @param {{before?: string | null, limit?: number}} [fields] @returns {Promise<{stacks: import("./types.js").StackSummary[], next: string | null}>} */
  stacks: (fields = {}) => json("GET", `/v1/stacks${query(fields)}`),
  /** @param {string} id @returns {Promise<Stack>} */
  stack: (id) => json("GET", `/v1/stacks/${id}`),
  /** @param {{source: string, name?: string}} fields @param {string} once @returns {Promise<Stack>} */
  createStack: (fields, once) => json("POST", "/v1/stacks", { json: fields, headers: { "Idempotency-Key": once } }),
  /** @param {string} id @param {Operation[]} operations @param {number} revision @returns {Promise<Stack>} */
  edit: (id, operations, revision) => json("PATCH", `/v1/stacks/${id}`, { json: { operations }, ...ifMatch(revision) }),
  /** @param {string} id @param {string} name @returns {Promise<Stack>} */
  rename: (id, name) => json("PATCH", `/v1/stacks/${id}`, { json: { name }, headers: { "If-Match": "*" } }),
  /** @param {string} id @param {number} revision @returns {Promise<Stack>} */
  undo: (id, revision) => json("POST", `/v1/stacks/${id}/undo`, ifMatch(revision)),
  /** @param {string} id @param {number} revision @returns {Promise<Stack>} */
  redo: (id, revision) => json("POST", `/v1/stacks/${id}/redo`, ifMatch(revision)),
  /** @param {string} id @param {number | null} [before] @returns {Promise<{revisions: import("./types.js").Revision[], next: number | null}>} */
  revisions: (id, before = null) => json("GET", `/v1/stacks/${id}/revisions${query({ before, limit: 30 })}`),
  /** @param {string} id @param {string} source @param {number} revision @returns {Promise<{stack: Stack, is_empty: boolean, sentences: string[]}>} */
  takeBack: (id, source, revision) => json("POST", `/v1/stacks/${id}/revisions`, { json: { source }, ...ifMatch(revision) }),
  /** @param {string} id */
  removeStack: (id) => json("DELETE", `/v1/stacks/${id}`),

  /** @param {string} id @param {object} fields @returns {Promise<{price_usd: string, job: Job | null}>} */
  propose: (id, fields) => json("POST", `/v1/stacks/${id}/proposals`, { json: fields }),
  /** @param {string} id @returns {Promise<{proposals: import("./types.js").OpenProposal[]}>} */
  proposals: (id) => json("GET", `/v1/stacks/${id}/proposals`),
  /** @param {string} id @param {string} job @param {number} revision @returns {Promise<Stack>} */
  accept: (id, job, revision) => json("POST", `/v1/stacks/${id}/proposals/${job}/accept`, ifMatch(revision)),
  /** @param {string} id @param {string} job */
  discard: (id, job) => json("DELETE", `/v1/stacks/${id}/proposals/${job}`),

  /** The bytes of an address of this server. @param {string} path @returns {Promise<Blob>} */
  content: async (path) => (await send("GET", path)).blob(),
};

/** @param {string} id @param {{size?: number, revision?: number, v?: number}} fields */
export const previewPath = (id, fields) => `/v1/stacks/${id}/preview.png${query(fields)}`;
/** @param {string} id @param {string} ending @param {Record<string, boolean>} options */
export const exportPath = (id, ending, options = {}) => `/v1/stacks/${id}.${ending}${query(options)}`;

/** A new `Idempotency-Key`. */
export const once = () => `studio-${Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("")}`;

/**
 * Uploads a file; `progress` gets the share that is sent, 0 to 1.
 * @param {File | Blob} file @param {string} name @param {(share: number) => void} [progress] @param {AbortSignal} [signal]
 * @returns {Promise<import("./types.js").StoredFile>}
 */
export function upload(file, name, progress = () => {}, signal) {
  const form = new FormData();
  form.append("file", file, name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much is sent
    request.open("POST", "/v1/files");
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () => {
      if (request.status === 201) return resolve(JSON.parse(request.responseText, ownAddress));
      if (request.status === 401) session.ended();
      reject(new ApiError(request.status, problemIn(request.responseText)));
    };
    request.onerror = () => reject(new ApiError(0, { detail: texts.errors.unreachable, hint: texts.errors.unreachableHint }));
    request.onabort = () => reject(new DOMException("Aborted", "AbortError"));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

const ENDED = new Set(["succeeded", "failed", "errored", "cancelled"]);
const POLL_MS = 2000;

/** @param {Job} job */
export const isEnded = (job) => ENDED.has(job.state);

/**
 * Follows a job to its end; `shown` gets it whenever something has changed. Connections that break are made again.
 * @param {string} id @param {(job: Job) => void} shown @param {AbortSignal} signal @returns {Promise<Job>}
 */
export function follow(id, shown, signal) {
  return new Promise((resolve, reject) => {
    let isDone = false;
    const events = new EventSource(`/v1/jobs/${id}/events`);
    const timer = setInterval(() => void look(), POLL_MS); // the place in the queue is not among the events
    /** @param {() => void} then */
    const end = (then) => {
      if (isDone) return;
      isDone = true;
      events.close();
      clearInterval(timer);
      then();
    };
    let isLooking = false;
    const look = async () => {
      if (isLooking || isDone) return;
      isLooking = true;
      try {
        const job = await api.job(id);
        if (isDone) return;
        shown(job);
        if (isEnded(job)) end(() => resolve(job));
      } catch (error) {
        if (!(error instanceof ApiError && (error.isTemporary || error.status === 401))) end(() => reject(error));
      } finally {
        isLooking = false;
      }
    };
    for (const kind of ["state", "progress"]) events.addEventListener(kind, () => void look());
    events.onerror = () => void look();
    signal.addEventListener("abort", () => end(() => reject(new DOMException("Aborted", "AbortError"))), { once: true });
    void look();
  });
}

/** The log of a job that has ended: its states, and the lines that its engine wrote. @param {string} id */
export async function logOf(id) {
  const stream = await (await send("GET", `/v1/jobs/${id}/events`)).text();
  const events = stream.split(/\n\n/).flatMap((block) => {
    const [kind, data] = ["event", "data"].map((name) => block.match(new RegExp(`^${name}: ?(.*)$`, "m"))?.[1]);
    return data ? [{ kind, ...JSON.parse(data) }] : [];
  });
  const lines = events.filter(({ kind }) => kind === "state" || kind === "log");
  return lines.map((event) => `${event.at}  ${event.line ?? [event.state, event.why, event.message].filter(Boolean).join(": ")}`).join("\n");
}
