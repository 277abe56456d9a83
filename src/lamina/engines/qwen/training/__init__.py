"""Trains LoRAs with flow matching on pre-encoded examples, with checkpoints."""
