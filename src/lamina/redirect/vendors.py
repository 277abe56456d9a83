"""The host names of the vendors' APIs, and their comparison with NO_PROXY entries."""

from collections.abc import Iterable, Mapping

from lamina.api.fal.hosts import HOSTS as FAL_HOSTS
from lamina.api.pixazo.access import HOST as PIXAZO_HOST

HOSTS: Mapping[str, tuple[str, ...]] = {
    "pixazo": (PIXAZO_HOST,),
    # Other subdomains are redirected as well, so that they do not get Lamina's API key; Lamina has no routes for them.
    "fal": (*FAL_HOSTS, "*.fal.run", "*.falrun.com"),
    "runware": ("api.runware.ai", "ws-api.runware.ai"),
}
"""By vendor. "*.fal.media" matches all subdomains, such as v3.fal.media."""


def hosts_of(vendors: Iterable[str]) -> list[str]:
    return [host for vendor in vendors for host in HOSTS[vendor]]


def is_among(name: str, hosts: Iterable[str]) -> bool:
    """Whether an entry of NO_PROXY ("fal.run", ".fal.run", "queue.fal.run:443") matches any of `hosts`."""
    return any(_overlaps(excepted_name(name), host) for host in hosts)


def excepted_name(name: str) -> str:
    """The domain of an entry of NO_PROXY in any notation; the entry applies to its subdomains as well."""
    return name.strip().lower().partition(":")[0].removeprefix("*").removeprefix(".")


def _overlaps(name: str, host: str) -> bool:
    parent = host.removeprefix("*.")
    is_above = parent == name or parent.endswith(f".{name}")
    return is_above or (host.startswith("*.") and name.endswith(f".{parent}"))
