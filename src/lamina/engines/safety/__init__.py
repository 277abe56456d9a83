"""Looks at what was made before anybody sees it: flagged pictures come back black and marked, and the job succeeds."""
