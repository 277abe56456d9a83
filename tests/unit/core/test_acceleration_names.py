"""What of a run may be skipped is asked for by name, and a wrong name is told like any other mistake."""

import pytest

from lamina.core.acceleration import AccelerationLevel
from lamina.core.errors import ErrorCode, LaminaError


def test_a_level_that_is_none_is_the_users_mistake() -> None:
    with pytest.raises(LaminaError, match=r"quick.*none, regular, high, fast") as caught:
        AccelerationLevel("quick")
    assert caught.value.code is ErrorCode.TASK_INVALID
