"""Lamina decomposes pictures into editable RGBA layers, and generates and edits pictures.

    import lamina

    stack = lamina.decompose("poster.png", layers=6)
    stack.save("poster.psd")
    lamina.generate("a red circle on a white background").save("circle.png")
    lamina.edit("circle.png", "make the circle green").save("green.png")

Importing it is fast: the modules behind a name are imported when the name is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamina.core.composite import composite
    from lamina.core.errors import ErrorCode, LaminaError
    from lamina.core.layers import BlendMode, Layer, LayerKind, LayerStack, TextLine
    from lamina.core.selections import Place, Selection, Unit
    from lamina.core.tasks import Lora
    from lamina.core.text_styles import TextStyle
    from lamina.imaging.picture import Picture, read_picture
    from lamina.library import Pictures, Stack, decompose, edit, generate, load
    from lamina.stacks.editor import StackEditor

    __version__: str

__all__ = [
    "BlendMode",
    "ErrorCode",
    "LaminaError",
    "Layer",
    "LayerKind",
    "LayerStack",
    "Lora",
    "Picture",
    "Pictures",
    "Place",
    "Selection",
    "Stack",
    "StackEditor",
    "TextLine",
    "TextStyle",
    "Unit",
    "__version__",
    "composite",
    "decompose",
    "edit",
    "generate",
    "load",
    "read_picture",
]

_MODULES = {
    "BlendMode": "lamina.core.layers",
    "ErrorCode": "lamina.core.errors",
    "LaminaError": "lamina.core.errors",
    "Layer": "lamina.core.layers",
    "LayerKind": "lamina.core.layers",
    "LayerStack": "lamina.core.layers",
    "Lora": "lamina.core.tasks",
    "Picture": "lamina.imaging.picture",
    "Pictures": "lamina.execution.pictures",
    "Place": "lamina.core.selections",
    "Selection": "lamina.core.selections",
    "Stack": "lamina.execution.decompose",
    "StackEditor": "lamina.stacks.editor",
    "TextLine": "lamina.core.layers",
    "TextStyle": "lamina.core.text_styles",
    "Unit": "lamina.core.selections",
    "composite": "lamina.core.composite",
    "decompose": "lamina.library.layers",
    "edit": "lamina.library.pictures",
    "generate": "lamina.library.pictures",
    "load": "lamina.execution.decompose",
    "read_picture": "lamina.imaging.picture",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("lamina")
    elif name in _MODULES:
        value = getattr(import_module(_MODULES[name]), name)
    else:
        raise AttributeError(f"module 'lamina' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
