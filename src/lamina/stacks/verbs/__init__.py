"""What each operation does: pure functions from a document and an operation to another document."""
