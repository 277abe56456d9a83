"""Fetches what users' addresses name without letting them reach into the network that Lamina runs in."""
