"""API keys: told once, known again by their hash, refused when they are revoked, expired or not for that."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from lamina.accounts.keys import KeyTerms, authenticate, create_key, key_named, the_key
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.keys import Scope
from lamina.service.service import Service
from lamina.store import keys
from lamina.store.tables import keys as keys_table
from services import Clock, balance, run


def code_of(service: Service, secret: str, scope: Scope = Scope.READ) -> ErrorCode:
    with pytest.raises(LaminaError) as caught:
        run(authenticate(service, secret, scope))
    return caught.value.code


def test_a_key_is_known_again_by_its_secret(service: Service) -> None:
    key, secret = create_key(service.database, KeyTerms(name="mine", per_minute=9), service.clock())
    assert run(authenticate(service, secret, Scope.WRITE)) == key
    assert secret.startswith(key.prefix)
    assert key.prefix.startswith("lam_")
    assert not key.is_metered


def test_the_secret_itself_is_nowhere_in_the_store(service: Service) -> None:
    _, secret = create_key(service.database, KeyTerms(), service.clock())
    with service.database.engine.connect() as connection:
        row = connection.execute(sa.select(keys_table)).one()
    assert not any(secret in str(value) for value in row)


def test_a_key_with_credit_is_metered_even_when_it_is_none(service: Service) -> None:
    rich, _ = create_key(service.database, KeyTerms(credit_micros=5), service.clock())
    broke, _ = create_key(service.database, KeyTerms(credit_micros=0), service.clock())
    assert (rich.is_metered, balance(service, rich)) == (True, 5)
    assert (broke.is_metered, balance(service, broke)) == (True, 0)


@pytest.mark.parametrize("secret", ["", "lam_", "lam_wrong", "ключ"])
def test_an_unknown_secret_is_refused(service: Service, secret: str) -> None:
    assert code_of(service, secret) is ErrorCode.KEY_INVALID


def test_a_revoked_key_is_refused(service: Service) -> None:
    key, secret = create_key(service.database, KeyTerms(), service.clock())
    service.database.write_now(lambda connection: keys.revoke(connection, key.id, service.clock()))
    assert code_of(service, secret) is ErrorCode.KEY_INVALID


def test_an_expired_key_is_refused(service: Service, clock: Clock) -> None:
    _, secret = create_key(service.database, KeyTerms(expires_at=clock.now + 10), clock.now)
    run(authenticate(service, secret, Scope.READ))
    clock.now += 10
    assert code_of(service, secret) is ErrorCode.KEY_INVALID


def test_a_key_may_do_no_more_than_its_scopes_say(service: Service) -> None:
    _, secret = create_key(service.database, KeyTerms(scopes=frozenset({Scope.READ})), service.clock())
    run(authenticate(service, secret, Scope.READ))
    assert code_of(service, secret, Scope.WRITE) is ErrorCode.KEY_FORBIDDEN


def test_a_name_is_one_good_keys_own(service: Service, clock: Clock) -> None:
    one, _ = create_key(service.database, KeyTerms(name="same", expires_at=clock.now + 10), clock.now)
    with pytest.raises(LaminaError, match=f"already a key named 'same': {one.id}") as caught:
        create_key(service.database, KeyTerms(name="same"), clock.now)
    assert caught.value.code is ErrorCode.STATE_CONFLICT
    assert f"lamina keys revoke {one.id}" in caught.value.hint
    clock.now += 11
    two, _ = create_key(service.database, KeyTerms(name="same"), clock.now)
    service.database.write_now(lambda connection: keys.revoke(connection, two.id, clock.now))
    three, _ = create_key(service.database, KeyTerms(name="same"), clock.now)
    assert service.database.write_now(lambda connection: the_key(connection, "same", clock.now)) == three
    unnamed = {create_key(service.database, KeyTerms(), clock.now)[0].id for _ in range(2)}
    assert len(unnamed) == 2


def test_a_name_that_two_keys_have_says_too_little(service: Service, clock: Clock) -> None:
    """As it was allowed once."""
    one, _ = create_key(service.database, KeyTerms(name="same"), clock.now)
    two = replace(one, id=new_id(), prefix="lam_another")
    service.database.write_now(lambda connection: keys.insert(connection, two, "another hash"))
    assert service.database.write_now(lambda connection: the_key(connection, one.prefix, clock.now)) == one
    for reference, told in (("same", "2 keys"), ("nobody", "no key")):
        with pytest.raises(LaminaError, match=told) as caught:
            service.database.write_now(lambda connection, named=reference: the_key(connection, named, clock.now))
        assert caught.value.code is ErrorCode.NOT_FOUND


def test_a_key_is_found_by_its_name_or_created(service: Service, clock: Clock) -> None:
    other, _ = create_key(service.database, KeyTerms(name="other"), clock.now)
    first = key_named(service.database, KeyTerms(name="studio"), clock.now)
    assert (first.name, first.scopes, first.is_metered) == ("studio", frozenset(Scope), False)
    assert key_named(service.database, KeyTerms(name="studio"), clock.now) == first
    assert key_named(service.database, KeyTerms(name="other"), clock.now) == other


def test_a_key_that_is_no_longer_valid_is_replaced(service: Service, clock: Clock) -> None:
    first = key_named(service.database, KeyTerms(name="studio"), clock.now)
    service.database.write_now(lambda connection: keys.revoke(connection, first.id, clock.now))
    second = key_named(service.database, KeyTerms(name="studio"), clock.now)
    assert second.id != first.id
    assert key_named(service.database, KeyTerms(name="studio"), clock.now) == second
