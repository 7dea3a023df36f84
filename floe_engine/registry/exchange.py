"""One request and its answer on one connection, which can be hung up from another thread.

A registry that sends a byte every second, or ``100 Continue`` for ever, keeps whoever listens; a
thread that is left behind there must end, and not spin as long as the registry likes.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Watched:
    """Knows the connection that one thread listens on, once there is one."""

    def __init__(self) -> None:
        self.connection: HTTPConnection | None = None
        self._gone = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the connection that this thread uses while the block runs."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    def listening(self, connection: HTTPConnection) -> None:
        """Called by a connection before it waits for an answer."""
        self.connection = connection
        if self._gone:  # it was still looking up the name, or connecting
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection, so that whoever listens to it hears the end."""
        self._gone = True
        sock = self.connection.sock if self.connection is not None else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


_CURRENT: ContextVar[Watched | None] = ContextVar("floe_exchange", default=None)
"""Which exchange this thread is about; urllib3 chooses the connection deep below."""


class _Listening:
    """A connection that tells the exchange of its thread before it waits."""

    def getresponse(self) -> Any:
        """Wait for the answer."""
        if (exchange := _CURRENT.get()) is not None:
            assert isinstance(self, HTTPConnection)
            exchange.listening(self)
        return super().getresponse()  # type: ignore[misc]  # of the connection that this is mixed into


class _Plain(_Listening, HTTPConnection):
    pass


class _Secure(_Listening, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS = {"http": _PlainPool, "https": _SecurePool}


def watchable(manager: PoolManager) -> PoolManager:
    """`manager`, whose connections can be hung up from here on."""
    manager.pool_classes_by_scheme = _POOLS
    return manager
