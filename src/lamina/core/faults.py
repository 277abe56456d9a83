"""Converts unexpected exceptions to errors for users, without the exception's text, which may contain anything."""

import errno
import secrets

from lamina.core.errors import ErrorCode, LaminaError

FAULTS = frozenset({ErrorCode.ENGINE_FAILED, ErrorCode.ENGINE_CRASHED})
"""Codes of Lamina's own faults, whose traceback is logged."""

_ENVIRONMENT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EROFS, errno.ENODEV})
_DEVICE_WORDS = ("CUDA error", "HIP error", "CUDNN_STATUS", "CUBLAS_STATUS", "cuFFT error", "NCCL error")
_DEVICE_TYPES = ("AcceleratorError",)
_CV2_NO_MEMORY = -4  # cv::Error::StsNoMem


def fault_of(error: Exception, whose: str) -> LaminaError:
    """The error to raise `from` the exception. `whose`: what failed, as the subject of a sentence.

    Its code is out_of_memory; engine_unavailable (a module or a system library is missing); engine_crashed (the machine
    or its device failed, and the same task may succeed elsewhere or later); or else engine_failed: the same task would
    fail again.
    """
    name = type(error).__name__
    if isinstance(error, MemoryError) or _is_cv2_without_memory(error):
        return LaminaError(
            ErrorCode.OUT_OF_MEMORY, "There is not enough memory.", "Make the picture smaller, or close other programs."
        )
    if isinstance(error, ImportError):
        return LaminaError(
            ErrorCode.ENGINE_UNAVAILABLE,
            f"{whose} cannot run: {error}".rstrip(".") + ".",
            "Run lamina doctor.",
        )
    if is_machines_fault(error):
        return LaminaError(
            ErrorCode.ENGINE_CRASHED, f"{whose} failed because its machine or its device did ({name}).", "Try again."
        )
    return LaminaError(
        ErrorCode.ENGINE_FAILED,
        f"{whose} failed unexpectedly ({name}).",
        "The same request would fail again; another size or another engine may work.",
    )


def is_machines_fault(error: Exception) -> bool:
    """True if the cause is the disk, a limit of the system or a GPU, and not the task.

    After such an error of a GPU, the process cannot use that GPU any more (CUDA documentation, "sticky" errors).
    """
    if isinstance(error, OSError):
        return error.errno in _ENVIRONMENT
    if type(error).__name__ in _DEVICE_TYPES:
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in _DEVICE_WORDS)


def new_fault_id() -> str:
    """Short enough to read out, and unique enough for the log of one installation."""
    return secrets.token_hex(4)


def _is_cv2_without_memory(error: Exception) -> bool:
    return type(error).__name__ == "error" and getattr(error, "code", None) == _CV2_NO_MEMORY
