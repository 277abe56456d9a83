"""Persistence: the database (SQLite or Postgres) and the blob storage."""
