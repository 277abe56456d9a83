"""What a user can choose about the content of a file that a stack is saved to, beyond its format."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """The options of all writers; each ignores those that its format lacks.

    `editable_text`: text instead of pictures of it, or hidden beside them where they must stay exact. `native_shapes`:
    shapes instead of pictures of them. `embeds_fonts`: the installed fonts of the text within the file.
    """

    editable_text: bool = False
    native_shapes: bool = False
    embeds_fonts: bool = False

    @property
    def is_editable(self) -> bool:
        """Whether any layer may become something else than a picture."""
        return self.editable_text or self.native_shapes


PICTURES_ONLY = ExportOptions()
"""Every layer as a picture."""
