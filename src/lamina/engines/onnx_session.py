"""Creates sessions of ONNX Runtime on the CPU, with the options that all small networks of the engines share."""

import os
from typing import Any


def cpu_session(model: str | bytes, threads: int, *, keeps_memory: bool) -> Any:
    """The session of a model, given as its path or its content.

    `threads`: per run. `keeps_memory`: reuses the memory of previous runs, which suits inputs of one size.
    """
    runtime = _runtime()
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads, options.inter_op_num_threads = min(threads, os.cpu_count() or 1), 1
    options.enable_cpu_mem_arena = keeps_memory
    # Memory patterns would be kept for every image size.
    options.enable_mem_pattern = not keeps_memory
    # Spinning threads would take processor time from other work on the same image.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return runtime.InferenceSession(model, options, ["CPUExecutionProvider"])


def onnx_errors() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises; its exceptions have no base of their own."""
    members = vars(_runtime().capi.onnxruntime_pybind11_state).values()
    return tuple(kind for kind in members if isinstance(kind, type) and issubclass(kind, Exception))


def _runtime() -> Any:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # must be set before ONNX Runtime is imported
    import onnxruntime

    return onnxruntime  # has no type information
