"""Finds, checks and downloads the weights of models, without torch."""
