"""Fits how the classic engine judges candidates for layers."""
