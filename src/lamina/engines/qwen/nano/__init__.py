"""Nano: a small checkpoint of the family's architecture, what it was trained on, and how."""
