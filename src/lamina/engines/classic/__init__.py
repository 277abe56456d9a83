"""The classic engine: decomposes designs by colour, text and shape on any CPU; its only model weights are for OCR."""

from lamina.engines.classic.engine import ClassicEngine

__all__ = ["ClassicEngine"]
