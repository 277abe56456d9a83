"""The samplers: every named scheduler as a diffusers object for the family's unmodified pipelines."""

from lamina.engines.qwen.samplers.scheduler import FlowScheduler, make_scheduler

__all__ = ["FlowScheduler", "make_scheduler"]
