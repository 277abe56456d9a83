"""Computes where a typeface sets the letters of a string, for measuring text in pictures and for writing it again."""
