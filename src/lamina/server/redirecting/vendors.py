"""The hosts that code written for a vendor talks to."""

from collections.abc import Iterable, Mapping

HOSTS: Mapping[str, tuple[str, ...]] = {
    "pixazo": ("gateway.pixazo.ai",),
    "fal": (
        "fal.run",
        "*.fal.run",
        "rest.fal.ai",
        "rest.alpha.fal.ai",
        "fal.media",
        "*.fal.media",
        "falrun.com",
        "*.falrun.com",
    ),
    "runware": ("api.runware.ai", "ws-api.runware.ai"),
}
"""By vendor. "*.fal.media" is any name below: v3.fal.media and its like. falrun.com is fal's backup: its Python client
turns to it when fal.run does not answer."""


def hosts_of(vendors: Iterable[str]) -> list[str]:
    return [host for vendor in vendors for host in HOSTS[vendor]]
