"""Fetches what users point at over HTTP, and never from an address that is not public unless the settings allow it."""
