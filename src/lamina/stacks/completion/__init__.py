"""Amodal completion: what of a layer is hidden by the layers above it, judged by what is seen of it."""
