"""What each layer became in a file that a stack was saved to."""

from dataclasses import dataclass

from lamina.imaging.shapes.shape import Residual

PICTURE = "picture"
FLATTENED = "flattened"
EDITABLE_TEXT = "editable text"
TYPE_LAYER = "picture and type layer"


@dataclass(frozen=True, slots=True)
class ExportedLayer:
    """`content`: "picture", "flattened", "editable text", "picture and type layer" or the name of a shape.

    `residual`: how the redrawn layer differs from its picture; None if it was not redrawn, or cannot be measured.
    """

    content: str
    residual: Residual | None = None
