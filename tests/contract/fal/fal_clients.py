"""fal's own clients, unmodified, each in a process of its own and told where to go by configuration alone."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdks import node_with, python_with
from serving import PROGRAM, Served, environment_of, lamina
from waiting import ended, next_line

PYTHON = "fal-client 1.0.3"
JAVASCRIPT, OLDER_JAVASCRIPT = "@fal-ai/client 1.10.1", "@fal-ai/client 1.8.5"
RAW = "raw requests"
_PATIENCE_S = 150.0

_PYTHON_BEFORE = """
import asyncio, json, os, time
import fal_client
told = {}
def tell(**facts): told.update(facts)
def wrong(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except Exception as error:
        return {"class": type(error).__name__, "status": getattr(error, "status_code", None),
                "type": getattr(error, "error_type", None), "message": getattr(error, "message", str(error))}
    return None
"""
_PYTHON_AFTER = "\nprint('TOLD ' + json.dumps(told))\n"

# `config.mjs` is the whole of what a user changes
_PROXY_CONFIG = """
import { fal } from "@fal-ai/client";
fal.config({
  credentials: process.env.FAL_KEY,
  proxyUrl: { url: `${process.env.LAMINA_URL}/fal/proxy`, when: "always" },
});
"""
_MIDDLEWARE_CONFIG = """
import { fal } from "@fal-ai/client";
const here = `${process.env.LAMINA_URL}/fal`;
fal.config({
  credentials: process.env.FAL_KEY,
  requestMiddleware: async (request) => ({
    ...request,
    url: request.url
      .replace("https://fal.run", `${here}/run`)
      .replace("https://queue.fal.run", `${here}/queue`)
      .replace(/https:\\/\\/rest(\\.alpha)?\\.fal\\.ai/, `${here}/rest`),
  }),
});
"""
_JAVASCRIPT_BEFORE = """
import { fal } from "@fal-ai/client";
import { readFileSync } from "node:fs";
const told = {};
const tell = (facts) => Object.assign(told, facts);
const wrong = async (call) => {
  try { await call(); } catch (error) {
    return { class: error.constructor.name, name: error.name, status: error.status ?? null, body: error.body ?? null,
             requestId: error.requestId ?? null, fields: error.fieldErrors ?? null };
  }
  return null;
};
"""
_JAVASCRIPT_AFTER = "\nconsole.log('TOLD ' + JSON.stringify(told));\n"


@dataclass(frozen=True)
class Python:
    """fal-client behind the proxy that `lamina connect fal --proxy` runs. `variables`: all that its user sets."""

    interpreter: Path
    variables: Mapping[str, str]

    def run(self, program: str, **given: str) -> dict[str, Any]:
        """What the program tells; `given` is in its environment."""
        return _told(self.output(_PYTHON_BEFORE + program + _PYTHON_AFTER, **given))

    def output(self, program: str, **given: str) -> str:
        return _output([str(self.interpreter), "-c", program], {**self.variables, **given})


@dataclass(frozen=True)
class JavaScript:
    """@fal-ai/client with a configuration module that is loaded before the program."""

    name: str
    place: Path
    variables: Mapping[str, str]

    def run(self, program: str, **given: str) -> dict[str, Any]:
        return _told(self.output(_JAVASCRIPT_BEFORE + program + _JAVASCRIPT_AFTER, **given))

    def output(self, program: str, **given: str) -> str:
        config = self.place / f"config-{os.getpid()}.mjs"
        is_new = self.name == JAVASCRIPT
        config.write_text(_PROXY_CONFIG if is_new else _MIDDLEWARE_CONFIG)
        script = self.place / f"program-{os.getpid()}.mjs"
        script.write_text(program)
        try:
            return _output(["node", "--import", str(config), str(script)], {**self.variables, **given})
        finally:
            config.unlink()
            script.unlink()


def native(fal: Served, path: str, **query: str) -> dict[str, Any]:
    """What Lamina's own API says."""
    answer = fal.client.get(path, params=query, headers={"Authorization": f"Bearer {fal.key}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def new_key(folder: Path, *options: str) -> dict[str, str]:
    """The header of a key that was made for one test."""
    made = lamina(folder, "keys", "create", "--json", *options)
    return {"Authorization": f"Key {json.loads(made.stdout)['key']}"}


@contextmanager
def python_client(served: Served, folder: Path) -> Generator[Python]:
    interpreter = python_with("fal-client==1.0.3")
    with proxied(served, folder) as exports:
        yield Python(interpreter, {**exports, "FAL_KEY": served.key})


def javascript_client(name: str, served: Served) -> JavaScript:
    place = node_with(f"@fal-ai/client@{name.rpartition(' ')[2]}")
    return JavaScript(name, place, {"FAL_KEY": served.key, "LAMINA_URL": served.url})


@contextmanager
def proxied(served: Served, folder: Path) -> Generator[dict[str, str]]:
    """A running `lamina connect fal --proxy`, and the variables that it says to set."""
    arguments = ["connect", "fal", "--proxy", "--proxy-port", "0", "--only", "--url", served.url]
    command = [sys.executable, "-W", "error", "-c", PROGRAM, *arguments]
    process = subprocess.Popen(command, env=environment_of(folder), stdout=subprocess.PIPE, text=True)
    try:
        lines: list[str] = []
        while line := next_line(process, _PATIENCE_S):
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        exports = dict(re.findall(r"^export (HTTPS_PROXY|SSL_CERT_FILE)=(\S+)$", "".join(lines), re.MULTILINE))
        assert set(exports) == {"HTTPS_PROXY", "SSL_CERT_FILE"}, lines  # without them requests would go to fal
        yield exports
    finally:
        process.send_signal(signal.SIGINT)
        ended(process, _PATIENCE_S)
        process.stdout and process.stdout.close()


def _output(command: list[str], variables: Mapping[str, str]) -> str:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    done = subprocess.run(
        command, env={**kept, **variables}, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def _told(output: str) -> dict[str, Any]:
    return json.loads(output.rpartition("TOLD ")[2])
