"""The stack.xml of an OpenRaster file as typed elements; what is not understood there is refused or noted by name."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode
from lamina.imaging.formats.groups import Blend
from lamina.imaging.formats.operators import Operator
from lamina.imaging.formats.ora import BLENDS, NAMESPACE
from lamina.imaging.formats.records import called, quoted
from lamina.imaging.read_errors import InvalidContentError

_BLENDS_READ: dict[str, Blend] = (
    {theirs: ours for ours, theirs in BLENDS.items()}
    | {f"svg:{operator.value}": operator for operator in Operator}
    | {"svg:normal": BlendMode.NORMAL, "krita:exclusion": BlendMode.EXCLUSION}
)
# Read, or without a say in how the picture looks: selections, locks, strokes that MyPaint can replay, its background.
_KNOWN_OF_ALL = frozenset(("name", "x", "y", "opacity", "visibility", "composite-op", "edit-locked", "selected"))
_KNOWN = {
    "image": frozenset(("w", "h", "version", "name", "xres", "yres")),
    "stack": _KNOWN_OF_ALL | {"isolation"},
    "layer": _KNOWN_OF_ALL | {"src", "alpha-preserve", "background_tile", "mypaint_strokemap", "mypaint_strokemap_v2"},
}
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?", re.ASCII)
_FARTHEST_PX = 1 << 24
_MOST_NESTED = 250  # libxml2 reads 255 elements in one another
_AS_DRAWN_1 = 1e-6  # what an opacity may be above 1 by, as a sum of rounded numbers


@dataclass(frozen=True, slots=True)
class LayerElement:
    """`own`: the attributes of our namespace. `source`: the path of its picture; None where the file tells none."""

    name: str
    source: str | None
    left: int
    top: int
    opacity: int
    is_hidden: bool
    is_locked: bool
    blend: Blend
    own: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StackElement:
    """A group; `members`: uppermost first, as in the file."""

    name: str
    members: "tuple[LayerElement | StackElement, ...]"
    opacity: int
    is_hidden: bool
    is_locked: bool
    is_isolated: bool
    blend: Blend


@dataclass(frozen=True, slots=True)
class ImageElement:
    """The canvas in pixels, and the root stack's members, uppermost first. `notes`: on what was left out."""

    width: int
    height: int
    members: tuple[LayerElement | StackElement, ...]
    notes: tuple[str, ...]


def parse_stack_xml(data: bytes) -> ImageElement:
    """Raises `LaminaError` (input_not_a_stack, where something in it is not understood) and `InvalidContentError`."""
    # No entities and no network: a document type can neither swell nor reach out.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        image = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise InvalidContentError(
                f"its stack.xml is nested or built larger than is read: {_MOST_NESTED} groups in one another at most"
            ) from None
        raise InvalidContentError("its stack.xml is not well-formed XML") from None
    if image.tag != "image":
        raise InvalidContentError(f"its stack.xml begins with {quoted(image.tag)} and not with 'image'")
    return _Reader().image(image)


