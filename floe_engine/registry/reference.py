"""The name of an artifact: which registry or folder, which repository, which tag or digest.

Text in, a frozen value out. Nothing here opens a connection or a file, and neither `oras` nor
`requests` may be imported here: the command line parses references on every start.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.acts import Act
from floe_engine.descriptor import DIGEST
from floe_engine.errors import UsageError
from floe_engine.patterns import pattern

TAG = pattern(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""OCI distribution-spec 1.1, "Pulling manifests"."""

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = pattern(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_HOST = pattern(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::(?P<port>\d{1,5}))?"
)
_MAX_REPOSITORY = 255
_MAX_TEXT = 4096
_EXAMPLE = "write it as oci://host/repository:tag, or oci-layout:FOLDER:tag for a folder"

Scheme = Literal["oci", "oci-layout"]


class Reference(Struct, frozen=True):
    """A repository, and maybe a tag or a digest in it.

    `registry` is ``host[:port]`` in lower case, or empty for a layout; `root` is the folder of an
    OCI image layout, absolute, or None for a registry. Where both a tag and a digest are given
    the digest decides and the tag is only said.
    """

    scheme: Scheme
    registry: str
    repository: str
    root: Path | None = None
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str, *, base: Path | None = None) -> Self:
        """Read ``oci://host/repo:tag``, ``host/repo:tag`` or ``oci-layout:PATH[:tag|@digest]``.

        A relative PATH is relative to `base` (default: the current directory). Raises `UsageError`
        with the reason. A host without a scheme must look like one (have a dot or a port, or be
        ``localhost``), so that a forgotten host is never sent to somebody else's registry.
        """
        name, tag, digest = _split(text)
        reference = cls._named(name, base)
        if digest:
            reference = reference.with_digest(digest)
        return replace(reference, tag=_checked_tag(tag)) if tag else reference

    @classmethod
    def parse_constrained(cls, text: str, *, base: Path | None = None) -> tuple[Self, str]:
        """Read a reference whose tag may be a version constraint, such as ``…/platform:v1.2.*``.

        Returns the reference without that part, and the part as written ("" where there is none).
        A digest stays in the reference.
        """
        name, tag, digest = _split(text)
        reference = cls._named(name, base)
        return (reference.with_digest(digest) if digest else reference), tag

    @classmethod
    def _named(cls, name: str, base: Path | None) -> Self:
        if name.startswith("oci-layout:"):
            return cls._layout(name.removeprefix("oci-layout:"), base)
        return cls._remote(name)

    @classmethod
    def _layout(cls, path: str, base: Path | None) -> Self:
        if not path or "\0" in path:
            raise UsageError("oci-layout: needs a folder", hint=_EXAMPLE)
        try:
            root = ((base or Path.cwd()) / Path(path).expanduser()).absolute()
        except RuntimeError:
            raise UsageError(
                "the folder's owner is not known here",
                f"{_quoted(path.split('/')[0])} is nobody's home on this machine",
                hint="write the folder's whole path, or ./~name for a folder of that name",
                where=f"oci-layout:{path}",
            ) from None
        words = re.findall(r"[a-z0-9]+", root.name.lower())
        return cls("oci-layout", "", "-".join(words) or "layout", root=root)

    @classmethod
    def _remote(cls, name: str) -> Self:
        explicit = name.startswith("oci://")
        host, slash, repository = name.removeprefix("oci://").partition("/")
        shown = name.removeprefix("oci://")
        if not slash or not repository:
            raise UsageError("the reference names no repository", _quoted(shown), hint=_EXAMPLE)
        if not explicit and not (set(".:") & set(host) or host == "localhost"):
            raise UsageError(
                "the reference names no registry",
                f"{_quoted(shown)} starts with {_quoted(host)}, which does not look like a host",
                hint=f"for a host of that name write oci://{host}/…; otherwise put the registry first",
            )
        if not is_host(host):
            raise UsageError("the registry is not a host name", _quoted(host), hint=_EXAMPLE)
        if not _REPOSITORY.fullmatch(repository) or len(repository) > _MAX_REPOSITORY:
            raise UsageError(
                "the repository name is not valid",
                f"{_quoted(repository)}: lower-case letters, digits and single . _ - between them, "
                f"parts separated by /, at most {_MAX_REPOSITORY} characters",
                hint=_lower_case_hint(repository),
            )
        return cls("oci", host.lower(), repository)

    @property
    def name(self) -> str:
        """The reference without tag and digest."""
        return f"oci-layout:{self.root}" if self.root is not None else f"oci://{self.docker_reference}"

    @property
    def docker_reference(self) -> str:
        """``host/repo``, as signatures name it; a layout counts as ``localhost/<folder>``."""
        return f"{self.registry or 'localhost'}/{self.repository}"

    @property
    def target(self) -> str | None:
        """What to ask the registry for: the digest, else the tag, else None."""
        return self.digest or self.tag

    def with_tag(self, tag: str) -> Self:
        """The same repository at `tag`, without a digest. Raises `UsageError` for a bad tag."""
        return replace(self, tag=_checked_tag(tag), digest=None)

    def with_digest(self, digest: str) -> Self:
        """The same repository at `digest`, without a tag. Raises `UsageError` for a bad digest."""
        if not DIGEST.fullmatch(digest):
            raise UsageError(
                "the digest is not valid", f"{_quoted(digest)}: it must be sha256: and 64 hex digits"
            )
        return replace(self, tag=None, digest=digest)

    def without_target(self) -> Self:
        """The same repository without tag and digest."""
        return replace(self, tag=None, digest=None)

    def __str__(self) -> str:
        text = f"{self.name}:{self.tag}" if self.tag else self.name
        return f"{text}@{self.digest}" if self.digest else text


