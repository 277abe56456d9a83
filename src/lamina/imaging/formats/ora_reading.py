"""Reads OpenRaster files, ours and those of other programs, as a flat list of layers."""

from dataclasses import dataclass, field, replace

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerStack, Pixels
from lamina.imaging.formats.archive import Archive
from lamina.imaging.formats.groups import Group, GroupOpener, Node
from lamina.imaging.formats.merged import difference_from_merged, differs
from lamina.imaging.formats.ora_layers import LayerReader
from lamina.imaging.formats.ora_tree import parse_stack_xml
from lamina.imaging.formats.records import called, first_notes, notes_on, of_another_program

_MERGED = "mergedimage.png"
_CLOSE_LEVELS = 1.0  # on average: so near the merged picture is what its program meant
_CLEARLY = 2.0  # times as near as the other reading


def read(archive: Archive) -> LayerStack:
    """The layers of an OpenRaster file, lowest first, with notes on what is not as it was there.

    Groups are opened out where that looks the same, else rendered into one layer.
    Raises `LaminaError` (input_not_a_stack, input_too_large, input_corrupt) and `InvalidContentError`.
    """
    image = parse_stack_xml(archive.text("stack.xml"))
    archive.limits.check_canvas(image.width, image.height)
    reader = LayerReader(archive)
    nodes = reader.nodes(image.members)
    file = _File(archive, image.width, image.height)
    layers, opening_notes = file.layers_of(nodes)
    notes = first_notes((*image.notes, *reader.notes, *opening_notes, *notes_on(layers)))
    stack = LayerStack(image.width, image.height, layers, notes)
    if reader.is_ours or not layers:
        return stack
    return of_another_program(replace(stack, notes=(*notes, *file.notes_on_difference(stack))))


@dataclass
class _File:
    """What of an OpenRaster file lies around its layers."""

    archive: Archive
    width: int
    height: int
    _merged: Pixels | str | None = field(default=None, init=False)

    def layers_of(self, nodes: tuple[Node, ...]) -> tuple[tuple[Layer, ...], list[str]]:
        """Flat, with notes.

        A group that is not isolated, with an opacity or a blend mode of its own, can be meant in two ways: today's
        specification passes the opacity to the members and the mode to nobody, as Krita does; version 0.0.5 isolates
        it. Where that shows, the merged picture tells; where it does not tell, the file is refused.
        """
        unclear = [group.name for group in _groups(nodes) if _is_unclear(group)]
        passed = self._opened(nodes)
        if not unclear:
            return passed
        isolated = self._opened(tuple(map(_isolated, nodes)))
        looks = [composite(LayerStack(self.width, self.height, layers)) for layers, _ in (passed, isolated)]
        where = differs(*looks)
        if not where.any():
            return passed
        merged = self.merged()
        if not isinstance(merged, str):
            far = [difference_from_merged(one[where][None], merged[where][None]).mean for one in looks]
            if min(far) <= _CLOSE_LEVELS and max(far) >= _CLEARLY * min(far):
                return passed if far[0] < far[1] else isolated
        raise LaminaError(
            ErrorCode.INPUT_NOT_A_STACK,
            f"The {called('group', unclear[0])} passes through what is below it and has an opacity or a blend mode "
            "of its own, which programs show in different ways.",
            "Isolate it, or give its opacity to its layers, in the program that made it.",
        )

    def _opened(self, nodes: tuple[Node, ...]) -> tuple[tuple[Layer, ...], list[str]]:
        opener = GroupOpener(self.width, self.height, self.archive.limits)
        return tuple(opener.layers_of(nodes)), opener.notes

    def notes_on_difference(self, stack: LayerStack) -> tuple[str, ...]:
        """How far the layers are from the merged picture."""
        merged = self.merged()
        if isinstance(merged, str):
            return (merged,) if merged else ()
        return difference_from_merged(composite(stack), merged).notes()

    def merged(self) -> Pixels | str:
        """The merged picture; in its place why there is none to compare with, which may go without saying: ""."""
        if self._merged is None:
            self._merged = self._read_merged()
        return self._merged

    def _read_merged(self) -> Pixels | str:
        if not self.archive.holds(_MERGED):
            return ""
        try:
            merged = self.archive.picture(_MERGED, "The merged picture")
        except LaminaError as error:
            return f"The layers were not compared with the merged picture in the file. {error.message}"
        if merged.shape[:2] != (self.height, self.width):
            size = f"{merged.shape[1]} x {merged.shape[0]}"
            return f"The merged picture in the file is {size} pixels, and was not compared with the layers."
        return merged


def _groups(nodes: tuple[Node, ...]) -> list[Group]:
    """Those that show."""
    groups = [node for node in nodes if isinstance(node, Group) and not node.is_hidden]
    return [*groups, *(inner for group in groups for inner in _groups(group.members))]


def _is_unclear(group: Group) -> bool:
    return not group.is_isolated and (group.opacity != 255 or group.blend is not BlendMode.NORMAL)


def _isolated(node: Node) -> Node:
    if not isinstance(node, Group):
        return node
    return replace(node, members=tuple(map(_isolated, node.members)), is_isolated=node.is_isolated or _is_unclear(node))