@dataclass
class _Reader:
    notes: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter[str])

    def image(self, image: Any) -> ImageElement:
        width, height = (_size(image, side) for side in ("w", "h"))
        self._check_attributes(image)
        roots = [element for element in _elements(image) if element.tag == "stack"]
        if len(roots) != 1:
            raise InvalidContentError(
                f"its stack.xml has {len(roots)} root stacks" if roots else "its stack.xml has no stack"
            )
        self.left_out.update(f"element {quoted(element.tag)}" for element in _elements(image) if element.tag != "stack")
        self._note_root(roots[0])
        members = self._members(roots[0], is_hidden=False)
        for what, count in self.left_out.items():
            times = f", {count} times in the file," if count > 1 else ""
            self.notes.append(f"The {what}{times} is not known to Lamina and was left out.")
        return ImageElement(width, height, members, tuple(self.notes))

    def _note_root(self, root: Any) -> None:
        """The root stack is isolated, opaque and visible, whatever its attributes say (layer stack specification)."""
        self._check_attributes(root)
        usual = {"opacity": ("1", "1.0"), "visibility": ("visible",), "composite-op": ("svg:src-over",)}
        for name, values in usual.items():
            value = root.get(name)
            if value is not None and value not in values:
                self.notes.append(f"The root stack has {name} {quoted(value)}, which counts for nothing in OpenRaster.")

    def _members(self, stack: Any, is_hidden: bool) -> tuple[LayerElement | StackElement, ...]:
        members: list[LayerElement | StackElement] = []
        for element in _elements(stack):
            is_seen = not (is_hidden or _is_hidden(element))
            if element.tag == "layer":
                members.append(self._layer(element, is_seen))
            elif element.tag == "stack":
                members.append(self._stack(element, is_seen))
            elif is_seen and not element.tag.startswith("{"):
                raise _not_known(f"The element {quoted(element.tag)} {_of(element)}".rstrip())
            else:
                self.left_out[f"element {quoted(element.tag)}"] += 1
        return tuple(members)

    def _layer(self, element: Any, is_seen: bool) -> LayerElement:
        self._check_attributes(element)
        for inner in _elements(element):
            if is_seen and not inner.tag.startswith("{"):
                raise _not_known(f"The {_called(element)} has the element {quoted(inner.tag)}, which")
            self.left_out[f"element {quoted(inner.tag)}"] += 1
        own = {key.removeprefix(f"{{{NAMESPACE}}}"): value for key, value in element.items() if NAMESPACE in key}
        return LayerElement(
            name=_name(element),
            source=element.get("src"),
            left=_offset(element, "x"),
            top=_offset(element, "y"),
            opacity=_opacity(element),
            is_hidden=_is_hidden(element),
            is_locked=_is_locked(element),
            blend=self._blend(element, is_seen),
            own=own,
        )

    def _stack(self, element: Any, is_seen: bool) -> StackElement:
        self._check_attributes(element)
        if _offset(element, "x") or _offset(element, "y"):
            self.notes.append(
                f"The {called('group', _name(element))} has an offset, which counts for nothing in OpenRaster."
            )
        return StackElement(
            name=_name(element),
            members=self._members(element, not is_seen),
            opacity=_opacity(element),
            is_hidden=_is_hidden(element),
            is_locked=_is_locked(element),
            is_isolated=_choice(element, "isolation", ("isolate", "auto")) == "isolate",
            blend=self._blend(element, is_seen),
        )

    def _blend(self, element: Any, is_seen: bool) -> Blend:
        mode = element.get("composite-op", "svg:src-over")
        if mode in _BLENDS_READ:
            return _BLENDS_READ[mode]
        if is_seen:
            raise LaminaError(
                ErrorCode.INPUT_NOT_A_STACK,
                f"The {_called(element)} has the blend mode {quoted(mode)}, which Lamina does not know.",
                "Merge it with the layers below in the program that made it.",
            )
        self.notes.append(f"The hidden {_called(element)} had the blend mode {quoted(mode)}.")
        return BlendMode.NORMAL

    def _check_attributes(self, element: Any) -> None:
        for name in element.keys():  # noqa: SIM118 - an lxml element's own iteration gives its children
            if name not in _KNOWN[element.tag] and not name.startswith(f"{{{NAMESPACE}}}"):
                self.left_out[f"attribute {quoted(name)} of a {element.tag}"] += 1


def _elements(parent: Any) -> Iterator[Any]:
    """The children that are elements: no comments, no instructions."""
    return (child for child in parent if isinstance(child.tag, str))


def _name(element: Any) -> str:
    return element.get("name", "")


def _called(element: Any) -> str:
    """ "layer 'Sky'"."""
    return called(element.tag, _name(element))


def _of(element: Any) -> str:
    return f"named {quoted(_name(element))}" if _name(element) else ""


def _size(image: Any, side: str) -> int:
    value = image.get(side)
    if value is None:
        raise InvalidContentError(f"its stack.xml does not tell the size of the canvas: there is no {side!r}")
    if not _INTEGER.fullmatch(value.strip()) or int(value) < 1:
        raise InvalidContentError(f"in its stack.xml, {side} is {quoted(value)} and not a number of pixels")
    return int(value)


def _offset(element: Any, side: str) -> int:
    value = element.get(side, "0").strip()
    if not _NUMBER.fullmatch(value) or not abs(float(value)) <= _FARTHEST_PX:
        raise _not_valid(element, side)
    return round(float(value))


def _opacity(element: Any) -> int:
    value = element.get("opacity", "1").strip()
    if not _NUMBER.fullmatch(value) or not 0 <= float(value) <= 1 + _AS_DRAWN_1:
        raise _not_valid(element, "opacity")
    return min(255, round(float(value) * 255))


def _is_hidden(element: Any) -> bool:
    return _choice(element, "visibility", ("visible", "hidden")) == "hidden"


def _is_locked(element: Any) -> bool:
    return element.get("edit-locked", "").strip() in ("true", "1")  # xsd:boolean


def _choice(element: Any, name: str, values: tuple[str, str]) -> str:
    """The first of the values where there is none."""
    value = element.get(name, values[0]).strip().lower()
    if value not in values:
        raise _not_valid(element, name)
    return value


def _not_valid(element: Any, name: str) -> InvalidContentError:
    return InvalidContentError(f"in its stack.xml, the {name} of the {_called(element)} is {quoted(element.get(name))}")


def _not_known(what: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_A_STACK,
        f"{what} is nothing that Lamina knows." if not what.endswith("which") else f"{what} Lamina does not know.",
        "Merge it with the layers below, or turn it into pixels, in the program that made it.",
    )
