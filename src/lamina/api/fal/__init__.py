"""fal.ai's HTTP API, so that its own clients work with this service by a change of address."""
