"""Finds out whether a server with the same database runs already."""

import socket
from urllib.parse import urlsplit

import httpx2

from lamina.accounts.browser_sessions import BrowserRequest, cookie_name, session_token
from lamina.service.service import Service
from lamina.studio.sessions import loopback_key

_TIMEOUT_S = 2.0


def is_port_open(port: int) -> bool:
    """Whether a program listens there, on this machine. Port 0 is none."""
    with socket.socket() as probe:
        probe.settimeout(_TIMEOUT_S)
        return port != 0 and probe.connect_ex(("127.0.0.1", port)) == 0


def is_served_at(service: Service, address: str) -> bool:
    """Whether a server that only this machine can reach accepts sessions of this service there: it has its secret."""
    host = urlsplit(address).netloc
    name = cookie_name(
        service, BrowserRequest(method="GET", scheme="http", headers={"host": host}, cookies={})
    )  # fmt: skip
    token = session_token(service, loopback_key(service).id)
    try:
        answer = httpx2.get(
            f"{address}/studio/session", headers={"Cookie": f"{name}={token}"}, timeout=_TIMEOUT_S, trust_env=False
        )
        session = answer.json()
        return bool(session["signed_in"] and session["is_loopback"])
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return False
