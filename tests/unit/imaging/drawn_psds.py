"""Photoshop files of another program (psd-tools), drawn in a few lines."""

from pathlib import Path

from PIL import Image
from psd_tools import PSDImage
from psd_tools.api.layers import PixelLayer
from psd_tools.constants import Resource, Tag
from psd_tools.psd.image_resources import ImageResource, VersionInfo

Colour = tuple[int, ...]


def document(size: int = 6, colour: Colour = (200, 100, 50), mode: str = "RGB") -> PSDImage:
    """An opaque ground of one colour."""
    made = PSDImage.new(mode, (size, size))
    made.create_pixel_layer(Image.new(mode, (size, size), colour), "Ground")
    return made


def add(to: PSDImage, name: str, colour: Colour, size: int = 6, left: int = 0) -> PixelLayer:
    """A square of one colour, RGB or RGBA."""
    layer = to.create_pixel_layer(Image.new("RGBA" if len(colour) == 4 else "RGB", (size, size), colour), name)
    layer.left = left
    return layer


def add_block(layer: PixelLayer, tag: Tag, *values: object) -> None:
    layer._record.tagged_blocks.set_data(tag, *values)


def saved(made: PSDImage, path: Path) -> Path:
    """As it is opened again, with the merged picture that psd-tools draws of it."""
    again = PSDImage.open(without_merged(made, path))
    again.mark_updated()
    _version(again).has_composite = True
    again.save(path)
    return path


def without_merged(made: PSDImage, path: Path) -> Path:
    """As it is, with the word that the merged picture shows nothing."""
    made._update_record()
    _version(made).has_composite = False
    with path.open("wb") as file:
        made._record.write(file)
    return path


def _version(made: PSDImage) -> VersionInfo:
    if Resource.VERSION_INFO not in made.image_resources:
        made.image_resources[Resource.VERSION_INFO] = ImageResource(
            key=Resource.VERSION_INFO, data=VersionInfo().tobytes()
        )
    return made.image_resources.get_data(Resource.VERSION_INFO)
