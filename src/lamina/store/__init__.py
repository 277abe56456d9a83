"""Keeps what must not be lost: the database and the files."""
