"""What has another shape than a floe.yaml's sections, told as `manifest.shapes` tells it of a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from floe_engine.acts import Act
from floe_engine.document.diagnostics import Diagnostic
from floe_engine.document.document import Document
from floe_engine.document.problems import told
from floe_engine.manifest.draft import Draft, Written
from floe_engine.manifest.elsewhere import MOVED
from floe_engine.manifest.shapes import ENVIRONMENTS, diagnose
from floe_engine.project.spec import Spec
from floe_engine.text import printable

_OWNED = frozenset(
    (
        *("access_control", "approved_plugins", "architecture", "artifacts", "block_on_failure", "catalog"),
        *("classification", "compute", "coverage_metric", "coverage_scope", "data_architecture"),
        *("enforcement", "governance", "layers", "minimum_test_coverage", "naming", "namespaces"),
        *("orchestrator", "pattern", "plugins", "policies", "policy_enforcement_level", "quality_gates"),
        *("registry", "require_signed_artifacts", "rules", "schema_registry", "security", "storage"),
        *("waiver_policy", *MOVED),
    )
)


class _Written(Written, frozen=True, dict=True):
    root = Spec
    codes: ClassVar = {
        **dict.fromkeys(("FLOE-M001", "FLOE-M015"), "FLOE-S001"),
        "FLOE-M002": "FLOE-S003",
        **{f"FLOE-M{number:03}": "FLOE-S004" for number in (3, 4, 5, 6, 8, 9, 10, 11, 12)},
    }
    forms: ClassVar = {
        **Draft.forms,
        "name": "letters, digits, `-` and `_`, up to 63 characters, with a letter or digit at both ends",
        "": "letters, digits, `-` and `_`, up to 63 characters, with a letter or `_` first",
    }


def misshapen(document: Document, errors: list[dict[str, Any]]) -> list[Diagnostic]:
    """What is wrong with the shape of a floe.yaml, the first of it in full."""
    written = _Written(document)
    return told(errors, lambda error: _told(written, error))


def _told(written: _Written, error: Mapping[str, Any]) -> Diagnostic:
    path = tuple(error["loc"])
    if error["type"] != "extra_forbidden":
        found = next(diagnose(written, (error,)))
        hint = f"add `platform:` with a `ref`, or run {Act.INIT:--platform=v1.2.3}"
        return replace(found, hint=hint) if error["type"] == "missing" and path == ("platform",) else found
    shown = printable(str(path[-1]))
    if path[-1] in ENVIRONMENTS or path[-1] == "env_overrides":
        message = f"floe.yaml has no {shown!r}: it is the same in every environment"
        hint = "use environment variables for what differs"
        return written.report("FLOE-S006", path, message, hint=hint, key=True)
    if path[-1] in _OWNED:
        message = f"{shown!r} is set by the platform, not by a product"
        hint = "remove it here; the platform team sets it in manifest.yaml"
        return written.report("FLOE-S002", path, message, hint=hint, key=True)
    return next(diagnose(written, (error,)))
