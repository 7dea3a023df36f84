"""House rules: their expressions mean something, and their examples hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import structs

from floe_engine.document.diagnostics import Diagnostic, Fix, Severity, TextEdit
from floe_engine.document.inside import span_in
from floe_engine.manifest.draft import Draft, KeyPath

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
