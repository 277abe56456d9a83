"""Files that GIMP and Krita, run by scripts, have edited: what is told of them is what the script did."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.imaging.saving import load, save
from lamina.stacks.adopting import adopted
from lamina.stacks.changes import Differences
from lamina.stacks.comparing import diff
from lamina.stacks.pixels import MemoryPixels
from lamina.stacks.rendering import document_of
from stacks_drawn import drawn_stack

TIMEOUT_S = 240

# Script-Fu. `named` finds a layer; the canvas has its origin at the top left.
GIMP = """
(define (named name)
  (let loop ((layers (vector->list (cadr (gimp-image-get-layers image)))))
    (if (string=? (car (gimp-item-get-name (car layers))) name) (car layers) (loop (cdr layers)))))
(define image (car (gimp-file-load RUN-NONINTERACTIVE "before.psd" "before.psd")))
{edit}
(file-psd-save RUN-NONINTERACTIVE image (car (gimp-image-get-active-layer image)) "after.psd" "after.psd" 0 0)
(gimp-quit 0)
"""
GIMP_EDITS = {
    "": ["Nothing has changed."],
    '(gimp-item-set-name (named "Sun") "Sol")': ["'Sun' was renamed to 'Sol'."],
    '(gimp-layer-set-offsets (named "Sun") 27 5)': ["'Sun' was moved by 7 px right and 5 px up."],
    '(gimp-item-set-visible (named "Panel") FALSE)': ["'Panel' was hidden."],
    '(gimp-image-remove-layer image (named "Leaf"))': ["The layer 'Leaf' was removed."],
    '(gimp-image-raise-item-to-top image (named "Sun"))': ["'Sun' was put above 'Leaf'."],
    """(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 40 30 20 5)
    (gimp-context-set-foreground '(0 0 255))
    (gimp-edit-fill (named "Sun") FILL-FOREGROUND)""": [
        "'Sun' was repainted in 3.3 % of its pixels, by up to 255 levels."
    ],
}

# Python within Krita. `named` finds a layer, in groups, too.
KRITA = r"""
from krita import InfoObject, Krita

def __main__(arguments):
    app = Krita.instance()
    app.setBatchmode(True)
    document = app.openDocument("{folder}/before.{ending}")
    document.setBatchmode(True)
    def named(name, node=document.rootNode()):
        found = [node] if node.name().strip("\0") == name else [named(name, child) for child in node.childNodes()]
        return next(filter(None, found), None)

{edit}
    document.refreshProjection()
    document.waitForDone()
    document.exportImage("{folder}/after.{ending}", InfoObject())
    document.close()
"""
KRITA_EDITS = {
    "": ["Nothing has changed."],
    """
named("Sun").setName("Sol")
named("Leaf").remove()
named("Panel").setVisible(False)
label = named("Ünï Label")
label.move(label.position().x() + 10, label.position().y() - 5)
named("Background").setPixelData(bytes([255, 0, 0, 255]) * 50, 0, 0, 10, 5)
""": [
        "'Background' was repainted in 0.2 % of its pixels, by up to 230 levels.",
        "'Sun' was renamed to 'Sol'.",
        "'Panel' was hidden.",
        "'Ünï Label' was moved by 10 px right and 5 px up.",
        "The layer 'Leaf' was removed.",
    ],
}


def edited(folder: Path, ending: str, command: Sequence[str], environment: Mapping[str, str]) -> Differences:
    """What is told of the drawn stack after a program has read before.ENDING and written after.ENDING."""
    flat = replace(drawn_stack(), layers=tuple(replace(layer, groups=()) for layer in drawn_stack()))
    save(flat, folder / f"before.{ending}")
    run = subprocess.run(
        command, cwd=folder, env=os.environ | environment, timeout=TIMEOUT_S, capture_output=True, text=True
    )
    after = folder / f"after.{ending}"
    assert after.exists(), run.stdout + run.stderr
    pixels = MemoryPixels()
    before = document_of(flat, pixels)
    return diff(before, adopted(before, document_of(load(after), pixels), pixels), pixels)


def told(differences: Differences) -> list[str]:
    sentences = differences.sentences()
    return sentences if differences.is_empty else sentences[:-1]


@pytest.mark.parametrize("edit", GIMP_EDITS, ids=["nothing", "rename", "move", "hide", "remove", "reorder", "paint"])
def test_what_gimp_did_is_told(edit: str, tmp_path: Path) -> None:
    if shutil.which("gimp") is None:
        pytest.skip("GIMP was not found")
    command = ["gimp", "-i", "-d", "-f", "-b", GIMP.replace("{edit}", edit)]
    differences = edited(tmp_path, "psd", command, {"GIMP2_DIRECTORY": str(tmp_path / "gimp")})
    assert told(differences) == GIMP_EDITS[edit]


@pytest.mark.parametrize("ending", ["psd", "ora"])
@pytest.mark.parametrize("edit", KRITA_EDITS, ids=["nothing", "all"])
def test_what_krita_did_is_told(edit: str, ending: str, tmp_path: Path) -> None:
    if shutil.which("kritarunner") is None or shutil.which("xvfb-run") is None:
        pytest.skip("Krita was not found, or xvfb-run, which gives it a screen")
    lines = "\n".join(f"    {line}" for line in edit.splitlines())
    script = KRITA.replace("{folder}", str(tmp_path)).replace("{ending}", ending).replace("{edit}", lines)
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    homes = {name: str(tmp_path / "krita") for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    command = ["xvfb-run", "-a", "kritarunner", "-s", "script"]
    differences = edited(tmp_path, ending, command, homes | {"PYTHONPATH": str(tmp_path)})
    assert told(differences) == KRITA_EDITS[edit]
