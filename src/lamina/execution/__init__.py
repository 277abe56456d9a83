"""Runs one task in this process, from inputs to result, for the library, the command line and the worker."""
