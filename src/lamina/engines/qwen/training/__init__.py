"""Trains LoRAs: examples encoded once, flow matching on the sequences that the pipelines build, checkpoints."""
