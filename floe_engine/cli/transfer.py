"""`floe platform copy`, `export` and `import`: a version from one place to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from floe_engine.cli.command import Context, command
from floe_engine.cli.options import FILE, VERSION, argument, require_trusted

if TYPE_CHECKING:
    from floe_engine.distribution.transfer import Transferred


@command("copy", registry=True)
@argument("source", type=VERSION, metavar="SRC", help="v1.2.3, a constraint, sha256:… or a reference.")
@argument("target", metavar="DST", help="Repository: oci://host/name or oci-layout:PATH.")
@require_trusted
def copy(context: Context, *, source: str, target: str, require_trusted: bool | None) -> None:
    """Copy a version to another registry, digest and signatures kept."""
    from floe_engine.distribution.transfer import copy_version

    done = copy_version(
        context.workspace, source, target, require_trusted=require_trusted, **context.progress
    )
    _show(context, done)
    context.output.result(**asdict(done))


@command("export", registry=True)
@argument("file", type=FILE, help="The archive to write, such as v1.2.3.tar.")
@argument(
    "version",
    type=VERSION,
    required=False,
    help="v1.2.3, a constraint, sha256:… or a reference; absent: what is pinned.",
)
@require_trusted
def export(context: Context, *, file: Path, version: str | None, require_trusted: bool | None) -> None:
    """Write a version with its signatures into one file, which ORAS and skopeo read too."""
    from floe_engine.distribution.transfer import export_version

    done = export_version(
        context.workspace, context.path(file), version, require_trusted=require_trusted, **context.progress
    )
    _show(context, done)
    context.output.result(**asdict(done))


@command("import", registry=True)
@argument("file", type=FILE, help="An archive that `export` has written.")
@argument(
    "target", required=False, metavar="[DST]", help="Repository to put it in; absent: the one in use here."
)
@require_trusted
def import_(context: Context, *, file: Path, target: str | None, require_trusted: bool | None) -> None:
    """Put every version of a file into a registry, digest and signatures kept."""
    from floe_engine.distribution.transfer import import_versions

    imported = import_versions(
        context.workspace, context.path(file), target, require_trusted=require_trusted, **context.progress
    )
    for done in imported:
        _show(context, done)
    context.output.result(imported=[asdict(done) for done in imported])


def _show(context: Context, done: Transferred) -> None:
    out = context.output
    out.section()
    if not done.changed:
        out.line("It was there already, with the same content")
    out.line(f"Copied: {done.target}")
    out.line(f"Digest: {done.digest}")
    if not done.signatures:
        out.warning(f"{done.tag} has no signature, so none came along")
