"""A server that says any bytes at any pace, for what is no HTTP, or never ends.

It plays whatever may stand where a registry should: a broken proxy, another protocol, an attacker.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from floe_engine.registry.reference import Reference

Say = Callable[[Callable[[bytes], None]], None]
"""Is handed a function that sends bytes, once a request has come."""


@contextmanager
def server(say: Say) -> Iterator[Reference]:
    """Answer every request so; yields the reference of a repository there."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(1 << 16)
            say(connection.sendall)

    def listen() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield Reference.parse(f"oci://127.0.0.1:{listener.getsockname()[1]}/team/platform")
    finally:
        listener.close()


def for_ever(before: bytes, again: bytes, pause: float = 0.02) -> Say:
    """Say `before`, and then `again` and again."""

    def say(send: Callable[[bytes], None]) -> None:
        send(before)
        while True:
            send(again)
            time.sleep(pause)

    return say


def once(text: bytes) -> Say:
    """Say something and hang up."""
    return lambda send: send(text)
