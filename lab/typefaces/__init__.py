"""Makes the index of typefaces from the glyphs of free fonts, and draws lines of text to measure how well it works."""
