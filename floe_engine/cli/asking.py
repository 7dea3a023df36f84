"""Questions to a person, asked only where one sits at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from floe_engine.text import printable

if TYPE_CHECKING:
    from floe_engine.signing.oidc import Invitation, SignIn


def at_terminal() -> bool:
    """Whether somebody can be asked: both stdin and stderr are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def password() -> Callable[[str], str] | None:
    """How to ask for a password, without showing it; None in a script."""
    return _secretly if at_terminal() else None


def _secretly(prompt: str) -> str:
    from getpass import getpass

    return getpass(prompt, stream=sys.stderr)


def line(prompt: str) -> str:
    """What somebody types in answer; only where one is at a terminal."""
    sys.stderr.write(printable(prompt))
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def first_use() -> Callable[[str, str], bool] | None:
    """How to ask whether a new signer is to be trusted; None in a script."""
    return _first_use if at_terminal() else None


def sign_in() -> SignIn | None:
    """How to ask somebody to sign in with a browser; None in a script."""
    return _sign_in if at_terminal() else None


@contextmanager
def _sign_in(invitation: Invitation) -> Iterator[None]:
    sys.stderr.write(
        f"\nSign in at {printable(invitation.issuer)}. Open this in a browser on this machine, and say "
        f"there who you are:\n  {invitation.link}\nWaiting for it; Ctrl-C gives up.\n"
    )
    sys.stderr.flush()
    yield


def _first_use(platform: str, signer: str) -> bool:
    return _agreed(
        f"{printable(platform)} is signed by\n  {printable(signer)}\n"
        "and nothing vouches for that signer yet. Compare it with what the platform team says.\n"
        "Trust it from now on?"
    )


def unseen(*, yes: bool) -> Callable[[str, str], bool] | None:
    """How to ask whether to sign what was not built here; None where nobody can be asked."""
    if yes:
        return lambda platform, digest: True
    return _unseen if at_terminal() else None


def _unseen(platform: str, digest: str) -> bool:
    return _agreed(
        f"{printable(platform)} was not built here. Its digest is\n  {digest}\n"
        "Whoever trusts your key will trust that. Sign it?"
    )


def _agreed(question: str) -> bool:
    sys.stderr.write(f"\n{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
