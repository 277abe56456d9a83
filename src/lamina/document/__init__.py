"""What happens to layers as pixels and files: reading, finishing, measuring, exporting, importing."""
