"""Trains nano, the small model in the package: its drawings, its training and its evaluation."""
