"""A server takes its socket first, and says plainly why it cannot."""

import socket

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.server.listening import address_of, bound_socket, is_loopback


def test_any_free_port_is_told() -> None:
    with bound_socket("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert address_of(listener) == f"http://127.0.0.1:{port}"
        assert is_loopback(listener)


def test_all_addresses_are_reached_by_loopback() -> None:
    with bound_socket("0.0.0.0", 0) as listener:  # noqa: S104
        assert address_of(listener).startswith("http://127.0.0.1:")
        assert not is_loopback(listener)


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(LaminaError) as caught:
        bound_socket("127.0.0.1", other.getsockname()[1])
    assert caught.value.code is ErrorCode.PORT_TAKEN


def test_an_address_of_another_machine() -> None:
    with pytest.raises(LaminaError, match=r"'192\.0\.2\.1' is not an address of this machine") as caught:
        bound_socket("192.0.2.1", 0)
    assert caught.value.code is ErrorCode.SETTINGS_INVALID
