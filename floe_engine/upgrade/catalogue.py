"""Which upgrade rule judges a change: the one that the setting's law names, or a row of `BY_HAND`.

A new setting needs neither a row nor a condition: its law says which way is which rule's, and what
nothing is written about in ``rules.json`` is said in the law's own words.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from floe_engine.acts import Act
from floe_engine.artifact.paths import (
    ACCESS_CONTROL,
    CLASSIFICATION,
    FILES,
    LAYER_CONSTRAINTS,
    MANIFEST,
    NAMESPACES,
    NAMING_RULES,
    QUALITY_GATES,
)
from floe_engine.artifact.shape import Path, Pattern, matches, places, published
from floe_engine.manifest.laws import Law
from floe_engine.typed import built
from floe_engine.upgrade import conditions as when
from floe_engine.upgrade.change import Change
from floe_engine.upgrade.rule import ChangeExample, ChangeRule, Condition, Context

Entry = TypeVar("Entry")


class Row(NamedTuple):
    """A rule, the one for the way back, and the changes that it judges."""

    rule: str
    back: str
    when: Condition
    places: tuple[Pattern, ...]


_DETAILS = (MANIFEST, "pluginDetails", "*")
_PACKAGING = tuple((*_DETAILS, key) for key in ("package", "chart", "apiVersion"))
_APPROVED = (MANIFEST, "approvedPlugins", "*")
_PREFIXES = ((NAMING_RULES, "prefixes", "*"), (NAMING_RULES, "morePrefixes", "*", "*"))
_COVERAGE = ((QUALITY_GATES, "layerThresholds", "*"), (LAYER_CONSTRAINTS, "*", "minimum_test_coverage"))
_WAIVER = (QUALITY_GATES, "waivers", "*")
_RULE = (QUALITY_GATES, "rules", "*", "enforcement")
_GRANTS = tuple((ACCESS_CONTROL, "permissions", "*", kind, "*") for kind in ("namespaces", "levels"))
_SPACES = (NAMESPACES, "grants", "*", "*")
_KEY = (MANIFEST, "security", "trusted_keys", "*")

BY_HAND: tuple[Row, ...] = (
    # What a platform runs on: versions are compared, and a plugin knows which of its settings move data.
    Row("PLG010", "PLG010", when.anything, ((*_DETAILS, "config", "**"),)),
    Row("PLG011", "PLG013", when.compatible, ((*_DETAILS, "version"),)),
    Row("PLG012", "PLG013", when.newer, ((*_DETAILS, "version"),)),
    Row("PLG013", "PLG011", when.anything, ((*_DETAILS, "version"),)),
    Row("PLG014", "PLG014", when.anything, ((*_DETAILS, "dbtAdapter"),)),
    Row("PLG015", "PLG015", when.anything, _PACKAGING),
    Row("PLG099", "PLG099", when.anything, (_DETAILS,)),
    Row("APP001", "APP002", when.narrowed, ((*_APPROVED, "*"),)),
    Row("APP002", "APP001", when.widened, ((*_APPROVED, "*"),)),
    Row("APP003", "APP004", when.added, (_APPROVED,)),
    Row("APP004", "APP003", when.removed, (_APPROVED,)),
    # Layers: several settings together say what belongs to one and what it owes.
    Row("NAM010", "NAM011", when.prefix_lost, _PREFIXES),
    Row("NAM011", "NAM010", when.more(when.layer_prefixes), _PREFIXES),
    Row("NAM012", "NAM012", when.anything, _PREFIXES),
    Row("LAY001", "LAY002", when.removed, ((LAYER_CONSTRAINTS, "*"),)),
    Row("LAY002", "LAY001", when.added, ((LAYER_CONSTRAINTS, "*"),)),
    Row("LAY005", "LAY005", when.moved, ((LAYER_CONSTRAINTS, "_meta", "order"),)),
    Row("COV003", "COV004", when.more(when.layer_coverage), _COVERAGE),
    Row("COV004", "COV003", when.less(when.layer_coverage), _COVERAGE),
    Row("COV005", "COV005", when.anything, _COVERAGE),
    # Waivers and the settings of single rules: what they come to counts, not how it is written.
    Row("WAI011", "WAI011", when.waiver_over, (_WAIVER,)),
    Row("WAI004", "WAI005", when.waiver_covers_less, ((*_WAIVER, "rules", "*"),)),
    Row("WAI005", "WAI004", when.anything, ((*_WAIVER, "rules", "*"),)),
    Row("RUL001", "RUL002", when.more(when.rule_enforcement), (_RULE,)),
    Row("RUL002", "RUL001", when.less(when.rule_enforcement), (_RULE,)),
    Row("RUL003", "RUL003", when.anything, (_RULE,)),
    # Access: what all permissions together let a role do.
    Row("ACC001", "ACC004", when.removed, ((ACCESS_CONTROL, "roles", "*"),)),
    Row("ACC004", "ACC001", when.added, ((ACCESS_CONTROL, "roles", "*"),)),
    Row("ACC002", "ACC003", when.access_narrowed, _GRANTS),
    Row("ACC003", "ACC002", when.access_widened, _GRANTS),
    Row("ACC005", "ACC006", when.access_narrowed, (_SPACES,)),
    Row("ACC006", "ACC005", when.access_widened, (_SPACES,)),
    Row("ACC007", "ACC007", when.anything, (*_GRANTS, _SPACES)),
    # Who may sign. A revoked key comes first: its going must not wait for a major version.
    Row("KEY003", "KEY004", when.revoked_goes, (_KEY,)),
    Row("KEY004", "KEY003", when.revoked_comes, (_KEY,)),
    Row(
        "DOC001",
        "DOC001",
        when.anything,
        ((*_KEY, "name"), (MANIFEST, "security", "delegated_keys", "*", "*", "name")),
    ),
    # What only the artifact has.
    Row("ENG001", "ENG002", when.newer, ((MANIFEST, "engine", "minVersion"),)),
    Row("ENG002", "ENG001", when.anything, ((MANIFEST, "engine", "minVersion"),)),
    Row("PAT006", "PAT006", when.anything, ((CLASSIFICATION, "nameDefaults"),)),
    Row("PAR002", "PAR002", when.anything, ((MANIFEST, "parent", "digest"),)),
    Row(
        "PAR001",
        "PAR001",
        when.anything,
        ((MANIFEST, "parent"), (MANIFEST, "parent", "ref"), (MANIFEST, "parent", "name")),
    ),
    Row(
        "ARC002",
        "ARC002",
        when.changed,
        ((MANIFEST, "architecture", "pattern"), (MANIFEST, "architecture", "enforcement")),
    ),
    Row(
        "FMT001",
        "FMT001",
        when.anything,
        (*((file, "apiVersion") for file in FILES[:-1]), (LAYER_CONSTRAINTS, "_meta", "apiVersion")),
    ),
)
"""Changes that no setting's law can judge, in the order in which they are tried."""

