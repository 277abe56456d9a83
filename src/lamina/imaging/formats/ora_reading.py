"""Reads OpenRaster files of Lamina and other programs as layers in pass-through groups."""

from dataclasses import dataclass, field, replace

from lamina.core.composite import composite
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import BlendMode, Layer, LayerStack, Pixels
from lamina.imaging.formats.archive import Archive
from lamina.imaging.formats.group_flattening import Group, GroupFlattener, Node
from lamina.imaging.formats.merged import difference_from_merged, differs
from lamina.imaging.formats.ora_layers import LayerReader
from lamina.imaging.formats.ora_tree import parse_stack_xml
from lamina.imaging.formats.records import (
    empty_stack_notes,
    layer_label,
    limit_notes,
    normalise_foreign_stack,
    within_depth,
)

_MERGED = "mergedimage.png"
_MAX_MEAN_LEVELS = 1.0  # mean difference from the merged image up to which an interpretation is accepted
_MIN_RATIO = 2.0  # the other interpretation must differ at least this many times as much


def read(archive: Archive) -> LayerStack:
    """The layers of an OpenRaster file, lowest first, with notes on every difference from the file.

    Groups pass through if that looks the same, else they are rendered into one layer.
    Raises `LaminaError` (input_not_a_stack, input_too_large, input_corrupt) and `InvalidContentError`.
    """
    image = parse_stack_xml(archive.text("stack.xml"))
    archive.limits.check_canvas(image.width, image.height)
    reader = LayerReader(archive)
    nodes = reader.nodes(image.members)
    file = _File(archive, image.width, image.height)
    layers, flattening_notes = file.flatten(nodes)
    notes = limit_notes((*image.notes, *reader.notes, *flattening_notes, *empty_stack_notes(layers)))
    stack = image.provenance.given_to(LayerStack(image.width, image.height, layers, notes))
    if reader.is_from_lamina or not layers:
        return stack
    return normalise_foreign_stack(replace(stack, notes=(*notes, *file.notes_on_difference(stack))))


@dataclass
class _File:
    """An OpenRaster file with its canvas and merged image."""

    archive: Archive
    width: int
    height: int
    _merge: Pixels | str | None = field(default=None, init=False)

    def flatten(self, nodes: tuple[Node, ...]) -> tuple[tuple[Layer, ...], list[str]]:
        """The flattened layers, with notes.

        A group that is not isolated and has an opacity or a blend mode is ambiguous: the current specification, like
        Krita, passes the opacity to the members and ignores the mode; version 0.0.5 isolates the group. If the results
        differ, the merged image decides; if it does not, the file is rejected.
        """
        ambiguous = [group.group.name for group in _groups(nodes) if _is_ambiguous(group)]
        passed_through = self._flatten(nodes)
        if not ambiguous:
            return passed_through
        isolated = self._flatten(tuple(map(_isolated, nodes)))
        composites = [
            composite(LayerStack(self.width, self.height, layers)) for layers, _ in (passed_through, isolated)
        ]
        mask = differs(*composites)
        if not mask.any():
            return passed_through
        merged = self.merged()
        if not isinstance(merged, str):
            means = [difference_from_merged(flat[mask][None], merged[mask][None]).mean for flat in composites]
            if min(means) <= _MAX_MEAN_LEVELS and max(means) >= _MIN_RATIO * min(means):
                return passed_through if means[0] < means[1] else isolated
        raise LaminaError(
            ErrorCode.INPUT_NOT_A_STACK,
            f"The {layer_label('group', ambiguous[0])} is in pass-through mode and has an opacity or a blend mode, "
            "which programs render differently.",
            "Isolate the group, or apply its opacity to its layers, in the program that made it.",
        )

    def _flatten(self, nodes: tuple[Node, ...]) -> tuple[tuple[Layer, ...], list[str]]:
        flattener = GroupFlattener(self.width, self.height, self.archive.limits)
        return within_depth(flattener.flatten(nodes)), flattener.notes

    def notes_on_difference(self, stack: LayerStack) -> tuple[str, ...]:
        """Notes on the difference of the layers and the merged image."""
        merged = self.merged()
        if isinstance(merged, str):
            return (merged,) if merged else ()
        return difference_from_merged(composite(stack), merged).notes()

    def merged(self) -> Pixels | str:
        """The merged image; if there is none to compare with, a note on the reason, which may be empty."""
        if self._merge is None:
            self._merge = self._read_merged()
        return self._merge

    def _read_merged(self) -> Pixels | str:
        if not self.archive.contains(_MERGED):
            return ""
        try:
            merged = self.archive.picture(_MERGED, "The merged image")
        except LaminaError as error:
            return f"The layers were not compared with the merged image in the file. {error.message}"
        if merged.shape[:2] != (self.height, self.width):
            size = f"{merged.shape[1]} x {merged.shape[0]}"
            return f"The merged image in the file is {size} pixels; it was not compared with the layers."
        return merged


def _groups(nodes: tuple[Node, ...]) -> list[Group]:
    """The visible groups."""
    groups = [node for node in nodes if isinstance(node, Group) and not node.group.is_hidden]
    return [*groups, *(inner for group in groups for inner in _groups(group.members))]


def _is_ambiguous(group: Group) -> bool:
    return not group.is_isolated and (group.opacity != 255 or group.blend is not BlendMode.NORMAL)


def _isolated(node: Node) -> Node:
    if not isinstance(node, Group):
        return node
    return replace(
        node, members=tuple(map(_isolated, node.members)), is_isolated=node.is_isolated or _is_ambiguous(node)
    )
