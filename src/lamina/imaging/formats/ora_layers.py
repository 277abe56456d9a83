"""The layers and groups of a stack.xml with their pictures, as nodes of a tree that can be opened out."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerKind
from lamina.imaging.formats.archive import Archive
from lamina.imaging.formats.groups import Group, Leaf, Node
from lamina.imaging.formats.ora_tree import LayerElement, StackElement
from lamina.imaging.formats.records import called, parse_text, quoted
from lamina.imaging.layer_names import display_name
from lamina.imaging.read_errors import InvalidContentError


@dataclass
class LayerReader:
    """`notes`: on what was left out. `is_ours`: some layer says that Lamina wrote it."""

    archive: Archive
    notes: list[str] = field(default_factory=list)
    is_ours: bool = False

    def nodes(self, members: tuple[LayerElement | StackElement, ...], is_hidden: bool = False) -> tuple[Node, ...]:
        """Lowest first. `is_hidden`: by a group that holds them.

        Raises `LaminaError` (input_not_a_stack, input_too_large, input_corrupt) and `InvalidContentError`.
        """
        found: list[Node] = []
        for member in reversed(members):
            if isinstance(member, StackElement):
                found.append(self._group(member, is_hidden))
            else:
                found += self._leaf(member, is_hidden)
        return tuple(found)

    def _group(self, stack: StackElement, is_hidden: bool) -> Group:
        members = self.nodes(stack.members, is_hidden or stack.is_hidden)
        return Group(
            stack.name, members, stack.opacity, stack.is_hidden, stack.is_locked, stack.is_isolated, stack.blend
        )

    def _leaf(self, element: LayerElement, is_hidden: bool) -> list[Leaf]:
        self.is_ours = self.is_ours or "kind" in element.own
        layer_label = called("layer", element.name)
        try:
            pixels = self.archive.picture(self._entry(element.source, layer_label), f"The {layer_label}")
        except LaminaError as error:
            if error.code is not ErrorCode.INPUT_NOT_A_STACK or not (is_hidden or element.is_hidden):
                raise
            self.notes.append(f"The hidden {layer_label} was left out: {error.message}")
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
            text=parse_text(_own_json(element, "text", [])),
        )
        return [Leaf(layer, element.blend)]

    def _entry(self, source: str | None, layer_label: str) -> str:
        """The name of the ZIP's entry: from its root, whatever slashes and dots a program has put before it."""
        if source is None:
            raise InvalidContentError(f"the {layer_label} has no src, which tells its picture")
        if self.archive.holds(source):
            return source
        parts = [part for part in re.split(r"[/\\]", source) if part not in ("", ".")]
        path = "/".join(parts)
        if ".." in parts or not self.archive.holds(path):
            raise InvalidContentError(f"the picture of the {layer_label}, {quoted(source)}, is not in the file")
        return path


def _full_name(element: LayerElement) -> str:
    own_name = _own_json(element, "name", None)
    if isinstance(own_name, str) and display_name(own_name, _kind(element)) == element.name:
        return own_name  # else it was renamed in another program
    return element.name


def _kind(element: LayerElement) -> LayerKind:
    kind = element.own.get("kind", LayerKind.OBJECT.value)
    if kind not in list(LayerKind):
        raise InvalidContentError(f"the {called('layer', element.name)} is of a kind that Lamina does not know")
    return LayerKind(kind)


def _own_json(element: LayerElement, name: str, otherwise: Any) -> Any:
    try:
        return json.loads(element.own[name]) if name in element.own else otherwise
    except (ValueError, RecursionError):
        raise InvalidContentError(f"the {name} of the {called('layer', element.name)} is no JSON") from None
