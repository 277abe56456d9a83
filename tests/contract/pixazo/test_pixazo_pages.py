"""Every code sample of Pixazo's pages, as printed, under `lamina redirect`: only keys, pictures and ids are ours."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asking import EDIT_PLUS, LAYERED, MAX, MAX_EDIT, TRAINER, Pixazo, data_uri
from compat import shows
from page_samples import FAMILY_PAGE, LAYERED_PAGE, TEXT_PAGE, Sample, bodies_of, samples_of, with_files

from sdks import python_with
from serving import environment_of, files_served, poster

_RUN_S = 300
_QUEUED = r"""["']?status["']?: ?["']QUEUED["']"""
_COMPLETED = r"""["']?status["']?: ?["']COMPLETED["']"""
_UNAUTHORISED = "Invalid or missing authentication"
_KEY_LINES = {
    "python": ('"Content-Type": "application/json"', '"Content-Type": "application/json", "{name}": "{key}"'),
    "node": ("'Content-Type': 'application/json'", "'Content-Type': 'application/json', '{name}': '{key}'"),
    "curl": ('-H "Content-Type: application/json"', '-H "Content-Type: application/json" -H "{name}: {key}"'),
}
_COMMANDS = {
    "python": "'{python}' '{file}'",
    "node": "node '{file}'",
    "curl": "bash '{file}'",
    "status_curl": "bash '{file}'",
    "one_line_curl": "bash '{file}'",
    "java": "java '{file}'",
    "php": "php '{file}'",
}
_ENDINGS = {"python": ".py", "node": ".js", "java": ".java", "php": ".php"}
_NEEDED = {"node": "nodejs", "curl": "curl", "java": "default-jdk-headless", "php": "php-cli and php-curl"}
THREE, FIVE = ("python", "node", "curl"), ("python", "node", "curl", "java", "php")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Runs = Mapping[str, Ran]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of a server of pictures."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "sample.png").write_bytes(poster())

    with files_served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def languages() -> Path:
    """A Python with requests; the other languages are the machine's."""
    for command, package in _NEEDED.items():
        if shutil.which(command) is None:
            pytest.skip(f"no {command} was found: install the distribution's {package}")
    return python_with("requests==2.32.5")


@pytest.fixture(scope="module")
def layered_page(older: Pixazo, files: str, languages: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Against the older generation, which is that page's."""
    done = older.post(LAYERED, {"image_url": data_uri()}).json()["request_id"]
    older.ended(done)
    return ran(samples_of(LAYERED_PAGE), older, files, {"": done}, languages, tmp_path_factory.mktemp("layered"))


@pytest.fixture(scope="module")
def family_page(pixazo: Pixazo, files: str, languages: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    samples = samples_of(FAMILY_PAGE)
    samples += [mended for one in samples if (mended := with_key(one))]
    return ran(samples, pixazo, files, ended_jobs(pixazo), languages, tmp_path_factory.mktemp("family"))


@pytest.fixture(scope="module")
def text_page(pixazo: Pixazo, files: str, languages: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    samples = samples_of(TEXT_PAGE)
    python = next(one for one in samples if one.kind == "python")
    samples.append(Sample("python", 1, python.code.replace(": true", ": True")))
    return ran(samples, pixazo, files, {}, languages, tmp_path_factory.mktemp("text"))


@shows("Samples of the pages, unchanged", "qwen-image-layered: submit", by="Python, Node, curl, Java, PHP")
@pytest.mark.parametrize("kind", FIVE)
def test_a_submit_of_the_layered_page(layered_page: Runs, kind: str) -> None:
    assert_matches(layered_page[f"{kind}-0"], r"""["']?status["']?: ?["']IN_QUEUE["']""", "response_url")


@shows("Samples of the pages, unchanged", "qwen-image-layered: result", by="Python, Node, curl, Java, PHP")
@pytest.mark.parametrize("kind", FIVE)
def test_a_result_of_the_layered_page(layered_page: Runs, kind: str) -> None:
    assert_matches(layered_page[f"{kind}-1"], _COMPLETED, "images")


@shows("Samples of the pages, unchanged", "qwen-image: text to image", by="Node, curl, Java, PHP")
@pytest.mark.parametrize("kind", FIVE[1:])
def test_the_page_of_text_to_image(text_page: Runs, kind: str) -> None:
    assert_matches(text_page[f"{kind}-0"], "task_metric", "SUCCEEDED", "image_count", "description")


@shows("Samples of the pages, broken as they are printed", "qwen-image: text to image: true for True", by="Python")
@shows("Samples of the pages, mended", "qwen-image: text to image: True for true", by="Python")
def test_the_python_of_that_page_is_broken_as_it_is_printed(text_page: Runs) -> None:
    broken = text_page["python-0"]
    assert broken.code == 1
    assert "NameError: name 'true' is not defined" in broken.err
    assert_matches(text_page["python-1"], "task_metric", "SUCCEEDED", "image_count", "description")


@shows("Samples of the pages, unchanged", "qwen-image-max-edit: submit", by="Python, Node, curl")
@pytest.mark.parametrize("kind", THREE)
def test_qwen_image_max_edit_of_the_family(family_page: Runs, kind: str) -> None:
    assert_matches(family_page[f"{kind}-0"], _QUEUED, "qwen-image-max-edit_01", "polling_url")


@shows("Samples of the pages, unchanged", "qwen-image-max: submit", by="Python, Node, curl")
@pytest.mark.parametrize("kind", THREE)
def test_qwen_image_max_of_the_family(family_page: Runs, kind: str) -> None:
    assert_matches(family_page[f"{kind}-1"], _QUEUED, "qwen-image-max_01", "polling_url")


@shows("Samples of the pages, unchanged", "qwen-image-edit", by="Python, Node, curl")
@pytest.mark.parametrize("kind", THREE)
def test_qwen_image_edit_of_the_family(family_page: Runs, kind: str) -> None:
    assert_matches(family_page[f"{kind}-2"], r"""["']?status_code["']?: ?200""", "input_tokens", "image_count")


@shows("Samples of the pages, unchanged", "qwen-image", by="Python, Node, curl")
@pytest.mark.parametrize("kind", THREE)
def test_qwen_image_of_the_family(family_page: Runs, kind: str) -> None:
    assert_matches(family_page[f"{kind}-3"], "images", "file_name", "content_type", "description")


@shows("Samples of the pages, unchanged", "qwen-image-edit-plus-lora: no key, so 401", by="Python, Node, curl")
@shows("Samples of the pages, mended", "qwen-image-edit-plus-lora: with a key", by="Python, Node, curl")
@pytest.mark.parametrize("kind", THREE)
def test_qwen_image_edit_plus_lora_of_the_family(family_page: Runs, kind: str) -> None:
    assert_matches(family_page[f"{kind}-4"], _UNAUTHORISED)
    assert_matches(family_page[f"{kind}-with-key-4"], _QUEUED, "qwen-image-edit-plus-lora_01")


@shows("Samples of the pages, unchanged", "qwen-image-edit-plus-trainer: submit", by="Python, Node, curl")
@pytest.mark.parametrize("kind", THREE)
def test_the_trainer_of_the_family(family_page: Runs, kind: str) -> None:
    assert_matches(family_page[f"{kind}-5"], _QUEUED, "qwen-image-edit-plus-trainer_01")


@shows("Samples of the pages, unchanged", "qwen-image-layered: submit, newer page", by="Python, Node, curl")
@pytest.mark.parametrize("kind", THREE)
def test_qwen_image_layered_of_the_family(family_page: Runs, kind: str) -> None:
    assert_matches(family_page[f"{kind}-6"], _QUEUED, "qwen-image-layered_01", "polling_url")


@shows("Samples of the pages, unchanged", "the status of a request", by="curl")
@pytest.mark.parametrize(
    ("number", "model", "status"),
    [
        (0, "qwen-image-max", "COMPLETED"),
        (1, "qwen-image-edit-plus-lora", "COMPLETED"),
        (2, "qwen-image-edit-plus-trainer", "FAILED"),
        (3, "qwen-image-layered", "COMPLETED"),
    ],
)
def test_a_status_of_the_family(family_page: Runs, number: int, model: str, status: str) -> None:
    assert_matches(family_page[f"status_curl-{number}"], f'"status":"{status}"', f'"model_id":"{model}"')


@shows(
    "Samples of the pages, broken as they are printed",
    "the status of qwen-image-max-edit: a line that goes on ends in its middle",
    by="curl",
)
def test_the_status_of_max_edit_is_broken_as_it_is_printed(family_page: Runs) -> None:
    """A backslash that was to end a line stands before a blank, which so becomes a part of the address."""
    broken = family_page["one_line_curl-0"]
    assert broken.code != 0
    assert "status" not in broken.out


@shows(
    "Samples of the pages, unchanged",
    "every JSON body: raw HTTP, minimum, example and full requests",
    by="raw requests",
)
@pytest.mark.parametrize(("page", "count"), [(LAYERED_PAGE, 2), (FAMILY_PAGE, 17), (TEXT_PAGE, 2)])
def test_every_body_that_a_page_prints_is_taken(pixazo: Pixazo, files: str, page: str, count: int) -> None:
    """But for the address of a webhook, which would be told."""
    bodies = bodies_of(page)
    assert len(bodies) == count
    for body in bodies:
        sent = json.loads(with_files(body.content, files))
        if "webhook" in sent:
            sent["webhook"] = f"{files}/webhook"
        answer = pixazo.post(body.path, sent)
        is_waited_for = "generateMultimode" in body.path
        assert answer.status_code == (200 if is_waited_for else 202), (body, answer.text)


def test_all_samples_of_the_pages_are_run(family_page: Runs, layered_page: Runs, text_page: Runs) -> None:
    assert (len(layered_page), len(family_page), len(text_page)) == (10, 26 + 3, 5 + 1)


def ended_jobs(pixazo: Pixazo) -> dict[str, str]:
    bodies: dict[str, Any] = {
        MAX: {"prompt": "a tiger"},
        MAX_EDIT: {"prompt": "a tiger", "image_urls": [data_uri()]},
        EDIT_PLUS: {"prompt": "a tiger", "image_urls": [data_uri()]},
        TRAINER: {"image_data_url": "https://example.com/pictures.zip"},
        LAYERED: {"image_url": data_uri()},
    }
    ids = [pixazo.post(route, body).json()["request_id"] for route, body in bodies.items()]
    for request_id in ids:
        pixazo.ended(request_id)
    return {request_id.rpartition("_")[0]: request_id for request_id in ids}


def with_key(sample: Sample) -> Sample | None:
    if "edit-plus-lora/generate" not in sample.code:
        return None
    before, after = _KEY_LINES[sample.kind]
    line = after.format(name="Ocp-Apim-Subscription-Key", key="YOUR_API_KEY")
    return Sample(f"{sample.kind}-with-key", sample.number, sample.code.replace(before, line))


def ran(
    samples: list[Sample], pixazo: Pixazo, files: str, ids: Mapping[str, str], python: Path, folder: Path
) -> dict[str, Ran]:
    """Each sample's end, all of them under one `lamina redirect` that lets nothing else out."""
    lines: list[str] = []
    for one in samples:
        kind = one.kind.removesuffix("-with-key")
        file = folder / f"{one.name}{_ENDINGS.get(kind, '.sh')}"
        file.write_text(one.filled_in(pixazo.key or "", files, ids), "utf-8")
        command = _COMMANDS[kind].format(python=python, file=file)
        told = folder / one.name
        lines.append(f"{command} >'{told}.out' 2>'{told}.err'; echo $? >'{told}.code'")
    script = folder / "all.sh"
    script.write_text("\n".join([*lines, "exit 0"]), "utf-8")
    port = pixazo.service.url.rpartition(":")[2]
    command = [sys.executable, "-m", "lamina", "redirect", "--strict", "--only", "pixazo", "--port", port]
    done = subprocess.run(
        [*command, "--", "bash", str(script)],
        env=environment_of(pixazo.service.data.parent),
        capture_output=True,
        text=True,
        timeout=_RUN_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return {one.name: read(folder, one.name) for one in samples}


def read(folder: Path, name: str) -> Ran:
    code, out, err = ((folder / f"{name}{ending}").read_text("utf-8") for ending in (".code", ".out", ".err"))
    return Ran(int(code), out, err)


def assert_matches(one: Ran, *patterns: str) -> None:
    assert one.code == 0, one.err
    for pattern in patterns:
        assert re.search(pattern, one.out), (pattern, one)
