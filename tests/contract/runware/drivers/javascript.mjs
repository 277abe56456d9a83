// Drives @runware/sdk-js (1.3): a line of JSON {url, key}, then a line {calls} each, answered by {results}.
// It is run in the folder whose node_modules has the SDK.
import dns from "node:dns";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const here = createRequire(`${process.cwd()}/package.json`);
const { Runware } = await import(pathToFileURL(here.resolve("@runware/sdk-js").replace("index.cjs", "index.js")));
const resolve = dns.lookup;
dns.lookup = (host, ...rest) => {
  if (host !== "127.0.0.1" && host !== "localhost") throw new Error(`${host} is not of this machine`);
  return resolve(host, ...rest);
};
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function run(client, call) {
  const partial = [];
  const given = { ...call.with };
  if (given.partial) {
    delete given.partial;
    given.onPartialImages = (images, error) => partial.push(images?.length ? images : error);
  }
  if (call.do === "modelUpload") given.onUploadStream = (state, error) => partial.push(state ?? error);
  try {
    return { result: await client[call.do](given), partial };
  } catch (error) {
    return { error: error instanceof Error ? { message: error.message } : error, partial };
  }
}

let client;
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (!client) {
    const address = told.url ? { url: told.url.replace("http", "ws") + told.path } : {};
    client = new Runware({ apiKey: told.key, ...address, timeoutDuration: 60000 });
    try {
      await client.ensureConnection();
      say({ connected: true });
    } catch (error) {
      say({ connected: false, message: String(error?.message ?? error) });
      break;
    }
    continue;
  }
  say({ results: await Promise.all(told.calls.map((call) => run(client, call))) });
}
process.exit(0);
