"""Image and layer I/O: decoding, encoding, layered file formats, reconstruction of raw layers, metrics."""
