"""`lamina redirect` as its users meet it: a command that knows vendors' addresses only, and reaches this machine."""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from serving import Served, environment_of, lamina, served
from waiting import ended, ending, joined, next_line, until

ASK = """
import json, ssl, sys, urllib.error, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Ocp-Apim-Subscription-Key": sys.argv[2]})
try:
    print(urllib.request.urlopen(request, timeout=30).status)
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
except urllib.error.URLError as error:
    print("unreachable", error.reason)
"""
STATUS = "https://gateway.pixazo.ai/v2/requests/status/none"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("redirect")


@pytest.fixture(scope="module")
def service(folder: Path) -> Generator[Served]:
    with served(folder) as one:
        yield one


def redirect(service: Served, *arguments: str) -> "subprocess.CompletedProcess[str]":
    port = str(urlsplit(service.url).port)
    return lamina(service.data.parent, "redirect", "--port", port, *arguments)


def ask(service: Served, url: str, *options: str) -> str:
    done = redirect(service, *options, "--", sys.executable, "-c", ASK, url, service.key)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_vendors_address_leads_here_over_tls(service: Served) -> None:
    assert ask(service, STATUS) == '404 {"error":"Endpoint not found"}'


def test_only_the_vendors_that_are_named(service: Served) -> None:
    assert "unreachable" in ask(service, STATUS, "--only", "fal,runware", "--strict")


def test_strict_refuses_other_hosts(service: Served) -> None:
    told = ask(service, "https://example.org/", "--strict")
    assert told.startswith("unreachable")
    assert "403" in told


