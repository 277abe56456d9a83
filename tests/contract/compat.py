"""What the contract tests show of each vendor's API, and the page in docs/compat that says so.

A test says what it shows by `@shows("imageInference", "seed", "steps", by="runware-sdk 1.8")`; the words before the
tables are the vendor's folder's `about.md`. The pages are written by `python tests/contract/compat.py`.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "compat"
MARK = "shows"


@dataclass(frozen=True, order=True)
class Shown:
    """That a test shows `name` of `group`, such as a field of a task, with the client `by`."""

    group: str
    name: str
    by: str


def shows(group: str, *names: str, by: str | Sequence[str] = "raw requests") -> Callable[[Any], Any]:
    """Marks a test, or with `pytestmark` a module."""
    return getattr(pytest.mark, MARK)(group, *names, by=by)


def vendors() -> list[str]:
    return sorted(about.parent.name for about in HERE.glob("*/about.md"))


def shown_by(items: Iterable[pytest.Item]) -> list[Shown]:
    """Sorted, and each once."""
    found: set[Shown] = set()
    for item in items:
        for mark in item.iter_markers(MARK):
            group, *names = mark.args
            clients = [mark.kwargs["by"]] if isinstance(mark.kwargs["by"], str) else mark.kwargs["by"]
            found |= {Shown(group, name, by) for name in names for by in clients}
    return sorted(found)


def page(vendor: str, shown: Iterable[Shown]) -> str:
    """The whole page."""
    parts = [(HERE / vendor / "about.md").read_text("utf-8").strip()]
    by_group: dict[str, dict[str, list[str]]] = {}
    for one in shown:
        by_group.setdefault(one.group, {}).setdefault(one.name, []).append(one.by)
    parts.append(
        "## What the tests show\n\n"
        f"Written by `python tests/contract/compat.py` from the tests in `tests/contract/{vendor}`: what is not in "
        "these tables is not claimed."
    )
    for group, names in by_group.items():
        rows = [f"| `{name}` | {', '.join(clients)} |" for name, clients in names.items()]
        parts.append("\n".join([f"### {group}", "", "| what | shown with |", "| --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


def collected(vendor: str) -> list[pytest.Item]:
    """The vendor's tests, without running any."""
    collector = _Collector()
    options = ["--collect-only", "-q", "-p", "no:cacheprovider", "--no-header", "--no-summary"]
    status = pytest.main([*options, str(HERE / vendor)], plugins=[collector])
    if status:
        raise SystemExit(f"the tests of {vendor} cannot be collected: pytest says {status}")
    return collector.items


class _Collector:
    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = session.items

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_collectionfinish(self) -> None: ...


def main() -> None:
    PAGES.mkdir(parents=True, exist_ok=True)
    for vendor in vendors():
        (PAGES / f"{vendor}.md").write_text(page(vendor, shown_by(collected(vendor))), "utf-8")
        sys.stdout.write(f"docs/compat/{vendor}.md\n")


if __name__ == "__main__":
    main()
