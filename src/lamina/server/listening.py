"""Binds the socket that the server listens on, before anything else is started."""

import errno
import ipaddress
import socket

from lamina.core.errors import ErrorCode, LaminaError

_BACKLOG = 2048


def bound_socket(host: str, port: int) -> socket.socket:
    """`port`: 0 chooses a free one. Raises `LaminaError`: port_taken, settings_invalid (not an address of ours)."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise _refusal(host, port, error) from error
    # Connections inherit it. Event loops set it only where a socket names its protocol, which this one does not, and
    # without it every answer in two parts waits 40 ms for the client's acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address_of(listener: socket.socket) -> str:
    """The URL for clients on this machine: http://HOST:PORT."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(listener: socket.socket) -> bool:
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


def _refusal(host: str, port: int, error: OSError) -> LaminaError:
    if error.errno == errno.EADDRINUSE:
        return LaminaError(
            ErrorCode.PORT_TAKEN,
            f"Another program listens on {host}:{port}.",
            "Give another --port, or stop that program.",
        )
    if error.errno == errno.EACCES:
        return LaminaError(
            ErrorCode.PORT_TAKEN, f"Port {port} may not be used by this user.", "Give a --port of 1024 or more."
        )
    return LaminaError(
        ErrorCode.SETTINGS_INVALID,
        f"{host!r} is not an address of this machine: {error.strerror or error}.",
        "Give --host 127.0.0.1, or 0.0.0.0 for all of its addresses.",
    )
