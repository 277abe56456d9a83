"""Rules for modules and documents: lengths, opening sentences, links that lead somewhere, packages described."""

import ast
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from documents import ROOT

PACKAGE = ROOT / "src" / "lamina"
MODULES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "lab").rglob("*.py")])
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted(PACKAGE.rglob("*.md"))]
MOST_LINES = {"README.md": 150, "ARCHITECTURE.md": 130}
VAGUE = {"utils", "helpers", "common", "misc", "manager", "models"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", MOST_LINES)
def test_a_page_that_must_be_short_is_short(page: str) -> None:
    assert len((ROOT / page).read_text("utf-8").splitlines()) <= MOST_LINES[page]


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_opens_with_a_sentence_and_is_no_longer_than_350_lines(module: Path) -> None:
    text = module.read_text("utf-8")
    opening = (ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0]
    assert re.search(r"[.!?…:]$", opening.strip()), f"opens with {opening!r}"
    assert len(text.splitlines()) <= 350


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [name_of(module) for module in MODULES if module.stem in VAGUE or module.parent.name in VAGUE]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / unquote(path)).resolve() if path else page
        assert place.exists(), f"{target} is not there"
        assert not anchor or anchor in anchors(place), f"{target}: no such heading"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)#:\s]+)", page.read_text("utf-8"))
        waiting += [(page.parent / link).resolve() for link in links if (page.parent / link).is_file()]
    assert [name_of(page) for page in PAGES if PACKAGE not in page.parents and page not in reached] == []


def test_the_architecture_names_every_package() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    packages = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert sorted(name for name in packages if not re.search(rf"\b{name}\b", text)) == []


def test_the_picture_of_the_readme_is_small_enough_to_load() -> None:
    assert (ROOT / "docs" / "pictures" / "layers.png").stat().st_size < 400_000
