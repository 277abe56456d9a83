"""Reads OpenRaster files, ours and those of other programs, as a flat list of layers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack
from lamina.document.formats.archive import Archive
from lamina.document.formats.ora import BLENDS, NAMESPACE
from lamina.document.formats.records import parse_integer, parse_opacity, parse_text, with_guessed_background
from lamina.document.names import presentable

_BLENDS_READ: dict[str, BlendMode] = {theirs: ours for ours, theirs in BLENDS.items()} | {
    "svg:normal": BlendMode.NORMAL,
    "krita:exclusion": BlendMode.EXCLUSION,
}
_KIND = f"{{{NAMESPACE}}}kind"
_FARTHEST_PX = 1 << 24


@dataclass(frozen=True)
class _Switches:
    """What a layer inherits from the stacks that hold it."""

    opacity: float = 1.0
    is_hidden: bool = False
    is_locked: bool = False

    def within(self, element: Any) -> "_Switches":
        return _Switches(
            self.opacity * float(element.get("opacity", "1")),
            self.is_hidden or element.get("visibility") == "hidden",
            self.is_locked or element.get("edit-locked") == "true",
        )


def read(archive: Archive) -> LayerStack:
    """The layers of an OpenRaster file, lowest first.

    Nested stacks are opened out: their opacity, visibility and lock pass to their layers.
    Raises `LaminaError` (input_not_a_stack, input_too_large), and ValueError, KeyError or SyntaxError if it is damaged.
    """
    # No entities and no network: a document type can neither swell nor reach out.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    image = etree.fromstring(archive.text("stack.xml"), parser)
    width, height = int(image.get("w", "")), int(image.get("h", ""))
    archive.bounds.check_canvas(width, height)
    root = image.find("stack")
    if root is None:
        raise ValueError("it has no stack")
    found = list(_opened_out(root, _Switches()))[::-1]
    stack = LayerStack(width, height, tuple(_layer(archive, *each) for each in found))
    is_ours = any(element.get(_KIND) for element, _ in found)
    return stack if is_ours else with_guessed_background(stack)


def _opened_out(group: Any, inherited: _Switches) -> Iterator[tuple[Any, _Switches]]:
    for element in group:
        if element.tag == "layer":
            yield element, inherited.within(element)
        elif element.tag == "stack":
            if _blend(element) is not BlendMode.NORMAL:
                raise _not_known(element)
            yield from _opened_out(element, inherited.within(element))


def _layer(archive: Archive, element: Any, switches: _Switches) -> Layer:
    name = element.get("name", "")
    own_name = json.loads(element.get(f"{{{NAMESPACE}}}name", "null"))
    if isinstance(own_name, str) and presentable(own_name) == name:  # else it was renamed in another program
        name = own_name
    left, top = (parse_integer(round(float(element.get(side, "0"))), -_FARTHEST_PX, _FARTHEST_PX) for side in "xy")
    return Layer(
        name=name,
        kind=LayerKind(element.get(_KIND, LayerKind.OBJECT)),
        pixels=archive.picture(element.get("src", "").lstrip("/")),  # pyora writes "/data/..."
        left=left,
        top=top,
        opacity=parse_opacity(switches.opacity),
        is_hidden=switches.is_hidden,
        is_locked=switches.is_locked,
        blend=_blend(element),
        text=parse_text(json.loads(element.get(f"{{{NAMESPACE}}}text", "[]"))),
    )


def _blend(element: Any) -> BlendMode:
    mode = element.get("composite-op", "svg:src-over")
    if mode not in _BLENDS_READ:
        raise LaminaError(
            ErrorCode.INPUT_NOT_A_STACK,
            f"The layer {element.get('name', '')!r} has the blend mode {mode!r}, which Lamina does not know.",
            "Merge it with the layers below in the program that made it.",
        )
    return _BLENDS_READ[mode]


def _not_known(element: Any) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_A_STACK,
        f"The group {element.get('name', '')!r} has a blend mode of its own.",
        "Merge its layers in the program that made it.",
    )
