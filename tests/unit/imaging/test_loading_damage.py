"""Files that are not stacks, damaged, or made with ill will: one clear error, and never much memory."""

import json
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drawn_stacks import full_stack
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import LayerStack
from lamina.imaging.saving import load, save


def _code(path: Path) -> ErrorCode:
    with pytest.raises(LaminaError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value.code


def test_what_is_no_stack_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.psd").touch()
    (tmp_path / "words.psd").write_text("not a picture")
    (tmp_path / "folder").mkdir()
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("letter.txt", "hello")
    save(full_stack(), tmp_path / "flat.png")
    save(full_stack(), tmp_path / "a.pptx")
    assert _code(tmp_path / "nothing.psd") is ErrorCode.INPUT_NOT_FOUND
    assert _code(tmp_path / "empty.psd") is ErrorCode.INPUT_EMPTY
    for name in ("words.psd", "folder", "other.zip", "flat.png", "a.pptx"):
        assert _code(tmp_path / name) is ErrorCode.INPUT_NOT_A_STACK
    assert _code(Path("/dev/zero")) is ErrorCode.INPUT_UNREADABLE


def test_the_content_counts_and_not_the_ending(tmp_path: Path) -> None:
    for name in ("a.psd", "a.ora", "a.zip"):
        save(full_stack(), tmp_path / name).rename(tmp_path / "renamed.bin")
        assert load(tmp_path / "renamed.bin").has_same_content(full_stack())


@pytest.mark.parametrize("name", ["a.psd", "a.ora", "a.zip"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_gives_a_stack_or_one_error(name: str, tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(save(full_stack(), tmp_path / name).read_bytes())
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(whole)), st.integers(0, len(whole))))
    (tmp_path / name).write_bytes(whole[:cut])
    try:
        assert isinstance(load(tmp_path / name), LayerStack)
    except LaminaError as error:
        assert error.code.value.startswith("input_")


@pytest.mark.parametrize("name", ["a.psd", "a.ora", "a.zip"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_half_a_file_is_called_damaged(name: str, share: float, tmp_path: Path) -> None:
    whole = save(full_stack(), tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    if name == "a.psd" and share == 0.9:
        assert load(tmp_path / name).has_same_content(full_stack())  # only the flat picture is cut
    else:
        assert _code(tmp_path / name) is ErrorCode.INPUT_CORRUPT


def test_the_error_is_all_that_is_said(tmp_path: Path) -> None:
    whole = bytearray(save(full_stack(), tmp_path / "a.psd").read_bytes())
    middle = len(whole) // 2
    whole[middle - 600 : middle] = b"\x05" * 600  # rows of a layer that do not unpack to their length
    (tmp_path / "a.psd").write_bytes(whole)
    code = "from lamina.imaging.saving import load\ntry: load('a.psd')\nexcept Exception as error: print(error.code)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    assert (done.stdout, done.stderr) == ("input_corrupt\n", "")


def _with_manifest(folder: Path, change: Callable[[Any], object]) -> Path:
    save(full_stack(), f"{folder}/layers/")
    path = folder / "layers" / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    return folder / "layers"


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.pop("width"),
        lambda manifest: manifest.update(height=-4),
        lambda manifest: manifest.update(height="40"),
        lambda manifest: manifest.update(layers=7),
        lambda manifest: manifest.update(version=99),
        lambda manifest: manifest.update(format="other"),
        lambda manifest: manifest["layers"][0].update(file="../layers/00-background.png"),
        lambda manifest: manifest["layers"][0].update(file="/etc/passwd"),
        lambda manifest: manifest["layers"][0].update(file="missing.png"),
        lambda manifest: manifest["layers"][0].update(file="manifest.json"),
        lambda manifest: manifest["layers"][0].update(file="a\0b.png"),
        lambda manifest: manifest["layers"][0].update(file=5),
        lambda manifest: manifest["layers"][0].update(bbox=[0, 0, 3, 3]),
        lambda manifest: manifest["layers"][0].update(bbox=[0, 1e300, 60, 40]),
        lambda manifest: manifest["layers"][0].update(kind="photo"),
        lambda manifest: manifest["layers"][0].update(name=None),
        lambda manifest: manifest["layers"][0].update(blend="dissolve"),
        lambda manifest: manifest["layers"][0].update(opacity=1.5),
        lambda manifest: manifest["layers"][0].update(opacity=float("nan")),
        lambda manifest: manifest["layers"][0].update(text=[{"string": "a"}]),
    ],
)
def test_a_manifest_that_lies_is_called_damaged(change: Callable[[Any], object], tmp_path: Path) -> None:
    assert _code(_with_manifest(tmp_path, change)) is ErrorCode.INPUT_CORRUPT


def test_a_picture_that_is_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    save(full_stack(), f"{tmp_path}/layers/")
    picture = tmp_path / "layers" / "00-background.png"
    picture.rename(tmp_path / "elsewhere.png")
    picture.symlink_to(tmp_path / "elsewhere.png")
    assert _code(tmp_path / "layers") is ErrorCode.INPUT_CORRUPT


def test_a_folder_packed_by_another_program_can_be_read(tmp_path: Path) -> None:
    save(full_stack(), f"{tmp_path}/layers/")
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (tmp_path / "layers").iterdir():
            archive.write(path, f"layers/{path.name}")
    assert load(tmp_path / "packed.zip").has_same_content(full_stack())


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b" " * (100 << 20))
    assert _code(tmp_path / "bomb.zip") is ErrorCode.INPUT_CORRUPT


def test_too_many_large_layers_are_refused(tmp_path: Path) -> None:
    side = 8000
    idat = zlib.compress(b"\0" * ((4 * side + 1) * side), 9)
    png = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", side.to_bytes(4) * 2 + b"\x08\x06\0\0\0"), (b"IDAT", idat), (b"IEND", b"")):
        png += len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)
    with zipfile.ZipFile(tmp_path / "bomb.ora", "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        layers = '<layer src="a.png"/>' * 500
        archive.writestr("stack.xml", f'<image w="100" h="100"><stack>{layers}</stack></image>')
        archive.writestr("a.png", png)
    with pytest.raises(LaminaError) as caught:
        load(tmp_path / "bomb.ora", max_megapixels=1)
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE


@pytest.mark.parametrize("name", ["a.psd", "a.ora", "a.zip", "a/"])
def test_a_canvas_beyond_the_limit_is_refused(name: str, tmp_path: Path) -> None:
    save(full_stack(), f"{tmp_path}/{name}")
    with pytest.raises(LaminaError) as caught:
        load(f"{tmp_path}/{name}", max_megapixels=0.002)
    assert caught.value.code is ErrorCode.INPUT_TOO_LARGE
