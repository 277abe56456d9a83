"""Whatever is killed, frozen or taken away: no job is lost or done twice, the money is right, every webhook arrives."""

from pathlib import Path

import pytest
from chaos_storm import Plan, run_storm

from stores import BOTH, Postgres


@pytest.mark.parametrize("store", BOTH)
def test_a_storm_costs_nobody_a_job_a_cent_or_a_webhook(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = None
    if store == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database()
    verdict, storm = run_storm(tmp_path, url, Plan(seed=4))
    assert verdict.wrong == [], (verdict, storm)
    assert (verdict.jobs, verdict.lost, verdict.twice) == (60, 0, 0)
    assert verdict.states["cancelled"] > 0
    assert verdict.webhooks_refused > 0
    assert storm.zombies > 0
    assert sum(storm.acts.values()) == 7
