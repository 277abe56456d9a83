"""A file or folder is put in its place whole or not at all, and never over what is not ours."""

from pathlib import Path

import pytest
from drawn_stacks import full_stack, noise

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack
from lamina.imaging.atomic_files import atomic_file, atomic_folder
from lamina.imaging.saving import check_output, load, save


def _refused(path: str | Path) -> ErrorCode:
    """What both the check before the work and the saving say."""
    with pytest.raises(LaminaError) as checked:
        check_output(path)
    with pytest.raises(LaminaError) as saved:
        save(full_stack(), path)
    assert checked.value.code is saved.value.code
    assert str(path).rstrip("/") in saved.value.message
    assert saved.value.hint
    return saved.value.code


def test_missing_parents_are_made(tmp_path: Path) -> None:
    check_output(tmp_path / "a" / "b" / "c.psd")
    assert not list(tmp_path.iterdir())
    assert save(full_stack(), tmp_path / "a" / "b" / "c.psd").is_file()
    assert save(full_stack(), f"{tmp_path}/d/e/").is_dir()


@pytest.mark.parametrize("name", ["c.psd", "c/"])
def test_a_parent_that_is_a_file_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert _refused(f"{tmp_path}/file/{name}") is ErrorCode.OUTPUT_UNWRITABLE
    assert (tmp_path / "file").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_place_that_takes_no_files_is_told() -> None:
    with pytest.raises(LaminaError) as caught:
        save(full_stack(), "/proc/self/stack.psd")
    assert caught.value.code is ErrorCode.OUTPUT_UNWRITABLE


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    assert _refused(tmp_path / ("x" * 300 + ".psd")) is ErrorCode.OUTPUT_UNWRITABLE
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.psd").mkdir()
    assert _refused(tmp_path / "a.psd") is ErrorCode.OUTPUT_IN_THE_WAY


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "layers").write_text("mine")
    assert _refused(f"{tmp_path}/layers/") is ErrorCode.OUTPUT_IN_THE_WAY
    assert (tmp_path / "layers").read_text() == "mine"


@pytest.mark.parametrize("name", ["letter.txt", "manifest.json", "00-background.png"])
def test_a_folder_with_files_of_others_is_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / name).write_text("mine")
    assert _refused(f"{tmp_path}/layers/") is ErrorCode.OUTPUT_IN_THE_WAY
    assert (tmp_path / "layers" / name).read_text() == "mine"


def test_a_file_put_into_a_folder_of_ours_is_not_lost(tmp_path: Path) -> None:
    save(full_stack(), f"{tmp_path}/layers/")
    (tmp_path / "layers" / "notes.txt").write_text("mine")
    assert _refused(f"{tmp_path}/layers/") is ErrorCode.OUTPUT_IN_THE_WAY
    assert (tmp_path / "layers" / "notes.txt").read_text() == "mine"
    assert load(tmp_path / "layers").has_same_content(full_stack())


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "layers").mkdir()
    save(full_stack(), tmp_path / "layers")
    assert load(tmp_path / "layers").has_same_content(full_stack())


@pytest.mark.parametrize("kind", [KeyboardInterrupt, OSError, ValueError])
def test_a_failure_midway_leaves_the_old_file_and_nothing_else(kind: type[BaseException], tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_text("old")
    with pytest.raises((kind, LaminaError)), atomic_file(tmp_path / "a.bin") as file:
        file.write(b"half")
        raise kind
    with pytest.raises((kind, LaminaError)), atomic_folder(tmp_path / "a", lambda _: True) as folder:
        (folder / "half").write_text("half")
        raise kind
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.bin", "old")]


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(LaminaError) as caught, atomic_file(tmp_path / "a.bin"), Path("/dev/full").open("wb") as disk:
        disk.write(bytes(1 << 20))
    assert caught.value.code is ErrorCode.OUTPUT_UNWRITABLE
    assert "No space left on device" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.zip").symlink_to(tmp_path / "real" / "a.zip")
    save(full_stack(), tmp_path / "link.zip")
    assert (tmp_path / "link.zip").is_symlink()
    assert load(tmp_path / "real" / "a.zip").has_same_content(full_stack())


def test_layers_of_one_name_get_files_of_their_own(tmp_path: Path) -> None:
    names = ["Object", "object", "OBJECT!", "../Object", "对象"]
    stack = LayerStack(3, 3, tuple(Layer(name, LayerKind.OBJECT, noise(3, 3)) for name in names))
    save(stack, f"{tmp_path}/layers/")
    assert sorted(path.name for path in (tmp_path / "layers").glob("*.png")) == [
        f"{index:02}-object.png" for index in range(5)
    ]
