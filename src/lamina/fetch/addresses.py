"""Decides which IP addresses a user's URL may resolve to: public unicast addresses only."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

# IANA's special-purpose registries (iana-ipv4-special-registry and iana-ipv6-special-registry), written out because
# the results of the standard library's `is_global` differ between the Python versions that Lamina supports.
_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = IPv6Network("::/96")

# Metadata services, from which cloud instances get credentials. Some have public addresses. They are refused even where
# private addresses are allowed.
_METADATA: frozenset[IPv4Address | IPv6Address] = frozenset(
    (
        IPv4Address("169.254.169.254"),  # AWS, Google, Azure and most others
        IPv4Address("169.254.170.2"),  # AWS containers
        IPv4Address("169.254.170.23"),
        IPv4Address("168.63.129.16"),  # Azure, its wire server
        IPv4Address("100.100.100.200"),  # Alibaba
        IPv4Address("192.0.0.192"),  # Oracle
        IPv6Address("fd00:ec2::254"),  # AWS
        IPv6Address("fd00:ec2::23"),
        IPv6Address("fd20:ce::254"),  # Google
    )
)


def is_allowed(address: IPv4Address | IPv6Address, *, allow_private: bool = False) -> bool:
    """Whether a user's URL may resolve to `address`.

    `allow_private` allows all addresses except those of cloud metadata services, in any notation.
    """
    embedded = _embedded_v4(address)
    if address in _METADATA or embedded in _METADATA:
        return False
    return allow_private or is_public(address)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether `address` is globally routable unicast. An IPv4 address embedded in an IPv6 address is accepted only with
    the well-known NAT64 prefix, through which IPv6-only networks reach IPv4 hosts."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        embedded = _embedded_v4(address)
        return embedded is not None and is_allowed(embedded)
    return address in _PUBLIC_V6 and not any(address in network for network in _REFUSED_V6)


def _embedded_v4(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address to which a gateway or the host itself may translate an IPv6 address."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64 or address in _NAT64_LOCAL or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
