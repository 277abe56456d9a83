"""The classic engine: decomposes designs by colour, text and shape on any CPU, with no weights but the OCR's."""

from lamina.engine.classic.engine import ClassicEngine

__all__ = ["ClassicEngine"]
