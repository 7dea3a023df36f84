"""Every failure that floe tells a person about, as one tree with its exit codes.

    FloeError
    ├── UsageError              2    the command line asks for something that cannot be
    ├── ConfigurationError      2    manifest.yaml, floe.yaml, a settings file or a project is wrong
    │   └── UnsafePath          2    a path leads outside its directory, or what is there is no plain file
    ├── StorageError            2    this machine's disk refuses: full, read-only, not permitted, in use
    ├── RegistryError           3    a registry answered badly, or not at all
    │   ├── RegistryUnreachable 3    no answer: refused, timed out, TLS, DNS
    │   ├── AuthenticationFailed 3   the registry wants other credentials, or some
    │   ├── AccessDenied        3    it knows us and says no
    │   └── NotFound            3    no such repository, tag, manifest or blob
    ├── Refused                 1    a rule of ours says no: findings, failed tests, a version
    │   ├── VersionExists       1    the tag is taken by other content
    │   └── VersionTooLow       1    the changes need a bigger bump
    ├── NothingChecked          4    there was nothing to judge
    ├── IntegrityError          5    content does not match its digest, cache or lock
    │   ├── ContentMismatch     5    bytes are not what the digest or size promised
    │   ├── CacheCorrupt        5    a file under .floe/ was torn or altered
    │   └── LockMismatch        5    the registry and the lock disagree (a moved tag)
    ├── TrustError              6    a signature is missing, foreign or wrong
    │   ├── Unsigned            6    no signature at all
    │   ├── Untrusted           6    signatures, but none by somebody we trust
    │   └── KeyUnusable         6    a key file is damaged, of a kind we do not take, or locked
    ├── Crash                  70    a mistake in floe
    └── Cancelled             130    the user stopped it

Raise the most specific one, once, where the fact is known. The two faces (`floe_engine.cli`
and `floe_tui`) catch `FloeError` and nobody else needs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from floe_engine.document.diagnostics import Diagnostic


class FloeError(Exception):
    """A failure with an explanation: what happened, why, and what to do next.

    `title` is one line without a final stop; `message` adds the facts (may be empty, may have
    several lines); `hint` is the next step for the reader; `where` is a file position
    (``manifest.yaml:3:7``), a path or a reference.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        title: str,
        message: str = "",
        *,
        hint: str = "",
        where: str = "",
    ) -> None:
        super().__init__(title)
        self.title = title
        self.message = message
        self.hint = hint
        self.where = where

    @property
    def code(self) -> str:
        """A stable kebab-case name for scripts, such as ``registry-unreachable``."""
        name = type(self).__name__
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.title}" if self.where else self.title, self.message]
        return "\n".join(part for part in parts if part)


class UsageError(FloeError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class ConfigurationError(FloeError):
    """A file that people write is wrong. `diagnostics` lists every problem found in it."""

    exit_code = 2

    def __init__(
        self,
        title: str,
        message: str = "",
        *,
        hint: str = "",
        where: str = "",
        diagnostics: Sequence[Diagnostic] = (),
    ) -> None:
        super().__init__(title, message, hint=hint, where=where)
        self.diagnostics = tuple(diagnostics)


class UnsafePath(ConfigurationError):
    """A path leads outside the directory it belongs to, or what stands there is no plain file."""


class StorageError(FloeError):
    """This machine's disk refuses: it is full, read-only, not permitted, or in use by another floe."""

    exit_code = 2

    @classmethod
    def of(cls, error: OSError, title: str = "the disk refuses", *, where: str = "") -> StorageError:
        """What the system said, with the path that it said it of."""
        return cls(
            title,
            error.strerror or str(error),
            hint="check the permissions and the free space of the directory",
            where=where or str(error.filename or ""),
        )


class RegistryError(FloeError):
    """A registry answered badly. `status` is its HTTP status where there was one."""

    exit_code = 3

    def __init__(
        self,
        title: str,
        message: str = "",
        *,
        hint: str = "",
        where: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(title, message, hint=hint, where=where)
        self.status = status


class RegistryUnreachable(RegistryError):
    """No answer at all: connection refused, timeout, TLS or DNS failure."""


class AuthenticationFailed(RegistryError):
    """The registry wants credentials, or refuses the ones it was given."""


class AccessDenied(RegistryError):
    """The registry knows who we are and does not permit this."""


class NotFound(RegistryError):
    """The registry has no such repository, tag, manifest or blob."""


class Refused(FloeError):
    """A rule of the platform or of floe says no; nothing is broken."""


class VersionExists(Refused):
    """The version tag is already taken by other content; version tags never move."""


class VersionTooLow(Refused):
    """The version number promises less change than there is."""


class NothingChecked(FloeError):
    """There was nothing to judge, and silence would look like success."""

    exit_code = 4


class IntegrityError(FloeError):
    """Content, cache and lock do not agree."""

    exit_code = 5


class ContentMismatch(IntegrityError):
    """Bytes are not what their digest or size promised."""


class CacheCorrupt(IntegrityError):
    """A file under ``.floe/`` was torn or altered since it was written."""


class LockMismatch(IntegrityError):
    """The lock file and the registry (or the command) disagree."""


class TrustError(FloeError):
    """A signature is missing, foreign or wrong."""

    exit_code = 6


class Unsigned(TrustError):
    """There is no signature at all, and one is required."""


class Untrusted(TrustError):
    """There are signatures, but none by somebody the reader trusts."""


class KeyUnusable(TrustError):
    """A key file is damaged, of an unsupported kind, or cannot be unlocked."""


class Crash(FloeError):
    """An unforeseen exception, which is a mistake in floe.

    What is known of it is in the file that the message names: please report it with that. 70 is
    EX_SOFTWARE of sysexits.h.
    """

    exit_code = 70


class Cancelled(FloeError):
    """The user stopped it."""

    exit_code = 130

    def __init__(self, title: str = "Cancelled") -> None:
        super().__init__(title)