def test_other_hosts_are_let_through_untouched(service: Served) -> None:
    """A server on this machine, by a name that the proxy does not know as a vendor's: it hears TLS begin."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(60)
        heard: list[bytes] = []

        def hear() -> None:
            connection, _ = other.accept()
            with connection:
                connection.settimeout(60)
                heard.append(connection.recv(3))

        thread = threading.Thread(target=hear)
        thread.start()
        port = other.getsockname()[1]
        code = "import os, socket, sys; os.environ.pop('no_proxy'); os.environ.pop('NO_PROXY');" + ASK
        done = redirect(service, "--", sys.executable, "-c", code, f"https://127.0.0.1:{port}/", "none")
        joined(thread)
    assert done.returncode == 0, done.stderr
    assert heard[0][:2] == b"\x16\x03"  # a TLS handshake, not a CONNECT


def test_this_machine_is_reached_without_the_proxy(service: Served) -> None:
    assert ask(service, f"{service.url}/health", "--strict") == "200"


def test_the_exit_code_is_the_commands(service: Served) -> None:
    assert redirect(service, "--", sys.executable, "-c", "raise SystemExit(7)").returncode == 7
    assert redirect(service, "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)").returncode == 137


def test_options_after_the_command_are_the_commands(service: Served) -> None:
    done = redirect(service, sys.executable, "-c", "import sys; print(sys.argv[1:])", "--only", "x")
    assert done.stdout.strip() == "['--only', 'x']"


def test_a_command_that_is_not_there(service: Served) -> None:
    done = redirect(service, "--", "no-such-command")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no command 'no-such-command'." in done.stderr


def test_a_vendor_that_is_none(service: Served) -> None:
    done = redirect(service, "--only", "pixazo,replicate", "--", "true")
    assert done.returncode == 2
    assert "'replicate' is not one of pixazo, fal, runware" in done.stderr


def test_a_server_is_started_where_none_runs_and_ended_after(tmp_path: Path) -> None:
    """Its first key is told."""
    done = lamina(
        tmp_path, "redirect", "--port", "0", "--", sys.executable, "-c", ASK, STATUS, "wrong",
        LAMINA_WARM_UP="false",
    )  # fmt: skip
    assert done.stdout.strip() == '401 {"error":"Invalid or missing authentication"}'
    address = next(line.split()[1] for line in done.stderr.splitlines() if line.strip().startswith("API"))
    assert "Key" in done.stderr
    parts = urlsplit(address)
    with socket.socket() as probe:
        assert probe.connect_ex((str(parts.hostname), parts.port or 0)) != 0, "the server is still there"
    assert "Finished server process" in (tmp_path / "data" / "redirect-server.log").read_text()


def test_another_server_that_is_well_is_not_taken_for_lamina(tmp_path: Path) -> None:
    """It would hear keys that are none of its business; a Lamina is started instead."""

    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"status": "ok"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as other:
        thread = threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            done = lamina(
                tmp_path,
                *("redirect", "--port", str(other.server_port), "--", sys.executable, "-c", ASK, STATUS, "wrong"),
                LAMINA_WARM_UP="false",
            )
        finally:
            other.shutdown()
            joined(thread)
    assert done.stdout.strip() == '401 {"error":"Invalid or missing authentication"}', done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_server_that_was_started_goes_with_whoever_started_it(tmp_path: Path, number: signal.Signals) -> None:
    """Though nobody is there yet, or any more, to end it in good order."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lamina", "redirect", "--port", "0", "--", "sh", "-c", "echo ready; exec cat"],
        env=environment_of(tmp_path, LAMINA_WARM_UP="false"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with ending(process):
        if number is signal.SIGKILL:
            assert next_line(process) == "ready\n"
        server = os.pidfd_open(first_child_of(process))
        process.send_signal(number)
        assert ended(process) == (-number if number is signal.SIGKILL else 128 + number)
        assert select.select([server], [], [], 60)[0], "the server is still there"
    os.close(server)


def first_child_of(process: "subprocess.Popen[str]") -> int:
    """Its id, as soon as there is one."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def found() -> list[str]:
        assert process.poll() is None
        return children.read_text().split()

    return int(until(found, "the command starts a server", look_s=0.001)[0])


def test_being_told_to_end_ends_the_command(service: Served) -> None:
    code = "import time; print('ready', flush=True); time.sleep(600)"
    port = str(urlsplit(service.url).port)
    process = subprocess.Popen(
        [sys.executable, "-m", "lamina", "redirect", "--port", port, "--", sys.executable, "-c", code],
        env=environment_of(service.data.parent),
        stdout=subprocess.PIPE,
        text=True,
    )
    with ending(process):
        assert next_line(process) == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert ended(process) == 128 + signal.SIGTERM


NODE = """
const https = require('https');
const { once } = require('events');
const tls = require('tls');
async function main() {
  const url = process.argv[2];
  const answer = await fetch(url);
  console.log('fetch', answer.status, await answer.text());
  const [response] = await once(https.get(url), 'response');
  response.resume();
  console.log('https', response.statusCode);
  const socket = tls.connect(443, 'gateway.pixazo.ai', { servername: 'gateway.pixazo.ai' });
  await once(socket, 'secureConnect');
  console.log('tls', socket.authorized);
  socket.destroy();
  const body = 'x'.repeat(3 << 20);
  const large = await fetch(url, { method: 'POST', body });
  console.log('large', large.status);
  const others = await fetch('https://example.org/').then(() => 'reached', (error) => error.cause.message);
  console.log('others', others);
  const plain = await fetch('http://example.org/').then(() => 'reached', (error) => error.cause.message);
  console.log('plain', plain);
  console.log('here', await fetch(process.argv[3]).then((answer) => answer.status));
}
main();
"""


def test_node_is_redirected_in_all_its_ways(service: Served, tmp_path: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("no node was found: install the distribution's nodejs")
    (tmp_path / "ask.js").write_text(NODE)
    done = redirect(service, "--strict", "--", "node", str(tmp_path / "ask.js"), STATUS, f"{service.url}/health")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        'fetch 401 {"error":"Invalid or missing authentication"}',
        "https 401",
        "tls true",
        "large 404",
        "others the proxy answers: HTTP/1.1 403 Forbidden",
        "plain Lamina lets nothing through to example.org",
        "here 200",
    ]
