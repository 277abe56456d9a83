"""Edits of layer stacks: documents with numbered layers and groups, the operations on them, and what changed."""
