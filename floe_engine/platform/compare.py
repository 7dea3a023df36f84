"""Two platforms side by side: what changed between them, and what each side is.

A side is a tag, a digest or a reference in a registry; a directory with the eight files or with a
manifest.yaml; a manifest.yaml itself; or one as a git revision has it (``HEAD:manifest.yaml``).
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from floe_engine import git
from floe_engine.acts import Act
from floe_engine.artifact.content import Artifact
from floe_engine.artifact.pack import MAX_FILE
from floe_engine.artifact.paths import FILES, MANIFEST
from floe_engine.distribution.examine import examine
from floe_engine.distribution.pull import load_locked
from floe_engine.distribution.request import VersionRequest, satisfies
from floe_engine.document.document import MAX_BYTES, Document
from floe_engine.errors import UsageError
from floe_engine.events import CancelToken, Report, silent
from floe_engine.files import Directory, read_bounded, scratch
from floe_engine.output.changes.places import Sides, WrittenManifest
from floe_engine.platform.compile_platform import compile_platform
from floe_engine.trust.authority import revoked_keys
from floe_engine.upgrade import rules
from floe_engine.upgrade.rules import Assessment
from floe_engine.versions import Constraint
from floe_engine.workspace import MANIFEST_FILE, Workspace

_NAMED_LIMIT = 64 * 1024
"""Bytes of a key's file, at most; nothing else that a manifest names is a file of its own."""


class Side(Struct, frozen=True):
    """One of the two platforms, and what it was read from."""

    title: str
    artifact: Artifact
    manifest_path: Path | None = None
    """The manifest.yaml it was compiled from, where it was."""
    document: Document | None = None
    """The text of that file, with positions."""

    @property
    def written(self) -> WrittenManifest | None:
        """The manifest as a report refers to it; a published version carries none."""
        if self.manifest_path is None or self.document is None:
            return None
        return WrittenManifest(self.manifest_path.as_posix(), self.document)


class Comparison(Struct, frozen=True):
    """What changed from `old` to `new`, and what that costs."""

    old: Side
    new: Side
    assessment: Assessment

    @property
    def sides(self) -> Sides:
        """What the reports call the two sides, and where their manifests write a setting."""
        return Sides(self.old.title, self.new.title, self.old.written, self.new.written)

    @property
    def only_breaking(self) -> Comparison:
        """The same without the changes that no project can fail by."""
        return replace(self, assessment=Assessment(self.assessment.breaking))


