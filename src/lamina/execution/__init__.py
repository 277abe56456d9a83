"""Runs one task in this process, from its inputs to its result, for the library, the command line and the worker."""
