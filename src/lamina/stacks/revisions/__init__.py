"""Stacks as a resource of the service: created, edited by revisions, undone, exported and deleted."""
