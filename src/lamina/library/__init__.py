"""The Python API of `import lamina`: thin functions over `execution`, with keyword arguments."""

from lamina.execution.decompose import Stack, load
from lamina.execution.pictures import Pictures
from lamina.library.layers import decompose
from lamina.library.pictures import edit, generate

__all__ = ["Pictures", "Stack", "decompose", "edit", "generate", "load"]
