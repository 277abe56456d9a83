"""Recognizes layers that are simple shapes, and redraws the shapes to check them."""
