"""Fetches users' URLs over HTTP, only from public addresses unless the settings allow private ones."""