def is_loopback(registry: str) -> bool:
    """Whether ``host[:port]`` is this machine: ``localhost``, ``*.localhost``, 127.0.0.0/8, ::1."""
    match = _HOST.fullmatch(registry)
    if match is None:
        return False
    host = match["name"].strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_host(text: str) -> bool:
    """Whether a text is ``host`` or ``host:port``, and nothing more."""
    match = _HOST.fullmatch(text)
    return match is not None and 0 < int(match["port"] or 1) < 65536 and _is_address(match["name"])


def without_port(registry: str) -> str:
    """The host of ``host[:port]``."""
    match = _HOST.fullmatch(registry)
    return match["name"] if match else registry


def _split(text: str) -> tuple[str, str, str]:
    """``(name, tag, digest)`` of a reference; the last two may be empty and are unchecked."""
    text = text.strip()
    if not text:
        raise UsageError("the reference is empty", hint=_EXAMPLE)
    if len(text) > _MAX_TEXT or not text.isprintable():
        raise UsageError("the reference is too long or has unprintable characters", hint=_EXAMPLE)
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in {"http", "https", "docker"}:
        raise UsageError(
            f"a reference does not start with {scheme}://",
            hint="write oci:// before the host; plain HTTP is a setting, not part of the name",
        )
    if separator and scheme != "oci":
        raise UsageError("unknown kind of reference", _quoted(f"{scheme}://"), hint=_EXAMPLE)
    if text.startswith("oci-layout:"):
        return _split_layout(text)
    body = rest if separator else text
    if "@" in body.partition("/")[0]:
        # Said without the text: what stands before the @ may be a password.
        raise UsageError(
            "credentials do not belong into a reference",
            hint=f"log in with {Act.LOGIN:HOST}, or set FLOE_REGISTRY_HOST, FLOE_REGISTRY_USERNAME "
            "and FLOE_REGISTRY_PASSWORD",
        )
    body, at, digest = body.partition("@")
    if at and not digest:
        raise UsageError("nothing stands after the @", _quoted(text), hint=_EXAMPLE)
    host, slash, path = body.partition("/")
    path, colon, tag = path.partition(":")
    if colon and not tag:
        raise UsageError("nothing stands after the colon", _quoted(text), hint=_EXAMPLE)
    prefix = "oci://" if separator else ""
    return f"{prefix}{host}{slash}{path}", tag, digest


def _split_layout(text: str) -> tuple[str, str, str]:
    path, at, digest = text.rpartition("@")
    if not at or not digest.startswith("sha256:"):
        path, digest = text, ""
    # A colon is only a tag's when no separator follows it: C:\layouts and a/b:c/d are paths.
    front, colon, tag = path.rpartition(":")
    if not colon or front == "oci-layout" or re.search(r"[/\\]", tag):
        return path, "", digest
    return front, tag, digest


def _checked_tag(tag: str) -> str:
    if not TAG.fullmatch(tag):
        raise UsageError(
            "the tag is not valid",
            f"{_quoted(tag)}: letters, digits and . _ -, at most 128 characters",
            hint="a registry cannot store a + in a tag: write _ for it" if "+" in tag else "",
        )
    return tag


def _is_address(name: str) -> bool:
    """Whether a bracketed host is an IPv6 address; other names were checked by the pattern."""
    if not name.startswith("["):
        return ".." not in name
    import ipaddress

    try:
        ipaddress.IPv6Address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _lower_case_hint(repository: str) -> str:
    lower = repository.lower()
    return f"did you mean {lower}?" if lower != repository and _REPOSITORY.fullmatch(lower) else ""


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 120 else f"{text[:117]}…")
