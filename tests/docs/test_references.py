"""The reference pages agree with the code: errors, settings, dependencies, the changelog's version."""

import re
import tomllib
from dataclasses import fields

import pytest
from documents import REFERENCE, ROOT, code, rows

from lamina.cli.exits import exit_code_of
from lamina.core.errors import ErrorCode, LaminaError
from lamina.imaging.stack_formats import StackFormat
from lamina.settings import Settings

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
VENDOR = ROOT / "src" / "lamina" / "studio" / "static" / "vendor" / "VENDOR.toml"
EXTRAS = [need for needs in PROJECT["project"]["optional-dependencies"].values() for need in needs]


def test_every_error_is_explained_with_its_exit_code() -> None:
    told = {code(row[0]): int(row[-1]) for row in rows((REFERENCE / "errors.md").read_text("utf-8"))}
    assert told == {error.value: exit_code_of(LaminaError(error, "")) for error in ErrorCode}


def test_every_setting_is_explained_with_its_variable_and_default() -> None:
    told = [(code(row[0]), code(row[1]), code(row[2])) for row in rows((REFERENCE / "settings.md").read_text("utf-8"))]
    expected = [(field.name, f"LAMINA_{field.name.upper()}", _shown(field.default)) for field in fields(Settings)]
    assert told == expected


def _shown(default: object) -> str:
    if default is None:
        return "-"
    return f"{default:g}" if isinstance(default, float) else str(default)


REQUIREMENTS = [
    *PROJECT["project"]["dependencies"],
    *EXTRAS,
    *PROJECT["dependency-groups"]["dev"],
    *PROJECT["build-system"]["requires"],
    *(library["name"] for library in tomllib.loads(VENDOR.read_text("utf-8"))["library"]),
]


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_every_dependency_is_explained(requirement: str) -> None:
    name = re.split(r"[<>=!~ \[;]", requirement)[0]
    explained = {code(row[0]): row for row in rows((REFERENCE / "dependencies.md").read_text("utf-8"))}
    assert name in explained, f"docs/reference/dependencies.md does not tell what {name} is for"
    assert all(cell for cell in explained[name])


def test_no_dependency_is_explained_that_is_not_one() -> None:
    page = (REFERENCE / "dependencies.md").read_text("utf-8").split("## What comes with them")[0]
    listed = [code(row[0]) for row in rows(page)]
    known = [re.split(r"[<>=!~ \[;]", requirement)[0] for requirement in REQUIREMENTS]
    assert sorted(listed) == sorted(set(known))


def test_every_ending_is_explained() -> None:
    told = (REFERENCE / "formats.md").read_text("utf-8")
    for ending in (ending for known in StackFormat for ending in known.extensions if ending != "/"):
        assert f"`{ending}`" in told


def test_the_newest_release_in_the_changelog_is_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    entries = re.findall(r"^## (\S+)(?: .*)?\n+(.+)", text, re.MULTILINE)
    releases = [name for name, _ in entries if name != "Unreleased"]
    assert releases[0] == PROJECT["project"]["version"]
    assert all(first[0].isalpha() for _, first in entries), "prose comes first"


@pytest.mark.parametrize("requirement", [*PROJECT["project"]["dependencies"], *EXTRAS])
def test_the_notice_tells_the_licence_of_what_is_installed(requirement: str) -> None:
    name = re.split(r"[<>=!~ \[;]", requirement)[0]
    assert re.search(rf"^  {re.escape(name)} ", (ROOT / "NOTICE").read_text("utf-8"), re.MULTILINE)


def test_the_notice_names_every_typeface_that_is_shipped() -> None:
    fonts = [path.name for path in (ROOT / "lab/posters/fonts").iterdir() if path.suffix in (".ttf", ".otf")]
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert fonts
    assert [font for font in fonts if font not in notice] == []
