"""Runware's API, over WebSocket and HTTP, for Runware's own clients."""
