"""Checks results for unsafe content: flagged pictures are returned black and marked, and the job succeeds."""
