"""What a service does for its users: submit, follow, cancel, work, pay."""
