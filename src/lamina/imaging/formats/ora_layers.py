"""Reads the images of the layers in a stack.xml, and builds the tree that is flattened."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Group as LayerGroup
from lamina.core.layers import Layer, LayerKind
from lamina.imaging.formats.archive import Archive
from lamina.imaging.formats.group_flattening import Group, Leaf, Node
from lamina.imaging.formats.ora_tree import LayerElement, StackElement
from lamina.imaging.formats.records import layer_label, parse_text, quoted
from lamina.imaging.formats.style_records import parse_style
from lamina.imaging.layer_names import display_name, group_display_name
from lamina.imaging.read_errors import InvalidContentError


@dataclass
class LayerReader:
    """Reads layers. `notes`: on omitted layers. `is_from_lamina`: a layer has attributes that Lamina writes."""

    archive: Archive
    notes: list[str] = field(default_factory=list)
    is_from_lamina: bool = False

    def nodes(self, members: tuple[LayerElement | StackElement, ...], is_hidden: bool = False) -> tuple[Node, ...]:
        """The nodes, lowest first. `is_hidden`: an enclosing group is hidden.

        Raises `LaminaError` (input_not_a_stack, input_too_large, input_corrupt) and `InvalidContentError`.
        """
        nodes: list[Node] = []
        for member in reversed(members):
            if isinstance(member, StackElement):
                nodes.append(self._group(member, is_hidden))
            else:
                nodes += self._leaf(member, is_hidden)
        return tuple(nodes)

    def _group(self, stack: StackElement, is_hidden: bool) -> Group:
        self.is_from_lamina = self.is_from_lamina or "kind" in stack.lamina_attributes
        group = LayerGroup(_group_name(stack), _kind(stack), is_hidden=stack.is_hidden, is_locked=stack.is_locked)
        members = self.nodes(stack.members, is_hidden or stack.is_hidden)
        return Group(group, members, opacity=stack.opacity, is_isolated=stack.is_isolated, blend=stack.blend)

    def _leaf(self, element: LayerElement, is_hidden: bool) -> list[Leaf]:
        self.is_from_lamina = self.is_from_lamina or "kind" in element.lamina_attributes
        description = layer_label("layer", element.name)
        try:
            pixels = self.archive.picture(self._entry(element.source, description), f"The {description}")
        except LaminaError as error:
            if error.code is not ErrorCode.INPUT_NOT_A_STACK or not (is_hidden or element.is_hidden):
                raise
            self.notes.append(f"The hidden {description} was omitted: {error.message}")
            return []
        layer = Layer(
            name=_full_name(element),
            kind=_kind(element),
            pixels=pixels,
            left=element.left,
            top=element.top,
            opacity=element.opacity,
            is_hidden=element.is_hidden,
            is_locked=element.is_locked,
            text=parse_text(_lamina_json(element, "text", [])),
            style=parse_style(_lamina_json(element, "style", None)),
        )
        return [Leaf(layer, element.blend)]

    def _entry(self, source: str | None, description: str) -> str:
        """The name of the ZIP entry; backslashes, and slashes and dots before the path, are accepted."""
        if source is None:
            raise InvalidContentError(f"the {description} has no attribute src with the path of its image")
        if self.archive.contains(source):
            return source
        parts = [part for part in re.split(r"[/\\]", source) if part not in ("", ".")]
        path = "/".join(parts)
        if ".." in parts or not self.archive.contains(path):
            raise InvalidContentError(f"the image of the {description}, {quoted(source)}, is not in the file")
        return path


def _full_name(element: LayerElement) -> str:
    own_name = _lamina_json(element, "name", None)
    if isinstance(own_name, str) and display_name(own_name, _kind(element)) == element.name:
        return own_name  # otherwise it was renamed in another program
    return element.name


def _group_name(element: StackElement) -> str:
    own_name = _lamina_json(element, "name", None)
    if isinstance(own_name, str) and group_display_name(LayerGroup(own_name)) == element.name:
        return own_name
    return element.name


def _kind(element: LayerElement | StackElement) -> LayerKind:
    kind = element.lamina_attributes.get("kind", LayerKind.OBJECT.value)
    if kind not in list(LayerKind):
        raise InvalidContentError(f"the {_label(element)} has an unknown kind")
    return LayerKind(kind)


def _lamina_json(element: LayerElement | StackElement, name: str, default: Any) -> Any:
    try:
        return json.loads(element.lamina_attributes[name]) if name in element.lamina_attributes else default
    except (ValueError, RecursionError):
        raise InvalidContentError(f"the {name} of the {_label(element)} is not valid JSON") from None


def _label(element: LayerElement | StackElement) -> str:
    return layer_label("layer" if isinstance(element, LayerElement) else "group", element.name)
