"""Measures an engine, or the finishing pass, on posters whose layers are known."""
