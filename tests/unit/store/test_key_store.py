"""Keys in the store: found by hash, id, prefix or name, and taken back for good."""

from sqlalchemy import Connection
from store_rows import added_key

from lamina.core.ids import new_id
from lamina.core.keys import ApiKey, Scope
from lamina.store import keys


def test_a_key_comes_back_as_it_was_written(connection: Connection) -> None:
    key = ApiKey(
        id=new_id(),
        prefix="lam_prefix00",
        name="a name",
        created_at=1.5,
        scopes=frozenset({Scope.READ}),
        is_metered=True,
        expires_at=9.5,
        per_minute=60,
        at_once=2,
    )
    keys.insert(connection, key, "hash")
    assert keys.by_hash(connection, "hash") == key
    assert keys.by_id(connection, key.id) == key
    assert keys.by_hash(connection, "another") is None


def test_a_key_is_found_by_its_id_prefix_or_name(connection: Connection) -> None:
    one, two = added_key(connection, "same"), added_key(connection, "same")
    assert keys.named(connection, one.id) == [one]
    assert {key.id for key in keys.named(connection, "same")} == {one.id, two.id}
    assert keys.named(connection, "nothing") == []
    assert [key.id for key in keys.every(connection)] == sorted([one.id, two.id])


def test_a_revoked_key_stays_revoked_from_the_first_time_on(connection: Connection, key: ApiKey) -> None:
    keys.revoke(connection, key.id, 10.0)
    keys.revoke(connection, key.id, 20.0)
    revoked = keys.by_id(connection, key.id)
    assert revoked is not None
    assert revoked.revoked_at == 10.0
    assert not revoked.is_valid_at(10.0)


def test_a_key_can_be_metered_later(connection: Connection, key: ApiKey) -> None:
    keys.meter(connection, key.id)
    metered = keys.by_id(connection, key.id)
    assert metered is not None
    assert metered.is_metered
