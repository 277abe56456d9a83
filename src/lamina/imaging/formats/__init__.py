"""Writers and readers of layered file formats, one module per format and direction."""
