"""Composes designs whose layers are known, from free material, for fitting and checking what tells layers apart."""
