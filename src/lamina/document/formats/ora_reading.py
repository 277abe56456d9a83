"""Reads OpenRaster files, ours and those of other programs, as a flat list of layers."""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack
from lamina.document.formats.archive import Archive
from lamina.document.formats.groups import Group, GroupOpener, Leaf, Node
from lamina.document.formats.merged import notes_on_difference
from lamina.document.formats.ora_tree import LayerElement, StackElement, parse_stack_xml
from lamina.document.formats.records import notes_on, of_another_program, parse_text
from lamina.document.invalid_content import InvalidContentError
from lamina.document.names import presentable

_MERGED = "mergedimage.png"


def read(archive: Archive) -> LayerStack:
    """The layers of an OpenRaster file, lowest first, with notes on what is not as it was there.

    Groups are opened out where that looks the same, else rendered into one layer.
    Raises `LaminaError` (input_not_a_stack, input_too_large, input_corrupt) and `InvalidContentError`.
    """
    image = parse_stack_xml(archive.text("stack.xml"))
    archive.bounds.check_canvas(image.width, image.height)
    opener = GroupOpener(image.width, image.height, archive.bounds)
    reader = _Reader(archive, opener)
    layers = opener.layers_of(reader.nodes(image.members))
    notes = (*image.notes, *reader.notes, *opener.notes, *notes_on(layers))
    stack = LayerStack(image.width, image.height, tuple(layers), notes)
    if reader.is_ours or not layers:
        return stack
    return of_another_program(replace(stack, notes=(*notes, *_merged_notes(stack, archive))))


def _merged_notes(stack: LayerStack, archive: Archive) -> tuple[str, ...]:
    if not archive.holds(_MERGED):
        return ()
    try:
        merged = archive.picture(_MERGED, "The merged picture")
    except LaminaError as error:
        return (f"The layers were not compared with the merged picture in the file. {error.message}",)
    return notes_on_difference(composite(stack), merged)


@dataclass
class _Reader:
    archive: Archive
    opener: GroupOpener
    notes: list[str] = field(default_factory=list)
    is_ours: bool = False

    def nodes(self, members: tuple[LayerElement | StackElement, ...], is_hidden: bool = False) -> tuple[Node, ...]:
        """Lowest first. `is_hidden`: by a group that holds them."""
        found: list[Node] = []
        for member in reversed(members):
            if isinstance(member, StackElement):
                found.append(self._group(member, is_hidden))
            else:
                found += self._leaf(member, is_hidden)
        return tuple(found)

    def _group(self, stack: StackElement, is_hidden: bool) -> Group:
        members = self.nodes(stack.members, is_hidden or stack.is_hidden)
        group = Group(
            stack.name, members, stack.opacity, stack.is_hidden, stack.is_locked, stack.is_isolated, stack.blend
        )
        is_plain = group.opacity == 255 and group.blend is BlendMode.NORMAL
        return group if group.is_isolated or is_plain or is_hidden or group.is_hidden else self._either_way(group)

    def _either_way(self, group: Group) -> Group:
        """A group that is not isolated, with an opacity or a blend mode of its own.

        Version 0.0.5 of the specification isolates it nevertheless; later texts pass the opacity to the members and
        the mode to nobody. Where both look the same, it can be read.
        """
        layers = self.opener.layers_of(group.members)
        is_normal = group.blend is BlendMode.NORMAL and all(layer.blend is BlendMode.NORMAL for layer in layers)
        if not is_normal or not self.opener.are_apart(layers):
            raise LaminaError(
                ErrorCode.INPUT_NOT_A_STACK,
                f"The group {group.name!r} passes through what is below it and has an opacity or a blend mode of its "
                "own, which programs show in different ways.",
                "Isolate it, or give its opacity to its layers, in the program that made it.",
            )
        return replace(group, members=tuple(Leaf(layer) for layer in layers), is_isolated=True)

    def _leaf(self, element: LayerElement, is_hidden: bool) -> list[Leaf]:
        self.is_ours = self.is_ours or "kind" in element.own
        named = f"layer {element.name!r}"
        try:
            pixels = self.archive.picture(self._entry(element.source, named), f"The {named}")
        except LaminaError as error:
            if error.code is not ErrorCode.INPUT_NOT_A_STACK or not (is_hidden or element.is_hidden):
                raise
            self.notes.append(f"The hidden layer {element.name!r} was left out: {error.message}")
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

    def _entry(self, source: str | None, named: str) -> str:
        """The name of the ZIP's entry: from its root, whatever slashes and dots a program has put before it."""
        if source is None:
            raise InvalidContentError(f"the {named} has no src, which tells its picture")
        if self.archive.holds(source):
            return source
        parts = [part for part in re.split(r"[/\\]", source) if part not in ("", ".")]
        path = "/".join(parts)
        if ".." in parts or not self.archive.holds(path):
            raise InvalidContentError(f"the picture of the {named}, {source!r}, is not in the file")
        return path


def _full_name(element: LayerElement) -> str:
    own_name = _own_json(element, "name", None)
    if isinstance(own_name, str) and presentable(own_name) == element.name:  # else it was renamed in another program
        return own_name
    return element.name


def _kind(element: LayerElement) -> LayerKind:
    kind = element.own.get("kind", LayerKind.OBJECT.value)
    if kind not in list(LayerKind):
        raise InvalidContentError(f"the layer {element.name!r} is of a kind that Lamina does not know")
    return LayerKind(kind)


def _own_json(element: LayerElement, name: str, otherwise: Any) -> Any:
    try:
        return json.loads(element.own[name]) if name in element.own else otherwise
    except (ValueError, RecursionError):
        raise InvalidContentError(f"the {name} of the layer {element.name!r} is no JSON") from None
