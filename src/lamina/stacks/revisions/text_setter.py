"""Sets one text layer anew with an untrusted font in a process of its own, `python -m
lamina.stacks.revisions.text_setter`.

The working folder has the document of that layer, its pixels, the font, and what is to be changed; the layer as it is
afterwards is written there, too.
"""

import json
from dataclasses import replace
from pathlib import Path

from lamina.core.records import decode
from lamina.stacks.operations import SetText
from lamina.stacks.records import parse_document, render_document
from lamina.stacks.revisions.pixels import FolderPixels
from lamina.stacks.revisions.untrusted import run_bounded
from lamina.stacks.verbs.text_setting import set_text

FONT, BEFORE, OPERATION, AFTER = "font", "before.json", "operation.json", "after.json"
_MEMORY_BYTES, _PROCESSOR_S = 4 << 30, 30


def _set() -> None:
    operation = decode(SetText, json.loads(Path(OPERATION).read_text("utf-8")))
    before = parse_document(Path(BEFORE).read_text("utf-8"))
    after = set_text(before, replace(operation, font=Path(FONT)), FolderPixels(Path()))
    Path(AFTER).write_text(render_document(after), "utf-8")


if __name__ == "__main__":
    run_bounded(_set, memory_bytes=_MEMORY_BYTES, processor_s=_PROCESSOR_S)
