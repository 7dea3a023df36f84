"""The artifact as a value: the bytes of its eight files, and the digests that hold them together.

What the files say is typed in `model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from floe_engine.artifact.paths import FILES, MANIFEST
from floe_engine.errors import IntegrityError
from floe_engine.files import sha256_digest, strict_json

if TYPE_CHECKING:
    from floe_engine.artifact.platform import Platform


class Artifact(Struct, frozen=True, dict=True):
    """The bytes of the eight files, by path. Two artifacts are equal when their bytes are."""

    files: Mapping[str, bytes]

    @cached_property
    def documents(self) -> dict[str, Any]:
        """The parsed JSON of each file. Raises `IntegrityError` where one is not strict JSON."""
        parsed = {}
        for path, data in self.files.items():
            try:
                parsed[path] = strict_json(data)
            except ValueError as error:
                raise IntegrityError("artifact file is not valid JSON", str(error), where=path) from None
            if not isinstance(parsed[path], dict):
                raise IntegrityError("artifact file is not a JSON object", where=path)
        return parsed

    @cached_property
    def platform(self) -> Platform:
        """The typed reading. Raises `IntegrityError` naming the file and field at fault."""
        # The types cost pydantic's import and 40 classes, which most commands can do without.
        from floe_engine.artifact.platform import read_platform

        return read_platform(self.documents)

    @cached_property
    def size(self) -> int:
        """Total bytes of the files."""
        return sum(map(len, self.files.values()))

    def check_files(self) -> None:
        """Raise `IntegrityError` unless the other seven are the listed ones, and all means something."""
        entries = self.platform.manifest.files
        for path in FILES[1:]:
            entry, data = entries.get(path), self.files[path]
            digest = sha256_digest(data)
            if entry is None or entry.sha256 != digest or entry.size != len(data):
                raise IntegrityError("artifact file is not the one its manifest lists", where=path)
        if self.platform.manifest.metadata.digest != content_digest(self.files):
            raise IntegrityError("artifact digest does not match its files", where=MANIFEST)
        from floe_engine.artifact.meaning import check_meaning

        check_meaning(self.platform, self.documents)


def content_digest(files: Mapping[str, bytes]) -> str:
    """`metadata.digest`: sha256 over ``<path> <digest>`` lines of all files but manifest.json."""
    lines = [f"{path} {sha256_digest(files[path])}\n" for path in sorted(files) if path != MANIFEST]
    return sha256_digest("".join(lines).encode())


def same_content(one: Artifact, other: Artifact) -> bool:
    """Whether two artifacts say the same; when each was first built does not matter."""
    return _without_created(one) == _without_created(other)


def _without_created(artifact: Artifact) -> dict[str, Any]:
    documents = dict(artifact.documents)
    manifest = dict(documents[MANIFEST])
    metadata = manifest.get("metadata")
    if isinstance(metadata, dict):
        manifest["metadata"] = {key: value for key, value in metadata.items() if key != "created"}
    documents[MANIFEST] = manifest
    return documents
