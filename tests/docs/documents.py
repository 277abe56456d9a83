"""The documents of this repository as the tests read them: sections, tables, code blocks."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"


def section(page: Path, heading: str) -> str:
    """What stands under the heading, to the next one of the same or a higher level."""
    text = page.read_text("utf-8")
    found = re.search(rf"^(#+) {re.escape(heading)}$\n(.*?)(?=^#{{1,2}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section {heading!r}"
    return found[2]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in the text, heads left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = {index for index, row in enumerate(cells) if all(re.fullmatch(r":?-+:?", cell) for cell in row)}
    return [row for index, row in enumerate(cells) if index not in rules and index + 1 not in rules]


def blocks(text: str, language: str) -> list[str]:
    """The contents of the fenced code blocks in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def code(cell: str) -> str:
    """The first `code` in a cell."""
    found = re.search(r"`([^`]+)`", cell)
    assert found, f"no code in {cell!r}"
    return found[1]


def rewrite_table(page: Path, heading: str, new_rows: Sequence[Sequence[str]]) -> None:
    """Puts the rows in the place of those of the section's only table."""
    text, old = page.read_text("utf-8"), section(page, heading)
    lines = old.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith("|")) + 2
    last = next((i for i in range(first, len(lines)) if not lines[i].startswith("|")), len(lines))
    lines[first:last] = [f"| {' | '.join(row)} |\n" for row in new_rows]
    page.write_text(text.replace(old, "".join(lines)), "utf-8")


def is_updating() -> bool:
    """With LAMINA_TEST_UPDATE_DOCS=1 the tests write the tables that follow from the code instead of checking them."""
    return os.environ.get("LAMINA_TEST_UPDATE_DOCS") == "1"
