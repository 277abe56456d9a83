"""Sampling in less time: passes through the transformer that are answered from what an earlier step computed."""

from lamina.engines.qwen.acceleration.accelerated import accelerated
from lamina.engines.qwen.acceleration.passes import Skips

__all__ = ["Skips", "accelerated"]
