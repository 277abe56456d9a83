"""Pictures and layers as pixels and files: reading, writing, finishing, measuring."""
