"""Gives the layers and groups of a Photoshop file their attributes: from the file, its groups, and Lamina's XMP."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from psd_tools.api.layers import Group as PsdGroup
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.api.layers import TypeLayer

from lamina.core.layers import BlendMode, Group, Layer, LayerKind, Pixels
from lamina.imaging.formats.psd_rendering import Edges
from lamina.imaging.formats.psd_xmp import RUN_OF_TEXT, GroupXmp, StackXmp
from lamina.imaging.formats.records import parse_text
from lamina.imaging.formats.style_records import parse_style


@dataclass(frozen=True)
class Inherited:
    """What a layer inherits from the groups around it.

    `frame`: the bounds of the artboard or the canvas, which clip the layer. `opacity`: of groups, 0..255. `groups`:
    those that are kept, outermost first. `is_hidden`, `is_locked`: whether folders that are not kept are.
    """

    frame: Edges
    opacity: int = 255
    groups: tuple[Group, ...] = ()
    is_hidden: bool = False
    is_locked: bool = False

    @property
    def is_visible(self) -> bool:
        """True if nothing around the layer is hidden."""
        return not (self.is_hidden or any(group.is_hidden for group in self.groups))

    def with_flags(self, source: PsdLayer) -> "Inherited":
        """The same, hidden or locked if `source` is."""
        return replace(
            self, is_hidden=self.is_hidden or not source.visible, is_locked=self.is_locked or _is_locked(source)
        )


class SourceAttributes:
    """The attributes of layers and groups by their ids. `xmp`: None for a file of another program."""

    def __init__(self, xmp: StackXmp | None) -> None:
        self._is_ours = xmp is not None and bool(xmp.layers)
        self._layers = {} if xmp is None else xmp.layers
        self._groups = {} if xmp is None else xmp.groups

    def is_spare_text(self, source: PsdLayer) -> bool:
        """Whether it is a hidden type layer that Lamina has put beside the pixels of the text."""
        return self._is_ours and isinstance(source, TypeLayer) and not source.visible and not self._is_layer(source)

    def inside(self, source: PsdGroup, inherited: Inherited) -> Inherited:
        """What the members of a group inherit: the group, or its flags if it is a folder that Lamina has added."""
        if self._is_added_folder(source):
            return inherited.with_flags(source)
        attributes = {} if self._groups is None else self._groups.get(str(source.layer_id), {})
        group = Group(
            name=_name(source, attributes),
            kind=LayerKind(attributes.get("kind", LayerKind.OBJECT)),
            is_hidden=not source.visible,
            is_locked=_is_locked(source),
        )
        return replace(inherited, groups=(*inherited.groups, group))

    def layer(
        self, source: PsdLayer, inherited: Inherited, pixels: Pixels, corner: tuple[int, int], blend: BlendMode
    ) -> Layer:
        """The layer with these pixels. `inherited`: with the flags of the source."""
        attributes = self._layers.get(str(source.layer_id), {})
        kind = LayerKind.TEXT if isinstance(source, TypeLayer) else LayerKind.OBJECT
        return Layer(
            name=_name(source, attributes),
            kind=LayerKind(attributes.get("kind", kind)),
            pixels=pixels,
            left=corner[0],
            top=corner[1],
            is_hidden=inherited.is_hidden,
            is_locked=inherited.is_locked,
            blend=blend,
            text=parse_text(attributes.get("text", ())),
            style=parse_style(attributes.get("style")),
            groups=inherited.groups,
        )

    def _is_added_folder(self, source: PsdGroup) -> bool:
        """Whether it is a folder of text, which is not a group of the stack that Lamina has written."""
        if not self._is_ours or (self._groups is not None and str(source.layer_id) in self._groups):
            return False
        if self._groups is None and source.name == RUN_OF_TEXT:
            return True
        types = [member for member in source if isinstance(member, TypeLayer) and not self._is_layer(member)]
        return bool(types) and any(self._is_layer(member) for member in source)

    def _is_layer(self, source: PsdLayer) -> bool:
        return str(source.layer_id) in self._layers


def _name(source: PsdLayer, attributes: Mapping[str, object] | GroupXmp) -> str:
    """The full name, unless the layer or group was renamed in another program."""
    is_renamed = source.name != attributes.get("shown", source.name)
    return source.name if is_renamed else str(attributes.get("name", source.name))


def _is_locked(source: PsdLayer) -> bool:
    locks = source.locks
    return locks is not None and locks.complete
