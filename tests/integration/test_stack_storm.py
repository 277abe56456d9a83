"""Whoever edits a stack at the same time, and whatever is killed meanwhile: no accepted edit is lost, none is mixed."""

from pathlib import Path

import pytest
from stack_storm import StormPlan, run_stack_storm

from stores import BOTH, Postgres
from waiting import completed


@pytest.mark.parametrize("store", BOTH)
def test_a_storm_of_edits_loses_none_that_was_accepted(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = None
    if store == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database()
    plan = StormPlan(clients=40, edits=2, kills=2)
    verdict = completed(run_stack_storm(tmp_path, url, plan), within_s=240)
    assert (verdict.lost, verdict.mixed, verdict.kills) == ([], [], 2), verdict
    assert len(verdict.accepted) == 80
    assert verdict.ends[409] > 0
