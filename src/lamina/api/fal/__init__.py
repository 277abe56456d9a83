"""fal.ai's HTTP API: fal's own clients work with this service once their base URL is changed."""
