"""Runs programs that know only the vendors' addresses against this machine."""
