"""Lamina as a library: pictures into layers, words into pictures, and all of them into files and back."""

from lamina.library.decomposing import Stack, decompose, decomposed, load
from lamina.library.given import AnyPicture
from lamina.library.making import Pictures, edit, edited, generate, generated

__all__ = [
    "AnyPicture",
    "Pictures",
    "Stack",
    "decompose",
    "decomposed",
    "edit",
    "edited",
    "generate",
    "generated",
    "load",
]
