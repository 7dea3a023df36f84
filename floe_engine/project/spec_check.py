"""What is wrong with a floe.yaml, all of it at once, each problem at its place.

Shapes come from `spec`. Keys that are the platform's are refused by name, because a product that
could set them would no longer be held to anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.artifact.platform import Platform
from floe_engine.document.diagnostics import Diagnostic, Fix, Severity, TextEdit
from floe_engine.document.document import Document, parse
from floe_engine.document.nodes import KeyPath
from floe_engine.document.problems import told
from floe_engine.errors import UsageError
from floe_engine.manifest.base import WrongShape
from floe_engine.manifest.reading import read
from floe_engine.project.spec import Spec
from floe_engine.registry.reference import Reference
from floe_engine.text import did_you_mean, printable
from floe_engine.versions import Constraint

UNKNOWN = "FLOE-S001"
OWNED = "FLOE-S002"
MISSING = "FLOE-S003"
WRONG = "FLOE-S004"
PLATFORM = "FLOE-S005"
ENVIRONMENT = "FLOE-S006"
LOOSER = "FLOE-S007"
WAIVED = "FLOE-S008"
COMPUTE = "FLOE-S009"

MEANINGS: Mapping[str, str] = {
    UNKNOWN: "A key of floe.yaml that floe does not know; often a misspelling.",
    OWNED: "A setting that belongs to the platform's manifest.yaml. Products cannot change it.",
    MISSING: "A key of floe.yaml that has to be there.",
    WRONG: "A value of floe.yaml that is not of the kind its key takes.",
    PLATFORM: "`platform` names the platform once: by `ref` (a registry) or by `manifest` (a path).",
    ENVIRONMENT: "floe.yaml is the same in every environment; what differs comes from variables.",
    LOOSER: "A product may ask for more than its platform does, never for less.",
    WAIVED: "The platform does not let products write waivers of their own.",
    COMPUTE: "A product runs on the platform's compute plugin, or on one that the platform approves.",
}
"""Code to what it means, for ``floe explain``."""

_ENVIRONMENTS = frozenset(
    {"env", "env_overrides", "environment", "environments", "dev", "development", "prod", "production"}
    | {"qa", "staging", "test", "uat"}
)
_OWNED = frozenset(
    {"access_control", "approved_plugins", "architecture", "artifacts", "block_on_failure", "catalog"}
    | {
        "classification",
        "coverage_metric",
        "coverage_scope",
        "data_architecture",
        "enforcement",
        "governance",
    }
    | {"layers", "minimum_test_coverage", "naming", "namespaces", "orchestrator", "pattern", "plugins"}
    | {"policies", "policy_enforcement_level", "quality_gates", "registry", "require_signed_artifacts"}
    | {"rules", "schema_registry", "security", "storage", "waiver_policy", "compute"}
)


class CheckedSpec(Struct, frozen=True):
    """A floe.yaml as read: `spec` is None where an error stands in `diagnostics`."""

    spec: Spec | None
    document: Document
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that keep the file from being used."""
        return tuple(found for found in self.diagnostics if found.severity is Severity.ERROR)


def check_spec(text: str, *, base: Path) -> CheckedSpec:
    """Everything that is wrong with the text of a floe.yaml, which lies in `base`; never raises for it."""
    document = parse(text)
    found = list(document.diagnostics)
    spec: Spec | None = None
    value = document.value
    if value is None and not found:
        value = {}
    if isinstance(value, dict):
        try:
            spec = read(Spec, value)
        except WrongShape as error:
            found += told(error.errors, lambda detail: _diagnostic(document, detail))
        found += _platform_problems(document, value, base)
    elif value is not None:
        found.append(_problem(document, WRONG, (), "floe.yaml must be a mapping of keys to values"))
    found.sort(key=lambda diagnostic: diagnostic.span)
    failed = any(diagnostic.severity is Severity.ERROR for diagnostic in found)
    return CheckedSpec(None if failed else spec, document, tuple(found))


def against_platform(spec: Spec, document: Document, platform: Platform) -> tuple[Diagnostic, ...]:
    """What the platform that was pulled does not permit: looser gates, waivers, another compute."""
    return tuple(_against(spec, document, platform))


def _against(spec: Spec, document: Document, platform: Platform) -> Iterator[Diagnostic]:
    owner = f"{platform.name} {platform.version}"
    wanted, least = spec.quality.minimum_coverage, platform.gates.minimum_test_coverage
    if wanted is not None and wanted < least:
        yield _problem(
            document,
            LOOSER,
            ("quality", "minimum_coverage"),
            f"{wanted} is less than the {least} that {owner} asks for",
            hint=f"raise it to at least {least}, or remove the key",
        )
    if spec.waivers and platform.gates.waiver_policy.allow_in_product != "allow":
        forbidden = platform.gates.waiver_policy.allow_in_product == "never"
        yield _problem(
            document,
            WAIVED,
            ("waivers",),
            f"{owner} {'does not permit' if forbidden else 'discourages'} waivers in floe.yaml",
            hint="ask the platform team for a waiver in its manifest.yaml",
            severity=Severity.ERROR if forbidden else Severity.WARNING,
        )
    chosen = platform.manifest.plugins.get("compute", "")
    permitted = {chosen, *platform.manifest.approved_plugins.get("compute", ())}
    for index, transform in enumerate(spec.transforms):
        if transform.compute is not None and transform.compute not in permitted:
            yield _problem(
                document,
                COMPUTE,
                ("transforms", index, "compute"),
                f"compute {printable(transform.compute)!r} is not approved by {owner}",
                hint=f"choose one of {', '.join(sorted(permitted))}, or remove the key",
            )