GATED_IF: Mapping[str, Condition] = {
    "WAI011": when.added,
    "TST002": when.another_asks,
    "NAM015": when.first_pattern,
    **dict.fromkeys(("ACC003", "ACC004", "ACC006", "ACC009"), when.takes_access),
}
"""Where it holds, a rule's bump is ``gated`` whatever it is elsewhere."""


def rule_of(change: Change, context: Context) -> ChangeRule | None:
    """The rule that judges a change; None where nothing is known of it."""
    for row in _at(_hand_index(), change.path):
        if any(matches(place, change.path) for place in row.places) and row.when(change, context):
            return by_id()[row.rule]
    for place, law in _at(_law_index(), change.path):
        if matches(place, change.path) and (found := law.change(change.kind, change.old, change.new)):
            return by_id()[found]
    return None


@cache
def by_id() -> Mapping[str, ChangeRule]:
    """Rule ID to rule."""
    text = pathlib.Path(__file__).with_name("rules.json").read_bytes()
    written = msgspec.json.decode(text, type=built(dict[str, dict[str, Any]]))
    paths: dict[str, dict[Pattern, None]] = {}
    back: dict[str, dict[str, None]] = {}
    plain: dict[str, ChangeRule] = {}
    for row in BY_HAND:
        paths.setdefault(row.rule, {}).update(dict.fromkeys(row.places))
        back.setdefault(row.rule, {})[row.back] = None
        back.setdefault(row.back, {})[row.rule] = None
    for place, law in _by_law():
        for rule, other in law.changes.items():
            paths.setdefault(rule, {})[place] = None
            back.setdefault(rule, {})[other] = None
            back.setdefault(other, {})[rule] = None
            if rule not in plain:
                plain[rule] = in_plain_words(rule, place, law)
                written[rule] = {**_cost(rule, place, law), **written[rule]} if rule in written else {}
    found = {
        rule: msgspec.convert(entry, built(ChangeRule)) if entry else plain[rule]
        for rule, entry in written.items()
    }

    def example(name: str) -> ChangeExample:
        """Its own, or that of a way back; what is written wins over what a law has."""
        for rules in (found, plain):
            for other in (name, *back[name]):
                if other in rules and (shown := rules[other].example) is not None:
                    return shown if other == name else shown.backwards
        raise KeyError(name)

    return {
        name: msgspec.structs.replace(
            rule,
            id=name,
            reason=rule.reason or _HARMLESS[rule.direction],
            example=example(name),
            mirror=tuple(back[name]),
            paths=tuple(paths[name]),
        )
        for name, rule in found.items()
    }


