"""Optimizations of the diffusers models; each gives the same results up to rounding."""
