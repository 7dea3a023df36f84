"""What is wrong with a floe.yaml, all of it at once, each problem at its place.

Shapes come from `spec`. Keys that are the platform's are refused by name, because a product that
could set them would no longer be held to anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from floe_engine.artifact.platform import Platform
from floe_engine.document.diagnostics import Diagnostic, Severity
from floe_engine.document.document import Document, parse
from floe_engine.document.nodes import KeyPath
from floe_engine.errors import UsageError
from floe_engine.manifest.base import WrongShape
from floe_engine.manifest.reading import read
from floe_engine.project.spec import Spec
from floe_engine.registry.reference import Reference
from floe_engine.text import printable
from floe_engine.versions import Constraint

MEANINGS: Mapping[str, str] = {
    "FLOE-S001": "A key of floe.yaml that floe does not know; often a misspelling.",
    "FLOE-S002": "A setting that belongs to the platform's manifest.yaml. Products cannot change it.",
    "FLOE-S003": "A key of floe.yaml that has to be there.",
    "FLOE-S004": "A value of floe.yaml that is not of the kind its key takes.",
    "FLOE-S005": "`platform` names the platform once: by `ref` (a registry) or by `manifest` (a path).",
    "FLOE-S006": "floe.yaml is the same in every environment; what differs comes from variables.",
    "FLOE-S007": "A product may ask for more than its platform does, never for less.",
    "FLOE-S008": "The platform does not let products write waivers of their own.",
    "FLOE-S009": "A product runs on the platform's compute plugin, or on one that the platform approves.",
}
"""Code to what it means, for ``floe explain``."""


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
            # How keys are told imports the whole schema of manifest.yaml; a good floe.yaml never needs it.
            from floe_engine.project.spec_shapes import misshapen

            found += misshapen(document, error.errors)
        found += _platform_problems(document, value, base)
    elif value is not None:
        found.append(_problem(document, "FLOE-S004", (), "floe.yaml must be a mapping of keys to values"))
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
            "FLOE-S007",
            ("quality", "minimum_coverage"),
            f"{wanted} is less than the {least} that {owner} asks for",
            hint=f"raise it to at least {least}, or remove the key",
        )
    if spec.waivers and platform.gates.waiver_policy.allow_in_product != "allow":
        forbidden = platform.gates.waiver_policy.allow_in_product == "never"
        yield _problem(
            document,
            "FLOE-S008",
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
                "FLOE-S009",
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
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    span = document.locate(path, key=at_key)
    return Diagnostic(code, severity, span, message, hint, path=path)


def _platform_problems(document: Document, value: Mapping[Any, Any], base: Path) -> Iterator[Diagnostic]:
    """What pydantic cannot say of `platform`: exactly one of two keys, and a reference that parses."""
    platform = value.get("platform")
    if not isinstance(platform, dict):
        return
    ref, manifest = platform.get("ref"), platform.get("manifest")
    if ref is None and manifest is None:
        hint = "add `ref: oci://host/repository:v1.2.3`"
        yield _problem(
            document, "FLOE-S005", ("platform",), "platform names no platform", hint=hint, at_key=True
        )
    elif ref is not None and manifest is not None:
        message = "platform has both ref and manifest"
        yield _problem(
            document, "FLOE-S005", ("platform", "manifest"), message, hint="keep one of them", at_key=True
        )
    if isinstance(ref, str) and ref:
        try:
            reference, tag = Reference.parse_constrained(ref, base=base)
            if tag and Constraint.parse(tag).is_exact and not reference.digest:
                reference.with_tag(tag.lstrip("= "))
        except UsageError as error:
            message = f"{error.title}: {error.message}" if error.message else error.title
            yield _problem(document, "FLOE-S005", ("platform", "ref"), message, hint=error.hint)
        else:
            if not (reference.digest or tag):
                yield _problem(
                    document,
                    "FLOE-S005",
                    ("platform", "ref"),
                    "the reference names no version",
                    hint=f"write {printable(ref)}:v1.2.3, or :v1.2.* for patch updates",
                )
