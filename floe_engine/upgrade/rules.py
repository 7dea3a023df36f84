"""What changes cost: each is judged by the rule that its setting's law names, or by a row of `catalogue`.

What no rule fits is a major change (`UNK000`): a platform that breaks its projects by surprise is
worse than a version number that is too careful.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.platform import Platform
from floe_engine.artifact.shape import Path, matches
from floe_engine.errors import UsageError
from floe_engine.manifest.terms import Enforcement
from floe_engine.text import did_you_mean
from floe_engine.upgrade.catalogue import GATED_IF, by_id, rule_of
from floe_engine.upgrade.change import Change
from floe_engine.upgrade.changes import diff
from floe_engine.upgrade.conditions import moves_data
from floe_engine.upgrade.readers import readers, strictest
from floe_engine.upgrade.rule import ABSENT, ChangeExample, ChangeRule, Context
from floe_engine.upgrade.settings import manifest_path
from floe_engine.versions import LEVELS, Level

if TYPE_CHECKING:
    from floe_engine.manifest.plugins import Catalogue

UNKNOWN = ChangeRule(
    id="UNK000",
    title="change of unknown meaning",
    says="{place} changed, and this floe does not know what that means",
    paths=(("**",),),
    bump="major",
    direction="neutral",
    reason="what nobody understands may break anything",
    remedy="use a newer floe, or suppress the rule for this path with a reason",
    example=ChangeExample(("manifest.json", "somethingNew"), after=True),
    mirror=("UNK000",),
    undecidable=True,
)


class Entry(Struct, frozen=True):
    """A change, the rule that judges it, and the bump that it needs."""

    change: Change
    rule: ChangeRule
    bump: Level

    @property
    def setting(self) -> Path:
        """The setting of manifest.yaml that was changed; empty where there is none."""
        return manifest_path(self.change)

    @property
    def place(self) -> str:
        """The setting as one name, ``plugins.compute.type``; else the place in the artifact."""
        return ".".join(self.setting) or self.change.name

    @property
    def sentence(self) -> str:
        """What changed, for people: ``the compute plugin is snowflake instead of duckdb``."""
        return _sentence(self.rule, self.change, self.place)

    @property
    def breaking(self) -> bool:
        """Whether a project that obeyed the old version can fail under the new one."""
        return self.bump == "major"

    @property
    def security(self) -> bool:
        """Whether somebody who cares for security must see it, whatever the bump."""
        return self.rule.axis == "security"

    @property
    def fingerprint(self) -> str:
        """12 hex digits of the rule, the place and both values: this change and no later one."""
        text = repr((self.rule.id, self.change.path, self.change.kind, self.change.old, self.change.new))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


class Assessment(Struct, frozen=True):
    """What all changes between two artifacts come to. The costliest entries are first."""

    entries: tuple[Entry, ...]

    @property
    def required(self) -> Level:
        """The bump that the changes need; ``none`` where there are none."""
        return max((entry.bump for entry in self.entries), key=LEVELS.index, default="none")

    @property
    def security(self) -> tuple[Entry, ...]:
        """The entries that touch security."""
        return tuple(entry for entry in self.entries if entry.security)

    @property
    def breaking(self) -> tuple[Entry, ...]:
        """The entries that need a major version."""
        return tuple(entry for entry in self.entries if entry.breaking)

    @property
    def by_rule(self) -> Mapping[str, tuple[Entry, ...]]:
        """Rule ID to its entries, the costliest rule first."""
        grouped: dict[str, list[Entry]] = {}
        for entry in self.entries:
            grouped.setdefault(entry.rule.id, []).append(entry)
        return {rule: tuple(entries) for rule, entries in grouped.items()}


def classify(
    changes: Iterable[Change],
    old: Platform,
    new: Platform,
    *,
    plugins: Catalogue | None = None,
    revoked: frozenset[str] = frozenset(),
) -> Assessment:
    """Judge each change by the catalogue of rules, under the enforcement of the new platform.

    `plugins` (unwritten: those installed) tell which of their settings move data. `revoked` are the
    fingerprints of keys that whoever asks believes no more: that they go costs nobody anything.
    """
    context = Context(old, new, plugins, revoked)
    entries = []
    for change in changes:
        rule = rule_of(change, context) or UNKNOWN
        entries.append(Entry(change, rule, _bump(rule, change, context)))
    entries.sort(key=lambda entry: -LEVELS.index(entry.bump))  # stable: within a bump, the files' order
    return Assessment(tuple(entries))


def compare(
    old: Artifact,
    new: Artifact,
    *,
    plugins: Catalogue | None = None,
    revoked: frozenset[str] = frozenset(),
) -> Assessment:
    """The changes between two artifacts, judged as `classify` does.

    Raises `IntegrityError` for a damaged one.
    """
    if dict(old.files) == dict(new.files):
        return Assessment(())
    return classify(diff(old, new), old.platform, new.platform, plugins=plugins, revoked=revoked)


def rule(rule_id: str) -> ChangeRule:
    """The rule of an ID, in any case. Raises `UsageError` with a near miss where there is none."""
    wanted = rule_id.strip().upper()
    found = UNKNOWN if wanted == UNKNOWN.id else by_id().get(wanted)
    if found is None:
        near = did_you_mean(wanted, by_id())
        raise UsageError(
            f"there is no upgrade rule {rule_id!r}",
            hint=f"did you mean {near}?" if near else "docs/versions.md lists them all",
        )
    return found


def all_rules() -> tuple[ChangeRule, ...]:
    """Every rule of the catalogue, and the one for what no rule fits."""
    return (*by_id().values(), UNKNOWN)


def explain(rule_id: str) -> str:
    """The prose of ``floe explain PLG001``: what, why, which bump, what to do, an example."""
    found = rule(rule_id)
    example = found.example
    assert example is not None, "each has one, or its way back has"
    place = ".".join(manifest_path(Change("changed", example.at)) or example.at)
    parts = [
        f"{found.id}: {found.title}",
        f"{_BUMP_PROSE[found.bump]}, because {found.reason}.",
    ]
    if found.direction == "demand":
        parts.append("The platform requires something of its projects here: asking for more breaks them.")
    elif found.direction == "promise":
        parts.append("The platform provides something here: taking it away breaks those who use it.")
    if found.undecidable:
        parts.append("What it really breaks cannot be told in general; read the change.")
    if found.axis == "security":
        parts.append("It touches security, so it is shown and to be acknowledged at any bump.")
    elif found.axis == "governance":
        parts.append("It changes what the platform vouches for.")
    if found.remedy:
        parts.append(f"What a project does: {found.remedy}.")
    parts.append(f"Example: {place}: {_shown(example.before)} → {_shown(example.after)}")
    others = [other for other in found.mirror if other != found.id]
    if others:
        parts.append(f"The way back: {', '.join(f'{other} ({rule(other).title})' for other in others)}.")
    elif found.mirror:
        parts.append("The way back is a change of the same kind.")
    return "\n\n".join(parts)


_BUMP_PROSE: Mapping[str, str] = {
    "major": "Needs a major version",
    "minor": "Needs a minor version",
    "patch": "Needs a patch version",
    "none": "Needs no new version",
    "gated": (
        "Needs a major version where the new platform makes it stop a build, a minor one where it only "
        "warns, and a patch where it is off; with `scope: enterprise` a major one, for what the domains "
        "below make of it cannot be seen"
    ),
    "marked": (
        "Needs a major version where the plugin marks the setting (x-floe-breaking in its config schema: "
        "it says where data is, or what it is called), and a minor one elsewhere"
    ),
}


# --- what it costs ------------------------------------------------------------------------------


def _bump(rule: ChangeRule, change: Change, context: Context) -> Level:
    """What a change costs: the rule's bump, or what the readers of the place make of it."""
    if context.enterprise and rule.below:
        return "major"
    bump = "gated" if (gate := GATED_IF.get(rule.id)) and gate(change, context) else rule.bump
    if bump == "marked":
        return "major" if moves_data(change, context) else "minor"
    if bump != "gated":
        return bump
    if context.enterprise:
        return "major"  # what the domains below enforce, and have of their own, cannot be seen
    gates: Mapping[Enforcement, Level] = {"strict": "major", "warn": "minor", "off": "patch"}
    return gates[strictest(readers(change), context.new)]


