"""What becomes of exceptions that nobody expected."""

import errno

import cv2
import numpy as np
import pytest

from lamina.core.errors import ErrorCode
from lamina.core.faults import fault_of, new_fault_id

FULL = OSError(errno.ENOSPC, "No space left on device")


class AcceleratorError(RuntimeError):
    """As torch calls what its devices say."""


def failure_of_opencv() -> Exception:
    with pytest.raises(cv2.error) as raised:
        cv2.GaussianBlur(np.zeros((2, 2)), (2, 2), 0)
    return raised.value


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError(), ErrorCode.ENGINE_FAILED),
        (RuntimeError("The size of tensor a (3) must match"), ErrorCode.ENGINE_FAILED),
        (FileNotFoundError(errno.ENOENT, "No such file"), ErrorCode.ENGINE_FAILED),
        (failure_of_opencv(), ErrorCode.ENGINE_FAILED),
        (FULL, ErrorCode.ENGINE_CRASHED),
        (RuntimeError("CUDA error: device-side assert triggered"), ErrorCode.ENGINE_CRASHED),
        (AcceleratorError("unspecified launch failure"), ErrorCode.ENGINE_CRASHED),
        (MemoryError(), ErrorCode.OUT_OF_MEMORY),
        (ImportError("libGL.so.1: cannot open shared object file"), ErrorCode.ENGINE_UNAVAILABLE),
    ],
)
def test_the_code_says_whether_the_same_would_fail_again(error: Exception, code: ErrorCode) -> None:
    told = fault_of(error, "The classic engine")
    assert told.code is code
    assert told.message.endswith(".") and told.hint.endswith(".")


def test_its_text_is_not_told() -> None:
    assert "secret" not in str(fault_of(ValueError("/srv/secret"), "The classic engine"))


def test_ids_are_short_and_differ() -> None:
    ids = {new_fault_id() for _ in range(100)}
    assert len(ids) == 100 and {len(one) for one in ids} == {8}
