"""Notifies agents of queued jobs, with one adapter for one machine and one for many."""
