"""Damaged pictures of every kind are read or refused: nothing else, nothing printed, the same each time."""

import pytest

from broken_pictures import broken_files, fate_of

_MOST_S = 20.0  # where the machine is busy; a loop without end takes longer


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_damaged_by_lot(seed: int, capfd: pytest.CaptureFixture[str]) -> None:
    fates = {broken.what: fate_of(broken.data) for broken in broken_files(seed, 200)}
    assert {what: fate.fault for what, fate in fates.items() if fate.fault} == {}
    assert max(fate.seconds for fate in fates.values()) < _MOST_S
    assert any(fate.message for fate in fates.values()) and not all(fate.message for fate in fates.values())
    assert capfd.readouterr().err == ""
