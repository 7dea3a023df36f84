"""How requests travel: the settings that a person or a workflow may choose.

Values only. What happens with them is in `session.py`, which is slow to import.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from floe_engine.registry.credentials import Credentials, CredentialSource
from floe_engine.registry.reference import is_loopback, without_port


class Transport(Struct, frozen=True):
    """Settings of one registry client. There is no switch that turns verification off.

    `ca_file` names PEM certificates that are trusted besides the public ones. `plain_http` are the
    hosts (``host``, or ``host:port``) that are spoken to without TLS besides this machine itself;
    False: none, and not this machine either. Times are in seconds; `attempts` counts the first try;
    `budget` bounds one request with all its tries and pauses, whatever trickles in meanwhile: only
    bytes that move faster than `slowest` (per second) give it more time. `listing` bounds one list
    with all its pages. `workers` is how many blobs move at once; `max_blobs` and `max_total` (bytes)
    bound one download.
    """

    ca_file: Path | None = None
    plain_http: frozenset[str] | Literal[False] = frozenset()
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    attempts: int = 4
    backoff: float = 0.2
    budget: float = 45.0
    slowest: float = 16 * 1024
    listing: float = 120.0
    workers: int = 8
    max_blobs: int = 1000
    max_total: int = 256 * 1024 * 1024
    credentials: CredentialSource = field(default_factory=Credentials)

    def speaks_plainly(self, registry: str) -> bool:
        """Whether ``host[:port]`` is spoken to by plain HTTP."""
        if self.plain_http is False:
            return False
        return is_loopback(registry) or not self.plain_http.isdisjoint({registry, without_port(registry)})
