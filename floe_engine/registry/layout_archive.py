"""An OCI image layout as one tar file, for where no network leads.

Writes what `oras`, `crane` and `skopeo` read (OCI image-spec 1.1, image-layout.md), and reads what
they write. What lies in a layout, and whether it is to be believed, is not known here: whoever
opens the layout verifies every byte.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from floe_engine.acts import Act
from floe_engine.errors import IntegrityError
from floe_engine.files import Directory, read_bounded, scratch
from floe_engine.patterns import pattern
from floe_engine.text import printable

ARCHIVE_LIMIT = 64 * 1024 * 1024
"""Largest archive that is read, in bytes. It is not compressed, so this bounds its content too."""

_MEMBERS_LIMIT = 2000
_FILE = pattern(r"(?:\./)?(oci-layout|index\.json|blobs/sha256/[0-9a-f]{64})")
_DIRECTORY = pattern(r"\.?|(?:\./)?(?:blobs|blobs/sha256|ingest)")
"""`ingest` is where the ORAS CLI keeps unfinished downloads."""


def pack_layout(layout: Path) -> bytes:
    """The layout's files as a tar archive; the same content gives the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(layout.rglob("*")):
            name = path.relative_to(layout).as_posix()
            if path.is_file() and _FILE.fullmatch(name):
                member = tarfile.TarInfo(name)
                member.size = path.stat().st_size
                member.mode = 0o644
                with path.open("rb") as stream:
                    archive.addfile(member, stream)
    return buffer.getvalue()


@contextmanager
def unpacked_layout(file: Path) -> Iterator[Path]:
    """The layout that the archive holds, in a scratch directory until the block ends.

    Raises `IntegrityError` for anything but the plain files of a layout, so that nothing in an
    archive can name a place to write to; `ConfigurationError` where the file cannot be read.
    """
    data = read_bounded(file, ARCHIVE_LIMIT, what="archive")
    with scratch() as place:
        root = place / "layout"
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
                total = 0
                for count, member in enumerate(archive):
                    total += member.size
                    if count >= _MEMBERS_LIMIT or total > ARCHIVE_LIMIT:
                        raise _unusable(file, "it unpacks to more than it can hold")
                    _unpack(archive, member, root, file)
        except (tarfile.TarError, EOFError, ValueError, RecursionError) as error:
            compressed = data[:2] == b"\x1f\x8b" or data[:4] == b"\x28\xb5\x2f\xfd"
            reason = "it is compressed" if compressed else str(error) or "it is damaged"
            hint = "uncompress it first (gunzip, zstd -d)" if compressed else ""
            raise _unusable(file, reason, hint) from None
        if not (root / "index.json").is_file():
            raise _unusable(file, "there is no index.json in it")
        yield root


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path, file: Path) -> None:
    if member.isdir() and _DIRECTORY.fullmatch(member.name):
        return
    match = _FILE.fullmatch(member.name)
    if match is None or member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        shown = printable(member.name[:120])
        raise _unusable(file, f"{shown!r} is no plain file of a layout")
    if (root / match[1]).exists():
        raise _unusable(file, f"{match[1]} is in it twice")
    content = archive.extractfile(member)
    assert content is not None  # only members that are no files have none
    Directory(root).write(match[1], content.read(), tidy=False)


def _unusable(file: Path, reason: str, hint: str = "") -> IntegrityError:
    return IntegrityError(
        "the file is not an OCI image layout in a tar archive",
        reason,
        hint=hint or f"make it with {Act.EXPORT:FILE} or `oras copy --to-oci-layout FILE.tar`",
        where=str(file),
    )
