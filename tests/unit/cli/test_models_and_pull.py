"""`lamina models` and `lamina pull` as users and programs see them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "engines" / "weights"))

from fake_hub import COMMIT, FakeHub
from small_repository import write_repository

import lamina as package
from lamina.cli.exits import CANNOT_START, DONE, FAILED, USAGE

Lamina = Callable[..., Any]
VAE = "vae/diffusion_pytorch_model.safetensors"


@pytest.fixture(autouse=True)
def away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No models of this machine's user."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(folder / name))
    monkeypatch.setenv("LAMINA_MODELS_DIR", str(folder / "models"))


@pytest.fixture
def hub(tmp_path: Path) -> Generator[FakeHub]:
    fake = FakeHub({"Qwen/Qwen-Image": write_repository(tmp_path / "hub")})
    fake.start()
    yield fake
    fake.stop()


def from_hub(hub: FakeHub, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, since huggingface_hub reads HF_ENDPOINT when it is imported."""
    environment = os.environ | {"HF_ENDPOINT": hub.address, "PYTHONPATH": str(Path(package.__file__).parents[1])}
    command = [sys.executable, "-m", "lamina", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


def states(lamina: Lamina) -> dict[str, str]:
    return {entry["name"]: entry["state"] for entry in json.loads(lamina("models", "--json").out)}


def test_models_tells_what_is_here_and_what_it_needs(lamina: Lamina, folder: Path) -> None:
    write_repository(folder / "models" / "qwen-image")
    result = lamina("models", "--json")
    told = {entry["name"]: entry for entry in json.loads(result.out)}
    assert result.code == DONE
    assert told["qwen-image"]["state"] == "here"
    assert told["qwen-image"]["folder"] == str(folder / "models" / "qwen-image")
    layered = told["qwen-image-layered"]
    assert (layered["state"], layered["tasks"], layered["licence"]) == ("missing", ["decompose"], "Apache-2.0")
    assert layered["size_bytes"] == 57_694_000_000
    assert layered["gpu_bytes"]["offloaded"] < 10e9 < 45e9 < layered["gpu_bytes"]["all_at_once"]


def test_models_tells_the_steps_and_the_guidance_of_each_task(lamina: Lamina) -> None:
    told = {entry["name"]: entry["defaults"] for entry in json.loads(lamina("models", "--json").out)}
    assert told["qwen-image-layered"] == {"decompose": {"steps": 50, "guidance": 4}}
    assert {task: tuple(told["nano"][task].values()) for task in told["nano"]} == {
        "decompose": (10, 1.0),
        "edit": (4, 1.0),
        "generate": (20, 2),
    }


def test_a_damaged_model_is_told_and_fails(lamina: Lamina, folder: Path) -> None:
    model = write_repository(folder / "models" / "qwen-image")
    (model / VAE).write_bytes((model / VAE).read_bytes()[:-1])
    result = lamina("models", "--json")
    told = json.loads(result.out)[0]
    assert result.code == FAILED
    assert told["state"] == "damaged"
    assert VAE in told["problem"]


def test_verify_reads_what_a_look_at_lengths_does_not_show(lamina: Lamina, folder: Path) -> None:
    write_repository(folder / "source")
    assert lamina("pull", "qwen-image", "--from", "source").code == DONE
    assert lamina("models", "--verify").code == DONE
    file = folder / "models" / "qwen-image" / VAE
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.unlink()
    file.write_bytes(content)
    assert lamina("models").code == DONE
    assert lamina("models", "--verify").code == FAILED


def test_pull_from_a_folder(lamina: Lamina, folder: Path) -> None:
    write_repository(folder / "source")
    dry = lamina("pull", "qwen-image", "--from", "source", "--dry-run")
    assert dry.code == DONE
    assert states(lamina)["qwen-image"] == "missing"
    result = lamina("pull", "qwen-image", "--from", "source")
    assert result.code == DONE
    told = json.loads(result.out)
    assert told["folder"] == str(folder / "models" / "qwen-image")
    assert json.loads(dry.out) == told | {"folder": None}
    assert states(lamina)["qwen-image"] == "here"


def test_a_dry_run_lists_and_sums_what_would_be_taken(
    lamina: Lamina, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_repository(folder / "source")
    (source / "README.md").write_text("not taken")
    taken = {
        path.relative_to(source).as_posix(): path.stat().st_size
        for path in source.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    result = lamina("pull", "qwen-image", "--from", "source", "--dry-run")
    told = json.loads(result.out)
    assert told["contents"] == taken
    assert (told["files"], told["total_bytes"]) == (13, sum(taken.values()))
    assert f"qwen-image: source, 13 files, {sum(taken.values()) / 1e6:.1f} MB; to import to" in result.err
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    lines = lamina("pull", "qwen-image", "--from", "source", "--dry-run").out.splitlines()
    assert {line.split("MB")[1].strip() for line in lines} == set(taken)
    assert not (folder / "models").exists()


def test_a_folder_with_another_model_is_refused_and_what_is_here_stays(lamina: Lamina, folder: Path) -> None:
    write_repository(folder / "source")
    write_repository(folder / "layered", model="qwen-image-layered")
    assert lamina("pull", "qwen-image", "--from", "source").code == DONE
    for rest in ((), ("--dry-run",)):
        result = lamina("pull", "qwen-image", "--from", "layered", *rest)
        assert (result.code, result.out) == (CANNOT_START, "")
        assert "pipeline is QwenImageLayeredPipeline instead of QwenImagePipeline" in result.err
        assert "lamina pull qwen-image-layered --from layered" in result.err
    assert lamina("models", "--verify").code == DONE


def test_pull_from_the_hub_says_first_what_comes(hub: FakeHub, lamina: Lamina, folder: Path) -> None:
    dry = from_hub(hub, "pull", "qwen-image", "--dry-run")
    assert dry.returncode == DONE, dry.stderr
    assert f"qwen-image: Qwen/Qwen-Image at {COMMIT[:12]}, licence apache-2.0, 13 files" in dry.stderr
    assert "to download to" in dry.stderr
    assert hub.downloads() == []
    done = from_hub(hub, "pull", "qwen-image")
    assert done.returncode == DONE, done.stderr
    told = json.loads(done.stdout)
    assert (told["commit"], told["folder"]) == (COMMIT, str(folder / "models" / "qwen-image"))
    assert states(lamina)["qwen-image"] == "here"
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(("HF", "XDG"))) == []
    hub.requests.clear()
    again = from_hub(hub, "pull", "qwen-image")
    assert "already installed" in again.stderr
    assert hub.downloads() == []


def test_a_hub_without_the_model_is_an_error(hub: FakeHub) -> None:
    result = from_hub(hub, "pull", "qwen-image-edit")
    assert result.returncode == FAILED
    assert result.stdout == ""
    assert result.stderr.startswith(
        "lamina: Qwen/Qwen-Image-Edit could not be downloaded: the repository does not exist"
    )
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("pull", "qwen-imag"), USAGE, "Did you mean 'qwen-image'?"),
        (("pull", "nano"), USAGE, "is installed with Lamina"),
        (("pull", "nano", "--from", "nowhere"), USAGE, "is installed with Lamina"),
        (("pull", "qwen-image", "--from", "nowhere"), CANNOT_START, "nowhere/model_index.json is missing"),
    ],
)
def test_mistakes(lamina: Lamina, arguments: tuple[str, ...], code: int, told: str) -> None:
    result = lamina(*arguments)
    assert (result.code, told in result.err) == (code, True), result.err


def test_a_transformer_that_is_set_and_not_there_is_a_problem_of_its_model(
    lamina: Lamina, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_TRANSFORMER", "qwen-image=no/such.gguf")
    listed = {entry["name"]: entry for entry in json.loads(lamina("models", "--json").out)}
    assert "no/such.gguf" in listed["qwen-image"]["problem"]
    assert (listed["qwen-image"]["state"], listed["qwen-image-2512"]["problem"]) == ("damaged", None)
    for command in (["generate", "a", "--to", "out.png"], ["serve", "--port", "0", "--data", "data"]):
        done = lamina(*command)
        assert (done.code, done.err.count("\n")) == (3, 1)
        assert "no/such.gguf, which the setting transformer names for qwen-image, does not exist" in done.err
    assert not (folder / "out.png").exists()
