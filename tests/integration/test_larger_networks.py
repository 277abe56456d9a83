"""`lamina pull masks-large` from a hub, what `lamina doctor` says of it, and a photograph taken apart by what came.

The programs run as processes of their own, with stand-ins for the networks: their contents are put into the table of
the known files, as the real ones are larger than a test should handle, and no hub is reachable.
"""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path += [str(Path(__file__).parents[1] / "unit" / "engines" / part) for part in (".", "weights")]

from fake_hub import FakeHub
from stand_in_networks import write_birefnet, write_sam2

import lamina as package
from lamina.core.mask_networks import BIREFNET_LITE, SAM2_TINY

ONE_THING = "This looks like a photograph: only its main subject was separated from the background."
PROGRAM = """
import json, os, sys
from dataclasses import replace
from lamina.core import mask_networks as known
for name, files in json.loads(os.environ.pop("STAND_INS")).items():
    network = known.MASK_NETWORKS[name]
    known.MASK_NETWORKS[name] = replace(network, files=tuple(known.NetworkFile(*file) for file in files))
known.SAM2_TINY, known.BIREFNET_LITE = known.MASK_NETWORKS.values()
from lamina.cli.main import run
run()
"""


@dataclass(frozen=True)
class Machine:
    """A hub with stand-ins, and a folder for the models and the pictures of a user."""

    folder: Path
    hub: FakeHub
    environment: dict[str, str]

    def lamina(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", PROGRAM, *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment, cwd=self.folder, timeout=300
        )

    def decomposed(self) -> tuple[list[str], np.ndarray]:
        """The notes on the decomposition of the photograph, and where its subject is: (h, w)."""
        done = self.lamina("decompose", "photo.png", "--to", "photo.ora", "--engine", "classic", "--json")
        assert done.returncode == 0, done.stderr
        stack = package.load(self.folder / "photo.ora")
        (subject,) = (layer for layer in stack.layers if layer.name == "Subject")
        return json.loads(done.stdout).get("notes", []), subject.on_canvas(stack.width, stack.height)[..., 3] > 127


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Generator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    hub = FakeHub({SAM2_TINY.repository: folder / "hub" / "sam2", BIREFNET_LITE.repository: folder / "hub" / "lite"})
    networks = [
        write_sam2(hub.repositories[SAM2_TINY.repository]),
        write_birefnet(hub.repositories[BIREFNET_LITE.repository]),
    ]
    rng = np.random.default_rng(6)
    rgb = np.array([70, 110, 50]) + 16 * rng.normal(0, 1, (300, 400, 1))
    y, x = np.mgrid[:300, :400]
    rgb[np.hypot(x - 150, y - 140) <= 60] = (210, 40, 35)
    Image.fromarray(np.clip(rgb + rng.normal(0, 3, rgb.shape), 0, 255).astype(np.uint8)).save(folder / "photo.png")
    hub.start()
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LAMINA_", "HF_", "XDG_"))}
    environment = own | {
        "HF_ENDPOINT": hub.address,
        "HOME": str(folder / "home"),
        "LAMINA_MODELS_DIR": str(folder / "models"),
        "PYTHONPATH": str(Path(package.__file__).parents[1]),
        "STAND_INS": json.dumps(
            {network.name: [(file.name, file.bytes, file.sha256) for file in network.files] for network in networks}
        ),
    }
    yield Machine(folder, hub, environment)
    hub.stop()


def test_what_comes_is_told_first_then_it_comes_and_is_used(machine: Machine) -> None:
    before = json.loads(machine.lamina("doctor", "--json").stdout)
    assert before["mask_networks"] == {SAM2_TINY.name: "missing", BIREFNET_LITE.name: "missing"}
    notes, disc = machine.decomposed()
    assert notes == [ONE_THING]

    dry = machine.lamina("pull", "masks-large", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert f"sam2-hiera-tiny: {SAM2_TINY.repository} at 8f0ca708dfff, licence apache-2.0, 2 files" in dry.stderr
    assert f"birefnet-lite-512: {BIREFNET_LITE.repository} at 8f0ca708dfff" in dry.stderr
    assert machine.hub.downloads() == []

    done = machine.lamina("pull", "masks-large")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["model"] == "masks-large"
    assert [part["folder"] for part in told["parts"]] == [
        str(machine.folder / "models" / name) for name in (SAM2_TINY.name, BIREFNET_LITE.name)
    ]
    assert sorted(machine.hub.downloads()) == ["decoder.onnx", "encoder.onnx", "onnx/model.onnx"]
    assert machine.lamina("pull", "masks-large").stderr.count("already installed") == 2
    assert "Masks       sam2-hiera-tiny, birefnet-lite-512\n" in machine.lamina("doctor").stdout

    notes, box = machine.decomposed()
    assert notes == [ONE_THING]
    assert disc.sum() < 0.85 * box.sum()  # the stand-in for SAM 2 answers with the box around the ball


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_a_damaged_file_is_told_and_the_shipped_network_works(machine: Machine) -> None:
    assert machine.lamina("pull", "masks-large").returncode == 0
    damage(machine.folder / "models" / SAM2_TINY.name / "decoder.onnx")
    assert "Masks       birefnet-lite-512, sam2-hiera-tiny (damaged)\n" in machine.lamina("doctor").stdout
    (first, *_), _ = machine.decomposed()
    assert first.startswith("The model file decoder.onnx is damaged. The network in the package was used instead.")
    assert first.endswith("lamina pull sam2-hiera-tiny.")
    machine.hub.requests.clear()
    assert machine.lamina("pull", "sam2-hiera-tiny").returncode == 0
    assert machine.hub.downloads() == ["decoder.onnx"]
    assert machine.decomposed()[0] == [ONE_THING]


def test_the_networks_are_imported_from_the_models_folder_of_another_machine(machine: Machine, tmp_path: Path) -> None:
    assert machine.lamina("pull", "masks-large").returncode == 0
    machine.environment["LAMINA_MODELS_DIR"], first = str(tmp_path / "others"), machine.environment["LAMINA_MODELS_DIR"]
    try:
        done = machine.lamina("pull", "masks-large", "--from", first)
    finally:
        machine.environment["LAMINA_MODELS_DIR"] = first
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "others" / BIREFNET_LITE.name / "onnx" / "model.onnx").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("pull", "mask-large"), 2, "Did you mean 'masks-large'?"),
        (("pull", "sam2-hiera"), 2, "Did you mean 'sam2-hiera-tiny'?"),
        (("pull", "masks-large", "--from", "nowhere"), 3, "nowhere/sam2-hiera-tiny/encoder.onnx is missing"),
    ],
)
def test_mistakes(machine: Machine, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = machine.lamina(*arguments)
    assert (done.returncode, told in done.stderr, done.stderr.count("\n")) == (code, True, 1), done.stderr
