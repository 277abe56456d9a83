"""Step caches: skip transformer passes by reusing the results of earlier steps."""

from lamina.engines.qwen.acceleration.accelerated import accelerated
from lamina.engines.qwen.acceleration.passes import Skips

__all__ = ["Skips", "accelerated"]
