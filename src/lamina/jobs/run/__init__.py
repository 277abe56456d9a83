"""Runs jobs: agents, each with one device and one engine process."""
