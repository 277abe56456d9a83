"""Users' ZIPs: what is harmless comes out whole, what is not is refused as a whole."""

import io
import os
import stat
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamina.core.errors import ErrorCode, LaminaError
from lamina.execution.archives import Member, extract


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(named(name), content, method)
    return path


def named(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.filename = name  # the constructor would tidy it
    info.external_attr = mode << 16
    return info


def refusal(path: Path, folder: Path, **limits: int) -> LaminaError:
    """The error, which leaves no folder behind."""
    with pytest.raises(LaminaError) as extracting:
        extract(path, folder, **limits)
    assert not folder.exists()
    return extracting.value


def test_files_come_out_where_they_were(tmp_path: Path) -> None:
    files = {"a.png": b"one", "sub/b.png": b"two" * 1000, "sub/b.txt": b"", "sub/deep/ü.txt": "grün".encode()}
    path = zipped(tmp_path / "in.zip", files)
    assert extract(path, tmp_path / "out") == [Member(name, len(content)) for name, content in files.items()]
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == files


def test_folders_and_the_litter_of_file_browsers_are_left_out(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "in.zip",
        {"sub/": b"", "__MACOSX/._a.png": b"x", ".DS_Store": b"x", "sub/._b": b"x", "Thumbs.db": b"x", "./a.png": b"x"},
    )
    assert extract(path, tmp_path / "out") == [Member("a.png", 1)]


@pytest.mark.parametrize(
    "name",
    [
        "../a.png",
        "sub/../../a.png",
        "sub/..",
        "..",
        "/etc/passwd",
        "//server/share/a.png",
        "C:/a.png",
        "c:a.png",
        "..\\a.png",
        "sub\\a.png",
        "a//b.png",
        "a.png\x00.txt",
        "a\n.png",
        "",
        ".",
        "n" * 300,
        "/".join(["long"] * 300),
        "../folder/",
    ],
)
def test_a_name_that_leads_elsewhere_refuses_the_zip(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "in.zip", {"fine.png": b"fine", name: b"bad"})
    assert refusal(path, tmp_path / "out").code == ErrorCode.TASK_INVALID
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr(named("a.png", kind | 0o777), "/etc/passwd")
    refused = refusal(tmp_path / "in.zip", tmp_path / "out")
    assert (refused.code, "link" in refused.message) == (ErrorCode.TASK_INVALID, True)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("a.png", b"1")
        archive.writestr("./a.png", b"2")
    assert "twice" in refusal(tmp_path / "in.zip", tmp_path / "out").message


def test_a_file_that_is_a_folder_as_well_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "in.zip", {"a/b.png": b"1", "a": b"2"})
    assert refusal(path, tmp_path / "out").code == ErrorCode.TASK_INVALID


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "in.zip", {"a.png": b"secret"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "encrypted" in refusal(path, tmp_path / "out").message


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_deflate_is_read(tmp_path: Path, method: int) -> None:
    path = zipped(tmp_path / "in.zip", {"a.png": b"x" * 100}, method)
    assert "Deflate" in refusal(path, tmp_path / "out").message


def test_more_files_than_allowed_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "in.zip", {f"{number}.txt": b"x" for number in range(11)})
    assert len(extract(path, tmp_path / "allowed", max_files=11)) == 11
    assert refusal(path, tmp_path / "out", max_files=10).code == ErrorCode.INPUT_TOO_LARGE


def test_more_bytes_than_allowed_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "in.zip", {f"{number}.txt": os.urandom(1000) for number in range(10)})
    assert len(extract(path, tmp_path / "allowed", max_total_bytes=10_000)) == 10
    assert refusal(path, tmp_path / "out", max_total_bytes=9_999).code == ErrorCode.INPUT_TOO_LARGE


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    path = zipped(tmp_path / "in.zip", {"zeros": bytes(10 << 20)})
    refused = refusal(path, tmp_path / "out")
    assert (refused.code, "times the size" in refused.message) == (ErrorCode.INPUT_TOO_LARGE, True)


def test_entries_that_share_one_bomb_are_counted_each(tmp_path: Path) -> None:
    one = io.BytesIO()
    with zipfile.ZipFile(one, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(100_000))
    content = one.getvalue()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = content[start:end]
    count = 500
    listing = entry * count
    ending = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(listing), start, 0)
    (tmp_path / "in.zip").write_bytes(content[:start] + listing + ending)
    assert refusal(tmp_path / "in.zip", tmp_path / "out").code == ErrorCode.INPUT_TOO_LARGE


def test_a_size_that_lies_is_not_believed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "in.zip", {"zeros": bytes(10 << 20)})
    content = bytearray(path.read_bytes())
    listed = content.index(b"PK\x01\x02")
    content[listed + 24 : listed + 28] = struct.pack("<L", 100)
    path.write_bytes(content)
    assert refusal(path, tmp_path / "out").code == ErrorCode.INPUT_CORRUPT


def test_a_list_longer_than_any_honest_one_is_not_loaded(tmp_path: Path) -> None:
    listing = bytes(4 << 20)
    ending = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(listing), 0, 0)
    (tmp_path / "in.zip").write_bytes(listing + ending)
    assert refusal(tmp_path / "in.zip", tmp_path / "out", max_files=10).code == ErrorCode.INPUT_TOO_LARGE


def test_an_offset_before_the_beginning_is_damage(tmp_path: Path) -> None:
    path = zipped(tmp_path / "in.zip", {"a.png": b"x" * 50})
    content = path.read_bytes()
    cut = content[10:]  # everything is now ten bytes before where the list says
    path.write_bytes(cut)
    assert refusal(path, tmp_path / "out").code == ErrorCode.INPUT_CORRUPT


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100, b"PK\x05\x06" + bytes(17)])
def test_what_is_no_zip_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.zip").write_bytes(content)
    assert refusal(tmp_path / "in.zip", tmp_path / "out").code == ErrorCode.INPUT_CORRUPT


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_anywhere_is_told_and_never_leaves_the_folder(tmp_path: Path, data: st.DataObject) -> None:
    box = Path(tempfile.mkdtemp(dir=tmp_path))
    path = zipped(box / "in.zip", {"a.png": b"first" * 50, "sub/b.txt": b"second"})
    content = bytearray(path.read_bytes())
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        content[position] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.sampled_from([len(content), len(content) - 1, len(content) // 2]))])
    try:
        members = extract(path, box / "out")
    except LaminaError as error:
        assert error.code in (ErrorCode.INPUT_CORRUPT, ErrorCode.INPUT_TOO_LARGE, ErrorCode.TASK_INVALID)
        assert not (box / "out").exists()
    else:
        assert all((box / "out" / member.name).is_file() for member in members)
    assert {entry.name for entry in box.iterdir()} <= {"in.zip", "out"}
