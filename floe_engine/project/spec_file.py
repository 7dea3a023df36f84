"""floe.yaml as a file: read with all its problems told, and the first one that `floe init` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from floe_engine.acts import Act
from floe_engine.document.text import read_text
from floe_engine.errors import ConfigurationError, UsageError
from floe_engine.files import stands
from floe_engine.text import plural
from floe_engine.versions import Constraint

if TYPE_CHECKING:
    from floe_engine.document.document import Document
    from floe_engine.project.spec import Spec


def load_spec(path: Path) -> Spec:
    """Read and check floe.yaml; raises what `read_spec` does."""
    return read_spec(path)[0]


def read_spec(path: Path) -> tuple[Spec, Document]:
    """The same, and the file's text with positions.

    Raises `ConfigurationError` with every problem of the file as diagnostics, or with the reason
    why it cannot be read at all.
    """
    if not stands(path):
        raise ConfigurationError(
            f"{path.name} not found",
            hint=f"run {Act.INIT:--platform=v1.2.3} to pin a platform and write it",
            where=str(path),
        )
    from floe_engine.project.spec_check import check_spec

    checked = check_spec(read_text(path), base=path.parent)
    if checked.spec is None:
        raise ConfigurationError(
            f"{path.name} has {plural(len(checked.errors), 'problem')}",
            hint=f"{Act.SCHEMA:floe} describes every key",
            where=str(path),
            diagnostics=checked.diagnostics,
        )
    return checked.spec, checked.document


def new_spec_text(
    *, ref: str, name: str | None = None, compute: str = "", trusted_keys: Sequence[str] = ()
) -> str:
    """The floe.yaml that `floe init` writes. `ref` names the platform."""
    lines = ["apiVersion: floe.dev/v1", "kind: DataProduct"]
    if name:
        lines += ["metadata:", f"  name: {json.dumps(name)}"]
    quoted = " #" in ref or ": " in ref or ref.endswith("*") or not ref.isascii()
    lines += ["", "platform:", f"  ref: {json.dumps(ref) if quoted else ref}", *_other_constraints(ref)]
    if trusted_keys:
        lines.append("  trusted_keys:  # whoever signs the platform has to hold one of these")
        lines += [f"    - {json.dumps(key)}" for key in trusted_keys]
    runs = f"  # runs on {compute}, which the platform chose" if compute else ""
    lines += ["", "transforms:", f"  - type: dbt{runs}", "    path: models/"]
    return "\n".join(lines) + "\n"


def _other_constraints(ref: str) -> list[str]:
    """Comments that show how to follow patch or minor updates of an exact version."""
    name, colon, tag = ref.rpartition(":")
    try:
        version = Constraint.parse(tag).exact if colon and "@" not in ref else None
    except UsageError:
        version = None
    if version is None:
        return []
    return [
        f"  # ref: {name}:v{version.major}.{version.minor}.*    # patch updates OK",
        f"  # ref: {name}:v{version.major}.*.*    # minor updates OK",
    ]
