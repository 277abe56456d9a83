"""API keys, and what requests cost."""
