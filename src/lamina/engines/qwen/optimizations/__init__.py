"""The same pictures sooner: each module here is one way, equal to what diffusers does, to rounding."""
