"""URLs that a registry sends us: read without crashing, compared by origin, shown without secrets."""

from __future__ import annotations

from typing import Literal
from urllib.parse import SplitResult, urljoin, urlsplit

_NOWHERE = SplitResult("", "", "", "", "")


def split(url: str) -> SplitResult:
    """The parts of a URL; all of them empty where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # only looked at here, because looking is what fails
    except ValueError:
        return _NOWHERE
    return parts


def join(base: str, link: str) -> str:
    """`link` as seen from `base`; empty where it is no URL."""
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


def origin(url: str) -> str:
    """``scheme://host:port`` of a URL, in one spelling; equal to no other where it is no URL."""
    parts = split(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{port}"


def host_class(url: str) -> Literal["loopback", "private", "public"]:
    """Where the host of a URL is, by its name alone: this machine, a private network, or anywhere.

    A name that has to be looked up counts as public, whatever it may resolve to. Addresses are
    understood as a resolver does, which takes ``127.1``, ``0x7f000001`` and ``2130706433`` too.
    """
    host = (split(url).hostname or "").rstrip(".").partition("%")[0]
    if host == "localhost" or host.endswith(".localhost"):
        return "loopback"
    import ipaddress
    import socket

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        try:
            address = ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return "public"
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    if address.is_loopback or address.is_unspecified:
        return "loopback"
    return "public" if address.is_global else "private"


def shown(url: str) -> str:
    """The part of a URL that may be shown: a query may be a signed permission, a user a password."""
    parts = split(url)
    port = f":{parts.port}" if parts.port else ""
    text = f"{parts.scheme}://{parts.hostname}{port}" if parts.hostname else "an address that is none"
    return "".join(c for c in text if c.isprintable())[:200]
