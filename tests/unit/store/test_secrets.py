"""Secrets that processes share: made once, whoever comes first."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection

from lamina.store.database import Database
from lamina.store.secrets import secret


def test_a_secret_is_made_once_and_kept(connection: Connection) -> None:
    made = secret(connection, "url", lambda: b"\x00first")
    assert made == b"\x00first"
    assert secret(connection, "url", lambda: b"second") == made
    assert secret(connection, "webhook", lambda: b"another") == b"another"


def test_all_who_ask_at_the_same_time_get_the_same(database_url: str, opened: Callable[[str], Database]) -> None:
    databases = [opened(database_url) for _ in range(4)]
    with ThreadPoolExecutor() as threads:
        got = threads.map(lambda one: one.write_now(lambda c: secret(c, "url", lambda: os.urandom(8))), databases)
    assert len(set(got)) == 1
