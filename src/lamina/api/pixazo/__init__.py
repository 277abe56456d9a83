"""Pixazo's HTTP API as documented on its pages of 2026: queued jobs and synchronous image generation."""