# --- wording -----------------------------------------------------------------------------------


def _sentence(rule: ChangeRule, change: Change, place: str) -> str:
    pattern = next((p for p in rule.paths if matches(p, change.path)), ())
    names = [key for part, key in zip(pattern, change.path, strict=False) if part == "*"]
    rest = change.path[len(pattern) - 1 :] if pattern[-1:] == ("**",) else ()
    return rule.says.format(
        *names,
        *([""] * 3),  # a row over several places may name more than one of them has
        old=_shown(change.old),
        new=_shown(change.new),
        of=_owner(change),
        file=change.file,
        setting=place,
        place=place,
        rest=".".join(rest) or change.path[-1],
    )


def _owner(change: Change) -> str:
    """Of which layer, level or role a setting is, where it is not the whole platform's."""
    if change.file == "architecture/layer-constraints.json" and len(change.path) > 2:
        return f" in layer {change.path[1]}"
    if change.path[1:2] == ("rules",) and len(change.path) > 3:
        return f" of {change.path[2]} models"
    if change.path[1:2] in (("permissions",), ("grants",)) and len(change.path) > 3:
        return f" ({', '.join(change.path[2:])})"
    return ""


def _shown(value: Any) -> str:
    """A value in a sentence: short, and never a wall of JSON."""
    if value is None or value is ABSENT:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "nothing"
    if isinstance(value, dict):
        named = next((value[key] for key in ("name", "id", "pattern", "type", "ref") if value.get(key)), None)
        if named is not None:
            return str(named)
        return ", ".join(f"{key}: {_shown(inner)}" for key, inner in value.items()) or "nothing"
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
