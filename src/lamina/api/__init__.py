"""The HTTP and WebSocket APIs, one package each."""
