"""Recognises typefaces by comparing letters with an index of free families."""

from lamina.engines.typefaces.matching import match_typeface as match_typeface
