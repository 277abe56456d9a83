"""The classic engine: decomposes designs by colour, text and shape on any CPU, with no weights but the OCR's."""

from lamina.engines.classic.engine import ClassicEngine

__all__ = ["ClassicEngine"]
