"""The libraries in the Studio are those that VENDOR.toml names, and each has its licence beside it."""

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

VENDOR = Path(__file__).parents[2] / "src" / "lamina" / "studio" / "static" / "vendor"
LIBRARIES: list[dict[str, Any]] = tomllib.loads((VENDOR / "VENDOR.toml").read_text(encoding="utf-8"))["library"]
FILES = {name: file for library in LIBRARIES for name, file in library["files"].items()}


@pytest.mark.parametrize("name", FILES)
def test_each_file_has_the_hash_that_vendor_toml_tells(name: str) -> None:
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == FILES[name]["sha256"]


def test_there_are_no_other_files() -> None:
    here = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert here == {"VENDOR.toml", *FILES}


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["name"])
def test_each_library_names_its_version_licence_and_source(library: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", library["version"])
    assert library["licence"] in ("MIT", "Apache-2.0", "ISC")
    assert library["source"].endswith(f"-{library['version']}.tgz")
    licence = next(name for name in library["files"] if name.startswith("licences/"))
    opening = {"MIT": "The MIT License (MIT)", "Apache-2.0": "Apache License", "ISC": "ISC License"}[library["licence"]]
    assert opening in (VENDOR / licence).read_text(encoding="utf-8")[:200]


def test_the_import_map_names_each_module() -> None:
    page = (VENDOR.parent / "index.html").read_text(encoding="utf-8")
    mapped = set(re.findall(r'"\{\{assets\}\}/vendor/([^"]+)"', page))
    assert mapped == {name for name in FILES if name.endswith(".js")}
