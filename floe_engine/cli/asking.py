"""Questions to a person, asked only where one sits at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from floe_engine.text import printable

if TYPE_CHECKING:
    from floe_engine.signing.oidc import Invitation


def at_terminal() -> bool:
    """Whether somebody can be asked: both stdin and stderr are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


_A = TypeVar("_A")


def _where_somebody_is(ask: _A) -> Callable[[], _A | None]:
    """What gives a way to ask; None in a script."""
    return lambda: ask if at_terminal() else None


@_where_somebody_is
def password(prompt: str) -> str:
    """A password, which is not shown while it is typed."""
    from getpass import getpass

    return getpass(prompt, stream=sys.stderr)


def line(prompt: str) -> str:
    """What somebody types in answer; only where one is at a terminal."""
    sys.stderr.write(printable(prompt))
    sys.stderr.flush()
    return sys.stdin.readline().strip()


@_where_somebody_is
@contextmanager
def sign_in(invitation: Invitation) -> Iterator[None]:
    """Ask somebody to sign in with a browser."""
    sys.stderr.write(
        f"\nSign in at {printable(invitation.issuer)}. Open this in a browser on this machine, and say "
        f"there who you are:\n  {invitation.link}\nWaiting for it; Ctrl-C gives up.\n"
    )
    sys.stderr.flush()
    yield


@_where_somebody_is
def first_use(platform: str, signer: str) -> bool:
    """Whether a new signer is to be trusted."""
    return _agreed(
        f"{printable(platform)} is signed by\n  {printable(signer)}\n"
        "and nothing vouches for that signer yet. Compare it with what the platform team says.\n"
        "Trust it from now on?"
    )


@_where_somebody_is
def unseen(platform: str, digest: str) -> bool:
    """Whether to sign what was not built here."""
    return _agreed(
        f"{printable(platform)} was not built here. Its digest is\n  {digest}\n"
        "Whoever trusts your key will trust that. Sign it?"
    )


def _agreed(question: str) -> bool:
    sys.stderr.write(f"\n{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
