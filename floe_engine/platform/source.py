"""Where a manifest is from, as git says: commit, remote, and what that commit holds."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from floe_engine import git
from floe_engine.workspace import Workspace


class Source(Struct, frozen=True):
    """The checkout that a directory belongs to; empty outside of one."""

    revision: str = ""
    """The commit that is checked out."""
    url: str = ""
    """Its remote, fit to be published; empty where there is none."""


def find_source(workspace: Workspace) -> Source:
    """The git checkout around the manifest."""
    revision = _git(workspace, "rev-parse", "HEAD").strip()
    if not revision:
        return Source()
    return Source(revision, _public_url(_git(workspace, "config", "--get", "remote.origin.url").strip()))


def committed_files(workspace: Workspace) -> Mapping[str, str]:
    """git's object ID of each file below the directory, at the commit that is checked out."""
    try:
        found = git.files_at(workspace.directory, "HEAD", environ=workspace.environ)
        return {entry.path: entry.object_id for entry in found}
    except git.NoAnswer:
        return {}


def _public_url(remote: str) -> str:
    """A git remote as it may be published: no user, password or query; empty for a path of this machine."""
    if "://" in remote:
        try:
            parts = urlsplit(remote)
            host = parts.hostname or ""
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return ""
        return urlunsplit((parts.scheme, f"{host}{port}", parts.path, "", "")) if host else ""
    # The short form of ssh: [user@]host:path
    host, colon, path = remote.rpartition("@")[2].partition(":")
    return f"ssh://{host}/{path.lstrip('/')}" if colon and "/" not in host and "\\" not in path else ""


def _git(workspace: Workspace, *arguments: str) -> str:
    try:
        return git.ask(workspace.directory, *arguments, environ=workspace.environ).decode("utf-8", "replace")
    except git.NoAnswer:
        return ""
