"""What is done with jobs: submit, follow, cancel, run, settle, retry, sweep."""
