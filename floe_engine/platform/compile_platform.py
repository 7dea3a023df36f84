"""manifest.yaml → the eight files in ``.floe/artifacts/``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.artifact.build import build, keep_created
from floe_engine.artifact.content import Artifact
from floe_engine.artifact.model import ParentArtifact, TrustedKey
from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    LAYER_CONSTRAINTS,
    NAMING_RULES,
    QUALITY_GATES,
)
from floe_engine.errors import ConfigurationError
from floe_engine.events import CancelToken, Notice, Report, Stage, Step, silent, warnings_only
from floe_engine.files import rfc3339
from floe_engine.manifest.check import Checked
from floe_engine.manifest.plugins import ResolvedPlugin
from floe_engine.manifest.root import Manifest
from floe_engine.platform.check_platform import check_platform
from floe_engine.text import plural
from floe_engine.workspace import MANIFEST_FILE, Workspace

_WARNINGS = 5
"""How many problems that stop nothing are told here."""


class CompiledPlatform(Struct, frozen=True):
    """What a compilation made."""

    artifact: Artifact
    manifest: Manifest
    plugins: tuple[ResolvedPlugin, ...]
    checked: Checked
    directory: Path
    """Where the files are (or would be) written."""
    changed: bool
    """False where exactly these bytes were there already."""


def compile_platform(
    workspace: Workspace,
    *,
    text: str | None = None,
    checked: Checked | None = None,
    write: bool = True,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> CompiledPlatform:
    """Check the manifest (or `text` in its place), resolve its plugins and build the artifact.

    Raises `ConfigurationError` with every problem of the manifest. With `write=False` nothing is
    written, and the previous build on disk still decides `metadata.created`. `checked` is what
    `check_platform` found, where an editor has just asked it; the manifest is not read again then.
    """
    cancel = cancel or CancelToken()
    report(Stage(1, 4, "Validating manifest.yaml"))
    if checked is None:
        checked = check_platform(workspace, text=text, report=warnings_only(report), cancel=cancel)
    manifest = checked.manifest
    if manifest is None or not checked.ok:
        raise ConfigurationError(
            "manifest.yaml is not valid",
            hint=f"{Act.EXPLAIN:CODE} tells more about a problem; {Act.CHECK:--fix} mends some",
            where=workspace.manifest_path.name,
            diagnostics=checked.errors,
        )
    report(Step("Schema validation passed", key="schema"))
    report(Step("Plugin references valid", key="plugins"))
    for warning in checked.warnings[:_WARNINGS]:
        report(Notice(f"{MANIFEST_FILE}:{warning.span.start}: {warning.message}", warning.hint))
    if (more := len(checked.warnings) - _WARNINGS) > 0:
        report(Notice(f"{plural(more, 'warning')} more", f"{Act.CHECK} shows them all"))
    cancel.check()

    report(Stage(2, 4, "Resolving plugin charts"))
    for plugin in checked.plugins:
        report(Step(f"{plugin.package}@{plugin.version}", key=plugin.category))

    previous = workspace.store.load_built()
    artifact = keep_created(
        build(
            manifest,
            checked.plugins,
            created=build_time(workspace),
            trusted_keys=public_keys(manifest.security.trusted_keys, workspace.directory),
            delegated_keys={
                name: public_keys(keys, workspace.directory)
                for name, keys in manifest.security.delegated_keys.items()
            },
            parent=_parent(checked),
        ),
        previous,
    )
    cancel.check()
    changed = workspace.store.save_built(artifact) if write else artifact != previous
    report(Stage(3, 4, "Building governance policies"))
    _report_files(report, (CLASSIFICATION, ACCESS_CONTROL, QUALITY_GATES))
    report(Stage(4, 4, "Building architecture rules"))
    _report_files(report, (NAMING_RULES, LAYER_CONSTRAINTS))
    return CompiledPlatform(artifact, manifest, checked.plugins, checked, workspace.store.artifacts, changed)


def _parent(checked: Checked) -> ParentArtifact | None:
    if checked.parent is None:
        return None
    metadata = checked.parent.manifest.metadata
    return ParentArtifact(
        ref=checked.parent.ref, digest=checked.parent.digest, name=metadata.name, version=metadata.version
    )


def build_time(workspace: Workspace) -> str:
    """The time to record, RFC 3339 in UTC: SOURCE_DATE_EPOCH where it is set, else now."""
    epoch = workspace.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        moment = datetime.now(UTC)
    else:
        try:
            moment = datetime.fromtimestamp(int(epoch), UTC)
        except (ValueError, OverflowError, OSError):
            raise ConfigurationError(
                "SOURCE_DATE_EPOCH is not a number of seconds", f"it is {epoch!r}"
            ) from None
    return rfc3339(moment)


def public_keys(listed: Sequence[str], directory: Path) -> tuple[TrustedKey, ...]:
    """The public keys of a list of manifest.yaml; paths are relative to its directory."""
    if not listed:
        return ()
    from floe_engine.signing.keys import key_text, load_public

    found = []
    for number, entry in enumerate(listed, 1):
        inline = entry.lstrip().startswith("-----BEGIN")
        key = load_public(key_text(entry, directory))
        found.append(
            TrustedKey(
                name=f"key-{number}" if inline else Path(entry).name,
                pem=key.pem.decode(),
                fingerprint=key.fingerprint,
            )
        )
    return tuple(found)


def _report_files(report: Report, paths: Sequence[str]) -> None:
    for path in paths:
        report(Step(path.rpartition("/")[2], key=path))
