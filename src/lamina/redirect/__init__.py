"""Runs programs written for the vendors' APIs against the local Lamina server, without changing them."""
