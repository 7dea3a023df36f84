"""House rules: their expressions mean something, and their examples hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import structs

from floe_engine.document.diagnostics import Diagnostic, Fix, Severity, TextEdit
from floe_engine.document.inside import span_in
from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.draft import Draft

if TYPE_CHECKING:
    from floe_engine.manifest.house_rule import Trouble

_CODES = {
    "expression": "FLOE-M059",
    "field": "FLOE-M060",
    "value": "FLOE-M060",
    "example": "FLOE-M061",
}


def house_rules_mean_something(draft: Draft) -> Iterator[Diagnostic]:
    """Every expression can be asked, and every example is answered as it says."""
    for path, rule in draft.mappings("governance", "custom_rules"):
        if rule.get("type") == "python":
            yield from _package_rule(draft, path, rule)
        if rule.get("type") != "cel":
            continue
        from floe_engine.manifest import house_rule  # a platform without such rules does not pay for them

        for trouble in house_rule.troubles(rule):
            yield _reported(draft, path, trouble)
        if isinstance(rule.get("expr"), str) and (lacking := _lacking(rule.get("examples"))):
            yield draft.report(
                "FLOE-M062",
                (*path, "expr"),
                f"no example shows what the rule {lacking}",
                hint="add `examples: {pass: […], fail: […]}` with facts of one subject each",
                severity=Severity.WARNING,
            )


def _package_rule(draft: Draft, path: KeyPath, rule: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """A rule of a package is pinned to what is installed; nothing of the package is run to see it."""
    from floe_engine.manifest import house_rule
    from floe_engine.manifest.rule_packages import DIGEST, NotUsable, installed
    from floe_engine.manifest.subjects import SUBJECTS

    package, name, digest = (rule.get(key) for key in ("package", "rule", "digest"))
    subject = rule.get("subject") or "model"
    if isinstance(subject, str) and subject in SUBJECTS:
        for kind, number, example in house_rule.examples_of(rule):
            place = ("examples", kind, number)
            for trouble in house_rule.example_troubles(example, subject, place):
                yield _reported(draft, path, trouble)
    for key in rule.get("parameters") or () if isinstance(rule.get("parameters"), dict) else ():
        if not str(key).isidentifier():
            yield draft.report(
                "FLOE-M063",
                (*path, "parameters", key),
                f"`{key}` is no name of an argument",
                hint="use letters, digits and underscores",
                key=True,
            )
    if not isinstance(package, str) or not package or not isinstance(name, str):
        return
    try:
        found = installed(package)
    except NotUsable as error:
        yield draft.report(
            "FLOE-M064",
            (*path, "package"),
            str(error),
            hint="install it where the platform is checked, so that its examples can be run",
            severity=Severity.WARNING if isinstance(digest, str) and DIGEST.match(digest) else Severity.ERROR,
        )
        return
    if digest != found.digest:
        hint = f"write `digest: {found.digest}` once you have read {found.name} {found.version}"
        if digest is None:
            message = f"rule {rule.get('id')} does not pin its package"
            yield draft.report("FLOE-M063", path, message, hint=hint)
        else:
            message = f"the installed {found.name} {found.version} has another digest"
            yield draft.report("FLOE-M063", (*path, "digest"), message, hint=hint)
    elif name not in found.rules:
        offered = ", ".join(sorted(found.rules)) or "none"
        message = f"{found.name} {found.version} has no rule {name}"
        yield draft.report("FLOE-M063", (*path, "rule"), message, hint=f"its rules: {offered}")


def _lacking(examples: object) -> str:
    given = examples if isinstance(examples, dict) else {}
    return " and ".join(word for key, word in (("pass", "passes"), ("fail", "refuses")) if not given.get(key))


def _reported(draft: Draft, path: KeyPath, trouble: Trouble) -> Diagnostic:
    place, problem = (*path, *trouble.place), trouble.problem
    key = trouble.kind == "field"
    found = draft.report(_CODES[trouble.kind], place, problem.message, hint=problem.hint, key=key)
    if key and problem.instead:
        return structs.replace(found, fixes=(draft.rename(place, problem.instead),))
    span = (
        span_in(draft.document, place, problem.start, problem.end) if trouble.kind == "expression" else None
    )
    if span is None:
        return found
    fixes = (
        (Fix(f"Write `{problem.instead}`", (TextEdit(span, problem.instead),)),) if problem.instead else ()
    )
    return structs.replace(found, span=span, fixes=fixes)