def compare(
    workspace: Workspace,
    old: str,
    new: str,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Comparison:
    """The changes from one side to the other, classified."""
    first = load_side(workspace, old, report=report, cancel=cancel)
    second = load_side(workspace, new, report=report, cancel=cancel)
    assessment = rules.compare(first.artifact, second.artifact, revoked=revoked_keys(workspace))
    return Comparison(first, second, assessment)


def load_side(
    workspace: Workspace, text: str, *, report: Report = silent, cancel: CancelToken | None = None
) -> Side:
    """Read one side. Raises `UsageError` where it is nothing of the kind, and what reading raises.

    A published version is judged as `init` would: where somebody is trusted here, they have to have
    signed it, unless it was published from here.
    """
    path = workspace.directory / text
    if path.is_dir():
        return _directory(workspace, path, text, cancel)
    if path.is_file():
        return _manifest(workspace, path, text, cancel)
    _, colon, named = text.rpartition(":")
    if colon and PurePosixPath(named).name == MANIFEST_FILE and not text.startswith(("oci:", "oci-layout:")):
        return _committed(workspace, text, cancel)
    if path.suffix in (".yaml", ".yml"):
        raise UsageError(
            f"there is no {path.name} here",
            hint=f"name both sides ({Act.DIFF:v1.2.3 v2.0.0}), or run this where the platform is written",
            where=str(path),
        )
    try:
        wanted = VersionRequest.parse(text, workspace)
    except UsageError as error:
        raise UsageError(
            f"{text!r} is neither a version nor a file nor a directory",
            str(error),
            hint="use a tag (v1.2.3), a digest, a reference, a directory, a manifest.yaml, or one of git's "
            "(HEAD:manifest.yaml)",
        ) from None
    cached = _cached(workspace, wanted)
    if cached is not None:
        return Side(text, cached)
    repository = workspace.repository(wanted.repository, cancel=cancel)
    seen = examine(workspace, repository, wanted, report=report)
    seen.demand_unless_published_here(workspace)
    return Side(seen.reference.tag or text, seen.fetched.artifact)


def _cached(workspace: Workspace, wanted: VersionRequest) -> Artifact | None:
    """The locked version needs no request: it is judged by what was kept of it."""
    lock = workspace.store.read_lock()
    exact = wanted.is_digest or Constraint.parse(wanted.constraint).is_exact
    if lock is None or not exact or not satisfies(lock, wanted):
        return None
    pulled = load_locked(workspace)
    return pulled.artifact if pulled is not None else None


def _directory(workspace: Workspace, path: Path, title: str, cancel: CancelToken | None) -> Side:
    if all((path / file).is_file() for file in FILES):
        files = {file: read_bounded(path / file, MAX_FILE, what="artifact file") for file in FILES}
        artifact = Artifact(files)
        artifact.check_files()
        return Side(title, artifact)
    if (path / MANIFEST_FILE).is_file():
        return _manifest(workspace, path / MANIFEST_FILE, title, cancel)
    raise UsageError(
        "the directory is no platform",
        f"it holds neither a {MANIFEST_FILE} nor the eight files of an artifact",
        hint=f"name a directory with {MANIFEST} in it, such as .floe/artifacts",
        where=str(path),
    )


def _manifest(workspace: Workspace, path: Path, title: str, cancel: CancelToken | None) -> Side:
    if path.name != MANIFEST_FILE:
        raise UsageError("a file to compare must be a manifest.yaml", where=str(path))
    there = replace(workspace, directory=path.parent)
    compiled = compile_platform(there, write=False, cancel=cancel)
    return Side(title, compiled.artifact, path, compiled.checked.document)


def _committed(workspace: Workspace, text: str, cancel: CancelToken | None) -> Side:
    """A manifest.yaml as git has it: ``REVISION:PATH``, the path from the root of the repository.

    As with git, a path that begins with ``./`` is from here. What a manifest names beside itself (keys, a
    parent in another directory) is from the same revision: it is compiled where all of it is laid out.
    """
    revision, _, named = text.rpartition(":")
    try:
        root = Path(git.ask(workspace.directory, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
        inside = _inside(workspace.directory.resolve(), root.resolve(), named)
        files = _named_files(root, revision)
        if inside.as_posix() not in files:
            raise git.NoAnswer(f"{revision} has no file {inside}")
        with scratch() as copy:
            for path, data in files.items():
                Directory(copy).write(path, data)
            moved = replace(workspace, directory=(copy / inside).parent)
            compiled = compile_platform(moved, write=False, cancel=cancel)
    except git.NoAnswer as refusal:
        raise UsageError(
            f"git has no {text}",
            str(refusal),
            hint="write REVISION:PATH, the path from the root of the repository, such as HEAD:manifest.yaml",
        ) from None
    return Side(text, compiled.artifact, Path(text), compiled.checked.document)


def _named_files(root: Path, revision: str) -> dict[str, bytes]:
    """Every manifest.yaml of a revision, and the small files that one of them names, by path from `root`."""
    entries = {PurePosixPath(entry.path): entry for entry in git.files_at(root, revision)}
    files = {
        entry.path: _blob(root, entry, MAX_BYTES)
        for path, entry in entries.items()
        if path.name == MANIFEST_FILE
    }
    said = b"\n".join(files.values())
    for path, entry in entries.items():
        if entry.path not in files and path.name.encode("utf-8", "surrogateescape") in said:
            files[entry.path] = _blob(root, entry, _NAMED_LIMIT)
    return {path: data for path, data in files.items() if data}


def _blob(root: Path, entry: git.TreeEntry, limit: int) -> bytes:
    """A file's bytes; none where there are more than `limit`."""
    size = int(git.ask(root, "cat-file", "-s", entry.object_id))
    return git.ask(root, "cat-file", "blob", entry.object_id) if size <= limit else b""


def _inside(directory: Path, root: Path, named: str) -> PurePosixPath:
    """A path of git's as one from the root of the repository. Raises `git.NoAnswer` for one outside."""
    here = named.startswith(("./", "../"))
    if here and not directory.is_relative_to(root):  # a checkout may name another directory as its own
        raise git.NoAnswer(f"{directory} is not in the work tree {root}")
    begin = directory.relative_to(root).parts if here else ()
    parts: list[str] = []
    for part in (*begin, *named.split("/")):
        if part == "..":
            if not parts:
                raise git.NoAnswer("the path leads out of the repository")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return PurePosixPath(*parts)
