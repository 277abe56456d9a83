"""Parses the stack.xml of an OpenRaster file to typed elements; unsupported content is rejected or noted by name."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode
from lamina.imaging.formats.group_flattening import Blend
from lamina.imaging.formats.operators import Operator
from lamina.imaging.formats.ora import BLENDS, NAMESPACE
from lamina.imaging.formats.provenance_records import StackProvenance, parse_provenance
from lamina.imaging.formats.records import layer_label, quoted
from lamina.imaging.read_errors import InvalidContentError

_BLENDS_READ: dict[str, Blend] = (
    {name: mode for mode, name in BLENDS.items()}
    | {f"svg:{operator.value}": operator for operator in Operator}
    | {"svg:normal": BlendMode.NORMAL, "krita:exclusion": BlendMode.EXCLUSION}
)
# Attributes that are read, or that do not affect the image: selections, locks, strokes and background of MyPaint.
_COMMON_ATTRIBUTES = frozenset(("name", "x", "y", "opacity", "visibility", "composite-op", "edit-locked", "selected"))
_KNOWN_ATTRIBUTES = {
    "image": frozenset(("w", "h", "version", "name", "xres", "yres")),
    "stack": _COMMON_ATTRIBUTES | {"isolation"},
    "layer": _COMMON_ATTRIBUTES
    | {"src", "alpha-preserve", "background_tile", "mypaint_strokemap", "mypaint_strokemap_v2"},
}
_INTEGER = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?", re.ASCII)
_MAX_COORDINATE = 1 << 24
_MAX_NESTING = 250  # libxml2 reads 255 nested elements
_OPACITY_TOLERANCE = 1e-6  # opacities may exceed 1 by rounding errors


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerElement:
    """A layer. `lamina_attributes`: attributes in Lamina's namespace. `source`: path of its image, if any."""

    name: str
    source: str | None
    left: int
    top: int
    opacity: int
    is_hidden: bool
    is_locked: bool
    blend: Blend
    lamina_attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackElement:
    """A group. `members`: topmost first, as in the file. `lamina_attributes`: as those of a layer."""

    name: str
    members: "tuple[LayerElement | StackElement, ...]"
    opacity: int
    is_hidden: bool
    is_locked: bool
    is_isolated: bool
    blend: Blend
    lamina_attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ImageElement:
    """The canvas in pixels, and the members of the root stack, topmost first. `notes`: on omitted content.

    `provenance`: as Lamina has written it.
    """

    width: int
    height: int
    members: tuple[LayerElement | StackElement, ...]
    notes: tuple[str, ...]
    provenance: StackProvenance


def parse_stack_xml(data: bytes) -> ImageElement:
    """Parses a stack.xml. Raises `LaminaError` (input_not_a_stack: unsupported content), `InvalidContentError`."""
    # Entities and network access are disabled as a defence against malicious document types.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        image = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise InvalidContentError(
                f"its stack.xml is too large or too deeply nested: the limit is {_MAX_NESTING} nested groups"
            ) from None
        raise InvalidContentError("its stack.xml is not well-formed XML") from None
    if image.tag != "image":
        raise InvalidContentError(f"its stack.xml has the root element {quoted(image.tag)} instead of 'image'")
    return _Reader().image(image)


