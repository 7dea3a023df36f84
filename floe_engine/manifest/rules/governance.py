"""Levels, roles, namespaces, waivers and rules of one's own: consistent among themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from graphlib import CycleError, TopologicalSorter
from typing import Any

from floe_engine.document import edit
from floe_engine.document.diagnostics import Diagnostic, Fix, Related, Severity
from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.draft import Draft

_CLASSES = ("governance", "classification")
_ACCESS = ("governance", "access_control")

_MOST_CIRCLES = 20


def default_level_exists(draft: Draft) -> Iterator[Diagnostic]:
    """A file that names no `default_level` has the one that is the default."""
    if "internal" not in draft.levels and not draft.text(*_CLASSES, "default_level") and not draft.parent:
        yield draft.report(
            "FLOE-M032",
            (*_CLASSES, "levels"),
            "`levels` lacks `internal`, the default of `default_level`",
            hint=f"set `default_level` to one of {', '.join(draft.levels)}",
            key=True,
        )


def permissions_permit(draft: Draft) -> Iterator[Diagnostic]:
    """A permission is about something."""
    for base, permission in draft.mappings(*_ACCESS, "permissions"):
        if not permission.get("namespaces") and not permission.get("levels"):
            yield draft.report(
                "FLOE-M034",
                base,
                "the permission names neither namespaces nor levels, so it permits nothing",
                hint=f"add `namespaces: [{', '.join(draft.namespaces[:3])}]` or `levels`",
                severity=Severity.WARNING,
            )


def entries_are_unique(draft: Draft) -> Iterator[Diagnostic]:
    """Levels, namespaces and the IDs of waivers and rules are each there once."""
    yield from _repeated(draft, "level", draft.texts(*_CLASSES, "levels"))
    yield from _repeated(draft, "namespace", _named(draft, ("catalog", "namespaces"), "name"))
    for key in ("waivers", "policy_overrides"):
        yield from _repeated(draft, "waiver", _named(draft, ("governance", key), "id"))
    yield from _repeated(draft, "custom rule", _named(draft, ("governance", "custom_rules"), "id"))
    yield from _repeated(draft, "trusted key", draft.texts("security", "trusted_keys"))
    yield from _repeated(draft, "trusted identity", _identities(draft))
    yield from _repeated(draft, "revoked key", draft.texts("security", "revoked_keys"))


def _identities(draft: Draft) -> Iterator[tuple[KeyPath, str]]:
    for path, entry in draft.mappings("security", "trusted_identities"):
        who, issuer = entry.get("identity"), entry.get("issuer")
        if isinstance(who, str) and isinstance(issuer, str):
            yield path, f"{who} ({issuer})"


def _named(draft: Draft, path: KeyPath, key: str) -> Iterator[tuple[KeyPath, str]]:
    for base, entry in draft.mappings(*path):
        if isinstance(entry.get(key), str):
            yield (*base, key), entry[key]


def _repeated(draft: Draft, kind: str, entries: Iterable[tuple[KeyPath, str]]) -> Iterator[Diagnostic]:
    first: dict[str, KeyPath] = {}
    for path, name in entries:
        if name not in first:
            first[name] = path
            continue
        shown = name if "\n" not in name else "(PEM)"
        yield draft.report(
            "FLOE-M035",
            path,
            f"{kind} `{shown}` is there twice",
            hint="remove one of the two",
            related=[Related(draft.span(first[name]), "first here")],
            fixes=_removal(draft, path),
        )


def _removal(draft: Draft, path: KeyPath) -> list[Fix]:
    if not isinstance(path[-1], int):
        return []
    return [Fix("Remove the repetition", edit.remove(draft.document, path))]


def roles_inherit_without_cycle(draft: Draft) -> Iterator[Diagnostic]:
    """No role inherits from itself, over however many others; of many circles, the first are told."""
    inherited = {
        str(base[-1]): {name: path for path, name in draft.texts(*base, "inherits")}
        for base, _ in draft.mappings(*_ACCESS, "roles")
    }
    for _ in range(_MOST_CIRCLES):
        try:
            TopologicalSorter(inherited).prepare()
        except CycleError as error:
            circle = error.args[1][:0:-1]
            first = circle.index(next(role for role in inherited if role in circle))
            circle = [*circle[first:], *circle[: first + 1]]
            yield draft.report(
                "FLOE-M047",
                inherited[circle[-2]].pop(circle[-1]),
                f"role `{circle[-2]}` inherits from itself: {' → '.join(circle)}",
                hint="remove one of these",
            )
        else:
            return


def waivers_are_in_order(draft: Draft) -> Iterator[Diagnostic]:
    """Each waiver says what it is about, who answers for it and until when."""
    policy = draft.mapping("governance", "waiver_policy")
    longest = policy.get("max_days", 180)
    if draft.parent:
        longest = min(longest, draft.parent.governance.waiver_policy.max_days) if _whole(longest) else 180
    needs_expiry = policy.get("require_expiry", True) is not False
    for key in ("waivers", "policy_overrides"):
        for path, waiver in draft.mappings("governance", key):
            yield from _target(draft, path, waiver)
            if not waiver.get("owner"):
                yield draft.report(
                    "FLOE-M045",
                    path,
                    "the waiver has no owner",
                    hint="add `owner`, who answers for it",
                    severity=Severity.WARNING,
                )
            expires = _day(waiver.get("expires"))
            if waiver.get("expires") is None and needs_expiry:
                yield draft.report(
                    "FLOE-M044",
                    path,
                    "the waiver has no expiry",
                    hint="add `expires: YYYY-MM-DD`, or set `waiver_policy.require_expiry: false`",
                )
            elif expires is not None and expires < draft.today:
                yield draft.report(
                    "FLOE-M044",
                    (*path, "expires"),
                    f"the waiver expired on {expires}",
                    hint="remove it, or agree on a new date",
                    severity=Severity.WARNING,
                )
            elif expires is not None and _whole(longest) and (expires - draft.today).days > longest:
                yield draft.report(
                    "FLOE-M044",
                    (*path, "expires"),
                    f"the waiver runs for {(expires - draft.today).days} days; at most {longest} are allowed",
                    hint="choose an earlier date, or raise `waiver_policy.max_days`",
                )


def _target(draft: Draft, path: KeyPath, waiver: dict[str, Any]) -> Iterator[Diagnostic]:
    pattern, select = waiver.get("pattern"), waiver.get("select")
    if (pattern is None) == (select is None):
        yield draft.report(
            "FLOE-M046",
            path if pattern is None else (*path, "select"),
            "the waiver needs either `pattern` or `select`" + (", not both" if pattern is not None else ""),
            hint="`pattern: legacy_*` goes by names, `select: tag:old` or `path:old/*` by tags or folders",
        )
    elif isinstance(select, str) and not select.startswith(("path:", "tag:")):
        yield draft.report(
            "FLOE-M046",
            (*path, "select"),
            f"`{select}` selects nothing: expected `path:` or `tag:` in front",
            hint="a glob over names goes into `pattern`",
        )


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


_TEMPLATES = {
    "require_tags_for_prefix": ("prefix", "tags"),
    "require_meta_field": ("field",),
    "require_tests_of_type": ("test_types",),
    "cel": ("id", "expr"),
    "python": ("id", "package", "rule", "digest"),
}
_OF_PYTHON = ("subject", "severity", "remedy", "examples", "parameters")
_OF_CEL = ("subject", "when", "message", "severity", "remedy", "examples")
_OF_ALL = ("id",)
"""What every rule may say, though not every one must."""


def custom_rules_are_complete(draft: Draft) -> Iterator[Diagnostic]:
    """A template has what it needs, and nothing that it does not read."""
    for path, rule in draft.mappings("governance", "custom_rules"):
        template = rule.get("type")
        if not isinstance(template, str) or template not in _TEMPLATES:
            continue
        given = set(rule) | ({"tags"} if rule.get("required_tags") else set())
        for key in _TEMPLATES[template]:
            if (template, key) == ("python", "digest"):
                continue  # `house_rules_mean_something` knows which one
            if key not in given or not (rule.get(key) or rule.get("required_tags")):
                yield draft.report(
                    "FLOE-M048", path, f"rule `{template}` needs `{key}`", hint=f"add `{key}` to the rule"
                )
        foreign = {key for keys in (*_TEMPLATES.values(), _OF_CEL, _OF_PYTHON) for key in keys}
        more = {"cel": _OF_CEL, "python": _OF_PYTHON}.get(template, ())
        foreign -= {*_TEMPLATES[template], *_OF_ALL, *more}
        for key in rule:
            if key in foreign:
                yield draft.report(
                    "FLOE-M048",
                    (*path, key),
                    f"`{key}` has no effect in rule `{template}`",
                    hint=f"it reads {', '.join(_TEMPLATES[template])}",
                    key=True,
                    severity=Severity.WARNING,
                )
