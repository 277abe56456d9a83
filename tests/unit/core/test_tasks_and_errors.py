"""What a task refuses, and what an error tells."""

from typing import Any

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import AUTO_LAYERS, MAX_LAYERS, MIN_LAYERS, DecomposeTask, LayerCount


@pytest.mark.parametrize("layers", [None, MIN_LAYERS, MAX_LAYERS, AUTO_LAYERS])
def test_a_budget_of_1_to_100_or_auto_or_none_is_a_task(layers: LayerCount | None) -> None:
    assert DecomposeTask(layers).layers == layers


@pytest.mark.parametrize("layers", [0, 101, -1, 2.5, True, "all", "10"])
def test_another_budget_is_refused_with_what_to_do(layers: Any) -> None:
    with pytest.raises(LaminaError) as refused:
        DecomposeTask(layers)
    assert refused.value.code is ErrorCode.TASK_INVALID
    assert str(layers) in refused.value.message
    assert '1 to 100, or "auto"' in refused.value.hint


def test_an_error_reads_as_one_line_of_what_happened_and_what_to_do() -> None:
    error = LaminaError(ErrorCode.INPUT_EMPTY, "'a.png' is empty.", "Give a picture.")
    assert str(error) == "'a.png' is empty. Give a picture."
    assert str(LaminaError(ErrorCode.INPUT_EMPTY, "'a.png' is empty.")) == "'a.png' is empty."


def test_codes_are_spelt_like_their_names() -> None:
    assert [code.value for code in ErrorCode] == [code.name.lower() for code in ErrorCode]
