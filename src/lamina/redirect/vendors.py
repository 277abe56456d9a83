"""The hosts that code written for a vendor talks to."""

from collections.abc import Iterable, Mapping

from lamina.api.fal.hosts import HOSTS as FAL_HOSTS
from lamina.api.pixazo.access import HOST as PIXAZO_HOST

HOSTS: Mapping[str, tuple[str, ...]] = {
    "pixazo": (PIXAZO_HOST,),
    # whatever else stands below fal.run has no route here, and is to hear no key of ours
    "fal": (*FAL_HOSTS, "*.fal.run", "*.falrun.com"),
    "runware": ("api.runware.ai", "ws-api.runware.ai"),
}
"""By vendor. "*.fal.media" is any name below: v3.fal.media and its like."""


def hosts_of(vendors: Iterable[str]) -> list[str]:
    return [host for vendor in vendors for host in HOSTS[vendor]]


def is_among(name: str, hosts: Iterable[str]) -> bool:
    """Whether a name as NO_PROXY lists it ("fal.run", ".fal.run", "queue.fal.run:443") means any of `hosts`."""
    return any(_overlaps(excepted_name(name), host) for host in hosts)


def excepted_name(name: str) -> str:
    """Of an entry of NO_PROXY, whichever way it is written: the domain that it means, with all below."""
    return name.strip().lower().partition(":")[0].removeprefix("*").removeprefix(".")


def _overlaps(name: str, host: str) -> bool:
    parent = host.removeprefix("*.")
    is_above = parent == name or parent.endswith(f".{name}")
    return is_above or (host.startswith("*.") and name.endswith(f".{parent}"))