@dataclass
class _Reader:
    notes: list[str] = field(default_factory=list)
    omitted: Counter[str] = field(default_factory=Counter[str])

    def image(self, image: Any) -> ImageElement:
        width, height = (_size(image, side) for side in ("w", "h"))
        self._check_attributes(image)
        roots = [element for element in _elements(image) if element.tag == "stack"]
        if len(roots) != 1:
            raise InvalidContentError(
                f"its stack.xml has {len(roots)} root stacks" if roots else "its stack.xml has no root stack"
            )
        self.omitted.update(f"element {quoted(element.tag)}" for element in _elements(image) if element.tag != "stack")
        self._note_root(roots[0])
        members = self._members(roots[0], is_hidden=False)
        for content, count in self.omitted.items():
            times = f" ({count} times in the file)" if count > 1 else ""
            self.notes.append(f"The {content}{times} is not supported and was omitted.")
        return ImageElement(width, height, members, tuple(self.notes), _provenance(image))

    def _note_root(self, root: Any) -> None:
        """Notes attributes of the root stack, which the specification defines as isolated, opaque and visible."""
        self._check_attributes(root)
        defaults = {"opacity": ("1", "1.0"), "visibility": ("visible",), "composite-op": ("svg:src-over",)}
        for name, values in defaults.items():
            value = root.get(name)
            if value is not None and value not in values:
                self.notes.append(f"The root stack has {name} {quoted(value)}, which OpenRaster ignores.")

    def _members(self, stack: Any, is_hidden: bool) -> tuple[LayerElement | StackElement, ...]:
        members: list[LayerElement | StackElement] = []
        for element in _elements(stack):
            is_visible = not (is_hidden or _is_hidden(element))
            if element.tag == "layer":
                members.append(self._layer(element, is_visible))
            elif element.tag == "stack":
                members.append(self._stack(element, is_visible))
            elif is_visible and not element.tag.startswith("{"):
                raise _unsupported_error(f"The element {quoted(element.tag)} {_name_clause(element)}".rstrip() + " is")
            else:
                self.omitted[f"element {quoted(element.tag)}"] += 1
        return tuple(members)

    def _layer(self, element: Any, is_visible: bool) -> LayerElement:
        self._check_attributes(element)
        for inner in _elements(element):
            if is_visible and not inner.tag.startswith("{"):
                raise _unsupported_error(f"The {_element_label(element)} has the element {quoted(inner.tag)}, which is")
            self.omitted[f"element {quoted(inner.tag)}"] += 1
        return LayerElement(
            name=_name(element),
            source=element.get("src"),
            left=_offset(element, "x"),
            top=_offset(element, "y"),
            opacity=_opacity(element),
            is_hidden=_is_hidden(element),
            is_locked=_is_locked(element),
            blend=self._blend(element, is_visible),
            lamina_attributes=_lamina_attributes(element),
        )

    def _stack(self, element: Any, is_visible: bool) -> StackElement:
        self._check_attributes(element)
        if _offset(element, "x") or _offset(element, "y"):
            self.notes.append(f"The {layer_label('group', _name(element))} has an offset, which OpenRaster ignores.")
        return StackElement(
            name=_name(element),
            members=self._members(element, not is_visible),
            opacity=_opacity(element),
            is_hidden=_is_hidden(element),
            is_locked=_is_locked(element),
            is_isolated=_choice(element, "isolation", ("isolate", "auto")) == "isolate",
            blend=self._blend(element, is_visible),
            lamina_attributes=_lamina_attributes(element),
        )

    def _blend(self, element: Any, is_visible: bool) -> Blend:
        mode = element.get("composite-op", "svg:src-over")
        if mode in _BLENDS_READ:
            return _BLENDS_READ[mode]
        if is_visible:
            raise LaminaError(
                ErrorCode.INPUT_NOT_A_STACK,
                f"The {_element_label(element)} has the blend mode {quoted(mode)}, which is not supported.",
                "Merge it with the layers below in the program that made it.",
            )
        self.notes.append(
            f"The hidden {_element_label(element)} had the blend mode {quoted(mode)}, which was changed to normal."
        )
        return BlendMode.NORMAL

    def _check_attributes(self, element: Any) -> None:
        for name in element.keys():  # noqa: SIM118 - iterating over an lxml element yields its children
            if name not in _KNOWN_ATTRIBUTES[element.tag] and not name.startswith(f"{{{NAMESPACE}}}"):
                self.omitted[f"attribute {quoted(name)} of a {element.tag}"] += 1


def _elements(parent: Any) -> Iterator[Any]:
    """The child elements, without comments and processing instructions."""
    return (child for child in parent if isinstance(child.tag, str))


def _lamina_attributes(element: Any) -> dict[str, str]:
    return {key.removeprefix(f"{{{NAMESPACE}}}"): value for key, value in element.items() if NAMESPACE in key}


def _name(element: Any) -> str:
    return element.get("name", "")


def _element_label(element: Any) -> str:
    """ "layer 'Sky'"."""
    return layer_label(element.tag, _name(element))


def _name_clause(element: Any) -> str:
    return f"named {quoted(_name(element))}" if _name(element) else ""


def _provenance(image: Any) -> StackProvenance:
    text = _lamina_attributes(image).get("provenance")
    try:
        return parse_provenance(None if text is None else json.loads(text))
    except (ValueError, RecursionError):
        raise InvalidContentError("the provenance in its stack.xml is not valid") from None


def _size(image: Any, side: str) -> int:
    value = image.get(side)
    if value is None:
        raise InvalidContentError(f"its stack.xml lacks the size of the canvas: the attribute {side!r} is missing")
    if not _INTEGER.fullmatch(value.strip()) or int(value) < 1:
        raise InvalidContentError(f"in its stack.xml, {side} is {quoted(value)}, which is not a valid number of pixels")
    return int(value)


def _offset(element: Any, side: str) -> int:
    value = element.get(side, "0").strip()
    if not _NUMBER.fullmatch(value) or not abs(float(value)) <= _MAX_COORDINATE:
        raise _invalid_attribute(element, side)
    return round(float(value))


def _opacity(element: Any) -> int:
    value = element.get("opacity", "1").strip()
    if not _NUMBER.fullmatch(value) or not 0 <= float(value) <= 1 + _OPACITY_TOLERANCE:
        raise _invalid_attribute(element, "opacity")
    return min(255, round(float(value) * 255))


def _is_hidden(element: Any) -> bool:
    return _choice(element, "visibility", ("visible", "hidden")) == "hidden"


def _is_locked(element: Any) -> bool:
    return element.get("edit-locked", "").strip() in ("true", "1")  # xsd:boolean


def _choice(element: Any, name: str, values: tuple[str, str]) -> str:
    """The value of an attribute, with the first of `values` as its default."""
    value = element.get(name, values[0]).strip().lower()
    if value not in values:
        raise _invalid_attribute(element, name)
    return value


def _invalid_attribute(element: Any, name: str) -> InvalidContentError:
    return InvalidContentError(
        f"in its stack.xml, the {name} of the {_element_label(element)} is {quoted(element.get(name))}"
    )


def _unsupported_error(clause: str) -> LaminaError:
    return LaminaError(
        ErrorCode.INPUT_NOT_A_STACK,
        f"{clause} not supported.",
        "Merge it with the layers below, or rasterise it, in the program that made it.",
    )
