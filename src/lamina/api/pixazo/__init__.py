"""Pixazo's HTTP API, as its pages of 2026 print it: queued jobs, and pictures while you wait."""
