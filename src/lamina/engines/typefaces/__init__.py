"""Recognises typefaces by comparing letters with an index of free families."""

from lamina.engines.typefaces.matching import match_typeface as match_typeface
from lamina.engines.typefaces.own_fonts import index_with_fonts as index_with_fonts