# --- one problem -------------------------------------------------------------------------------


def _problem(
    document: Document,
    code: str,
    path: KeyPath,
    message: str,
    *,
    hint: str = "",
    at_key: bool = False,
    fixes: tuple[Fix, ...] = (),
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    span = document.locate(path, key=at_key)
    return Diagnostic(code, severity, span, message, hint, path=path, fixes=fixes)


def _diagnostic(document: Document, detail: Mapping[str, Any]) -> Diagnostic:
    # The reference of keys imports the whole schema of manifest.yaml; a good floe.yaml never needs it.
    from floe_engine.manifest.reference import shape_at

    path = tuple(detail["loc"])
    name = ".".join(map(str, path)) or "floe.yaml"
    if detail["type"] == "missing":
        return _missing(document, path)
    if detail["type"] == "extra_forbidden":
        return _unknown(document, path)
    shape = shape_at(path, Spec)
    value = _shown(detail["input"])
    context = detail.get("ctx", {})
    if shape is not None and shape.choices and detail["type"] == "literal_error":
        near = did_you_mean(str(detail["input"]), shape.choices)
        wanted = " or ".join(shape.choices)
        return _problem(
            document,
            WRONG,
            path,
            f"{name} is {value}; expected {wanted}",
            hint=f"did you mean {near!r}?" if near else "",
            fixes=_put(document, path, near, "change it to"),
        )
    if name == "metadata.version":
        hint = 'write it as three numbers in quotes: version: "1.2.3"'
        return _problem(document, WRONG, path, f"{name} is {value}; expected a semver version", hint=hint)
    message = detail["msg"].removeprefix("Value error, ")
    if "pattern" in context:
        message = "it has characters or a form that are not allowed here"
    kind = f"; expected {shape.text}" if shape is not None and shape.text else f": {message}"
    return _problem(document, WRONG, path, f"{name} is {value}{kind}", hint=message if kind[0] == ";" else "")


def _missing(document: Document, path: KeyPath) -> Diagnostic:
    name = ".".join(map(str, path))
    hints = {
        "apiVersion": "add `apiVersion: floe.dev/v1`",
        "kind": "add `kind: DataProduct`",
        "platform": f"add `platform:` with a `ref`, or run {Act.INIT:--platform=v1.2.3}",
    }
    hint = hints.get(name, f"add `{path[-1]}`")
    return _problem(document, MISSING, path[:-1], f"{name} is missing", hint=hint)


def _unknown(document: Document, path: KeyPath) -> Diagnostic:
    from floe_engine.manifest.reference import keys, shape_at

    key, parent = str(path[-1]), path[:-1]
    shown = printable(key)
    if key in _ENVIRONMENTS and not parent:
        return _problem(
            document,
            ENVIRONMENT,
            path,
            f"floe.yaml has no {shown!r}: it is the same in every environment",
            hint="use environment variables for what differs",
            at_key=True,
        )
    shape = shape_at(parent, Spec)
    known = list(keys(shape.section)) if shape is not None and shape.section is not None else []
    near = did_you_mean(key, known)
    if key in _OWNED:
        return _problem(
            document,
            OWNED,
            path,
            f"{shown!r} is set by the platform, not by a product",
            hint="remove it here; the platform team sets it in manifest.yaml",
            at_key=True,
        )
    where = ".".join(map(str, parent)) or "floe.yaml"
    return _problem(
        document,
        UNKNOWN,
        path,
        f"unknown key {shown!r} in {where}",
        hint=f"did you mean {near!r}?" if near else f"known here: {', '.join(known)}",
        at_key=True,
        fixes=_put(document, path, near, "rename it to", key=True),
    )


def _platform_problems(document: Document, value: Mapping[Any, Any], base: Path) -> Iterator[Diagnostic]:
    """What pydantic cannot say of `platform`: exactly one of two keys, and a reference that parses."""
    platform = value.get("platform")
    if not isinstance(platform, dict):
        return
    ref, manifest = platform.get("ref"), platform.get("manifest")
    if ref is None and manifest is None:
        hint = "add `ref: oci://host/repository:v1.2.3`"
        yield _problem(
            document, PLATFORM, ("platform",), "platform names no platform", hint=hint, at_key=True
        )
    elif ref is not None and manifest is not None:
        message = "platform has both ref and manifest"
        yield _problem(
            document, PLATFORM, ("platform", "manifest"), message, hint="keep one of them", at_key=True
        )
    if isinstance(ref, str) and ref:
        try:
            reference, tag = Reference.parse_constrained(ref, base=base)
            if tag and Constraint.parse(tag).is_exact and not reference.digest:
                reference.with_tag(tag.lstrip("= "))
        except UsageError as error:
            message = f"{error.title}: {error.message}" if error.message else error.title
            yield _problem(document, PLATFORM, ("platform", "ref"), message, hint=error.hint)
        else:
            if not (reference.digest or tag):
                yield _problem(
                    document,
                    PLATFORM,
                    ("platform", "ref"),
                    "the reference names no version",
                    hint=f"write {printable(ref)}:v1.2.3, or :v1.2.* for patch updates",
                )


def _put(
    document: Document, path: KeyPath, near: str | None, title: str, *, key: bool = False
) -> tuple[Fix, ...]:
    """The word that was meant in the place of a value or a key; none where nobody knows it."""
    if near is None:
        return ()
    return (Fix(f"{title} {near}", (TextEdit(document.locate(path, key=key), near),)),)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    text = printable(str(value))
    return repr(text) if len(text) <= 60 else f"{text[:57]!r}…"
