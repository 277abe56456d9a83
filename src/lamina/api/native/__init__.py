"""Lamina's own HTTP API."""
