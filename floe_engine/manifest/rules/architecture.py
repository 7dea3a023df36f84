"""Layers: told apart by their prefixes, named rightly wherever they are named."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from floe_engine.document.diagnostics import Diagnostic, Severity
from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.draft import Draft
from floe_engine.manifest.terms import TESTS
from floe_engine.text import did_you_mean

_DBT_TESTS = ("not_null", "unique", "accepted_values")


def prefixes_tell_layers_apart(draft: Draft) -> Iterator[Diagnostic]:
    """No layer's prefix begins with that of another layer: the name would fit both."""
    claims = sorted((prefix, layer) for layer, given in draft.prefixes.items() for prefix in given if prefix)
    open_claims: list[tuple[str, str]] = []
    for prefix, layer in claims:
        while open_claims and not prefix.startswith(open_claims[-1][0]):
            open_claims.pop()
        rival = next((claim for claim in reversed(open_claims) if claim[1] != layer), None)
        if rival is not None:
            where = _prefix_path(draft, layer, prefix) or _prefix_path(draft, rival[1], rival[0])
            same = prefix == rival[0]
            yield draft.report(
                "FLOE-M030",
                where or ("data_architecture",),
                f"prefix `{prefix}` of layer `{layer}` "
                + (
                    f"is also that of `{rival[1]}`"
                    if same
                    else f"begins with `{rival[0]}`, which is `{rival[1]}`'s"
                ),
                hint="a model's name must tell its layer: choose prefixes of which none begins another",
            )
        open_claims.append((prefix, layer))


def _prefix_path(draft: Draft, layer: str, prefix: str) -> KeyPath | None:
    base: KeyPath = ("data_architecture", "layers", layer)
    if draft.get(*base, "prefix") == prefix:
        return (*base, "prefix")
    return next((path for path, text in draft.texts(*base, "prefixes") if text == prefix), None)


def custom_pattern_is_complete(draft: Draft) -> Iterator[Diagnostic]:
    """`custom` comes with its own patterns and layers, and only `custom` with patterns."""
    patterns = draft.get("data_architecture", "naming", "custom_patterns")
    where = ("data_architecture", "pattern")
    if draft.text(*where) == "custom":
        if not patterns:
            yield draft.report(
                "FLOE-M038",
                where,
                "pattern `custom` needs `naming.custom_patterns`",
                hint=r"add regular expressions for whole names, such as '^(raw|mart)_[a-z0-9_]+$'",
            )
        if not draft.layers:
            yield draft.report(
                "FLOE-M039",
                where,
                "pattern `custom` has no layers, so nothing is asked of any layer",
                hint="add `data_architecture.layers`",
                severity=Severity.WARNING,
            )
    elif patterns and draft.pattern != "custom":
        yield draft.report(
            "FLOE-M038",
            ("data_architecture", "naming", "custom_patterns"),
            f"`custom_patterns` has no effect with pattern `{draft.pattern}`",
            hint="set `data_architecture.pattern: custom`, or use `name_pattern`",
            key=True,
            severity=Severity.WARNING,
        )


_CODES = {"layer": "FLOE-M031", "level": "FLOE-M032", "role": "FLOE-M033", "namespace": "FLOE-M034"}


def names_exist(draft: Draft) -> Iterator[Diagnostic]:
    """Every layer, level, role and namespace that is named is one."""
    for path, name, of, key in draft.names:
        known = (*draft.known(of.kind), *of.also)
        if of.new or name in known:
            continue
        hint = f"known: {', '.join(known)}" if known else "add it to `data_architecture.layers`"
        message = f"there is no {of.kind} `{name}`"
        yield draft.unknown(_CODES[of.kind], path, message, known, hint=hint, key=key)


def tests_are_known(draft: Draft) -> Iterator[Diagnostic]:
    """A required test whose name is nearly one of floe's is probably a slip."""
    for path, name, of, _ in draft.names:
        if of.kind != "test" or name in TESTS or name in _DBT_TESTS or "." in name:
            continue
        guess = did_you_mean(name, TESTS)
        if guess and SequenceMatcher(None, name, guess).ratio() >= 0.8:
            yield draft.report(
                "FLOE-M053",
                path,
                f"`{name}` is no test of floe's; did you mean `{guess}`?",
                hint="a name that floe does not know is looked for among the model's dbt tests",
                severity=Severity.WARNING,
                fixes=[draft.replace(path, guess)],
            )