_HARMLESS = {"demand": "nothing that passed can fail", "promise": "projects may use it and need not"}


def _cost(rule: str, place: Pattern, law: Law) -> dict[str, str]:
    """What a move costs and touches as far as the law can say; ``rules.json`` writes what differs."""
    if rule == law.renamed:
        return {"bump": "patch", "direction": "neutral"}
    stricter = rule not in (law.looser, law.other)
    secure = place[0] in (CLASSIFICATION, ACCESS_CONTROL) or place[:2] == (MANIFEST, "security")
    axis = "security" if secure and not stricter else ""
    if rule == law.other:
        return {"bump": "gated", "direction": "neutral", "axis": axis}
    costly = "major" if law.provided else "gated"
    direction = "promise" if law.provided else "demand"
    return {"bump": costly if stricter else "minor", "direction": direction, "axis": axis}


def in_plain_words(rule: str, place: Pattern, law: Law) -> ChangeRule:
    """What is said of a change of which ``rules.json`` says nothing."""
    name = next(key for key in reversed(place) if key != "*")
    says = "{setting} is {new} (was {old})"
    cost: dict[str, Any] = _cost(rule, place, law)
    if rule == law.looser:
        return ChangeRule(title=f"{name} demands less", says=says, **cost)
    before, after = law.step
    return ChangeRule(
        title=f"{name} changed" if rule in (law.other, law.renamed) else f"{name} demands more",
        says=says,
        **cost,
        reason="what does not meet it fails",
        remedy=f"resolve the findings that {Act.COMPILE.line()} lists",
        example=ChangeExample(place[:-1] if place[-1] == "*" else place, before, after),
    )


@cache
def _by_law() -> tuple[tuple[Pattern, Law], ...]:
    """Place to the law of the setting that is published there, or in the entries of whose list it is."""
    from floe_engine.manifest.declarations import settings

    known = set(places())
    return tuple(
        (place, law)
        for setting in settings()
        if (law := setting.law.between_versions).changes and (at := published(setting.place))
        for place in (at, (*at, "*"))
        if place in known
    )


@cache
def _hand_index() -> Mapping[tuple[str, str], tuple[Row, ...]]:
    return _indexed((place, row) for row in BY_HAND for place in row.places)


@cache
def _law_index() -> Mapping[tuple[str, str], tuple[tuple[Pattern, Law], ...]]:
    return _indexed((row[0], row) for row in _by_law())


def _indexed(rows: Iterable[tuple[Pattern, Entry]]) -> Mapping[tuple[str, str], tuple[Entry, ...]]:
    """(file, first key or ``*``) to the entries to try, so that a change meets a handful of them."""
    found: dict[tuple[str, str], list[Entry]] = {}
    for place, row in rows:
        listed = found.setdefault((place[0], place[1]), [])
        if row not in listed:
            listed.append(row)
    return {place: tuple(rows) for place, rows in found.items()}


def _at(index: Mapping[tuple[str, str], tuple[Entry, ...]], path: Path) -> Iterator[Entry]:
    if len(path) > 1:
        yield from index.get((path[0], path[1]), ())
        yield from index.get((path[0], "*"), ())
