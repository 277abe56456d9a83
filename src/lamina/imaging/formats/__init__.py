"""One module a file format: how a layer stack is written to it and, where it can be, read back."""
