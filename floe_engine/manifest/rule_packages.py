"""What a rule's Python package is: the bytes of its files, and their digest. Nothing of it is run here.

The digest is sha256 over one line a file, ``<path> <sha256 of its bytes>``, sorted by path: every file that
the distribution lists or that lies in its modules' folders, but for what an installer or Python writes
beside them. So what has the digest is what was signed, and `policy.package_rules` runs just these bytes.
"""

from __future__ import annotations

import configparser
import hashlib
import os
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path

from msgspec import Struct

from floe_engine.errors import FloeError
from floe_engine.files import read_bounded
from floe_engine.patterns import pattern

GROUP = "floe.rules"
"""The entry point group that a package offers rules by: name = ``module:function``."""

DIGEST = pattern(r"sha256:[0-9a-f]{64}$")

_NAME = pattern(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$")

MOST_FILES, MOST_BYTES = 2_000, 20_000_000

_BY_INSTALLERS = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_NATIVE = (".so", ".pyd", ".dylib", ".dll")


class NotUsable(Exception):
    """Why the rules of a package cannot be run here, as a clause."""


class RulePackage(Struct, frozen=True):
    """An installed distribution as it was read, once."""

    name: str
    version: str
    files: dict[str, bytes]
    """Path, from where it is installed, to content."""
    root: str

    @property
    def digest(self) -> str:
        """The digest of its files, as ``sha256:…``."""
        lines = (f"{path} {hashlib.sha256(data).hexdigest()}\n" for path, data in sorted(self.files.items()))
        return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"

    @property
    def rules(self) -> dict[str, str]:
        """The rules that it offers: name to ``module:function``."""
        places = [path for path in self.files if path.endswith(".dist-info/entry_points.txt")]
        text = self.files[places[0]] if places else b""
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # names are case-sensitive
        try:
            parser.read_string(text.decode("utf-8"))
        except (configparser.Error, UnicodeDecodeError):
            return {}
        return dict(parser.items(GROUP)) if parser.has_section(GROUP) else {}


def installed(name: str) -> RulePackage:
    """The distribution of a name, read whole. Raises `NotUsable`."""
    if not _NAME.match(name):
        raise NotUsable("its package has no name that a package can have")
    try:
        distribution = Distribution.from_name(name)
    except PackageNotFoundError:
        raise NotUsable(f"the package {name} is not installed") from None
    try:
        version, listed = distribution.version, distribution.files
    except Exception as error:  # importlib's readers are made for what pip writes
        raise NotUsable(f"what is installed as {name} cannot be read: {type(error).__name__}") from None
    if not listed:
        raise NotUsable(f"the package {name} does not say which files it has")
    root = Path(str(distribution.locate_file("")))
    files: dict[str, bytes] = {}
    size = 0
    for path in _paths(root, [each.as_posix() for each in listed]):
        if path.endswith(_NATIVE):
            raise NotUsable(f"the package {name} has code that is no Python: {path}")
        try:
            files[path] = read_bounded(root / path, MOST_BYTES - size)
        except FloeError:
            raise NotUsable(f"the package {name} lacks its file {path}, or it is too large") from None
        size += len(files[path])
    if not any(path.endswith(".py") for path in files):
        raise NotUsable(f"the package {name} has no modules where it is installed; is it editable?")
    return RulePackage(name, version or "", files, str(root))


def _paths(root: Path, listed: list[str]) -> list[str]:
    """The files that count, of the list and of the folders of its modules."""
    found = {path for path in listed if _counts(path)}
    if any(path.startswith(("/", "..")) and path.endswith((".py", ".pth")) for path in found):
        raise NotUsable("it has modules outside its folder")
    found = {path for path in found if not path.startswith(("/", ".."))}
    folders = {path.split("/")[0] for path in found if "/" in path and not _is_metadata(path)}
    for folder in folders:
        found.update(path for path in _below(root, folder) if _counts(path))
        if len(found) > MOST_FILES:
            break
    if len(found) > MOST_FILES:
        raise NotUsable(f"it has more than {MOST_FILES:,} files")
    return sorted(found)


def _is_metadata(path: str) -> bool:
    return path.split("/")[0].endswith((".dist-info", ".egg-info", ".data"))


def _counts(path: str) -> bool:
    parts = path.split("/")
    if "__pycache__" in parts or path.endswith(".pyc"):
        return False
    return not (_is_metadata(path) and parts[-1] in _BY_INSTALLERS)


def _below(root: Path, folder: str) -> Iterator[str]:
    for directory, _, names in os.walk(root / folder):
        for name in names:
            yield Path(directory, name).relative_to(root).as_posix()
