"""Ids: UUIDs of version 7 that sort by age, also those that were made right after each other."""

import time
import uuid

from lamina.core.ids import new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = uuid.UUID(new_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert abs((made.int >> 80) - time.time() * 1000) < 5_000


def test_ids_sort_by_age() -> None:
    made = []
    for _ in range(200):
        made.append(new_id())
        until_ns = time.time_ns() + 500  # longer than the resolution of the fraction
        while time.time_ns() < until_ns:
            pass
    assert made == sorted(made)
    assert len(set(made)) == len(made)
