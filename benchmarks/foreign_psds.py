"""Counts how many Photoshop files of other programs open with their layers, and compares them with their merged
pictures.

The argument is a folder of .psd and .psb files, such as the test files of psd-tools or ag-psd (both MIT), which are not
in this repository. A file passes if it opens with a mean difference of at most 2 of 255 levels from its merged picture,
or if it is refused with a message that names the reason. Any other exception is a failure.
"""

import argparse
import json
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from psd_tools import PSDImage

from lamina.core.composite import composite
from lamina.core.errors import LaminaError
from lamina.imaging.formats.psd_colours import colours_of
from lamina.imaging.formats.psd_merged import is_merged_complete, merged_images
from lamina.imaging.saving import load

_ALLOWED_MEAN = 2.0
_MERGED_ONLY = "The one layer is the merged picture"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder, which is searched with all its subfolders")
    folder: Path = parser.parse_args().folder
    warnings.simplefilter("ignore")  # psd-tools warns about unusual files
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".psd", ".psb"))
    outcomes = Counter[str]()
    for path in paths:
        case = {"file": str(path.relative_to(folder)), **_outcome(path)}
        outcomes[case["outcome"]] += 1
        print(json.dumps(case), flush=True)
    _print_table(outcomes)


def _outcome(path: Path) -> dict[str, Any]:
    start = time.perf_counter()
    try:
        stack = load(path)
    except LaminaError as error:
        return {"outcome": "refused", "code": error.code, "message": error.message, "seconds": _since(start)}
    except Exception as error:  # noqa: BLE001  (any other exception is a failure)
        return {"outcome": "failed", "message": repr(error), "seconds": _since(start)}
    seconds = _since(start)
    mean, most = _difference(path, stack)
    outcome = "opened" if mean is None or mean <= _ALLOWED_MEAN else "opened wrong"
    if any(note.startswith(_MERGED_ONLY) for note in stack.notes):
        outcome = "merged only"
    notes = list(stack.notes)
    return {"outcome": outcome, "mean": mean, "most": most, "layers": len(stack), "notes": notes, "seconds": seconds}


def _difference(path: Path, stack: Any) -> tuple[float | None, int | None]:
    document = PSDImage.open(path)
    if not document.has_preview() or not is_merged_complete(document):
        return None, None
    pictures = merged_images(document, colours_of(document))
    difference = min((picture.difference(composite(stack)) for picture in pictures), key=lambda each: each.mean)
    return round(difference.mean, 3), difference.largest


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 2)


def _print_table(outcomes: Counter[str]) -> None:
    total = max(1, outcomes.total())
    for outcome in ("opened", "merged only", "refused", "opened wrong", "failed"):
        print(f"{outcome:<14}{outcomes[outcome]:>6}{outcomes[outcome] / total:>8.1%}")
    print(f"{'all':<14}{outcomes.total():>6}")


if __name__ == "__main__":
    main()
