"""The nouns and rules of Lamina: tasks, layers, errors and ports; no I/O, and numpy as the only import."""
