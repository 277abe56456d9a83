"""Measures how the text of layers is set, from their pixels and their recognised lines."""

from lamina.engines.classic.text_styles.measuring import TypefaceMatcher as TypefaceMatcher
from lamina.engines.classic.text_styles.measuring import measure_text as measure_text
