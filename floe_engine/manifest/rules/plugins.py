"""The plugins a manifest chooses: known, of a known version, and fit for each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from floe_engine.document.diagnostics import Diagnostic, Severity
from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.draft import Draft, names
from floe_engine.manifest.effective import IMPLIED_PLUGINS
from floe_engine.manifest.plugins import PLUGIN_API, PluginType
from floe_engine.manifest.rules.secrets import FROM_ENVIRONMENT, holds_secret
from floe_engine.manifest.shapes import ENVIRONMENTS, environment
from floe_engine.text import did_you_mean


def compute_is_chosen(draft: Draft) -> Iterator[Diagnostic]:
    """Every required category has a plugin, here or in the parent."""
    above = draft.parent.plugins if draft.parent else {}
    if draft.get("plugins") is not None and not isinstance(draft.get("plugins"), dict):
        return
    awaits_parent = draft.parent is None and (draft.get("parent") or draft.get("parent_manifest"))
    for category in draft.catalogue.categories.values():
        if not category.required or category.name in above or awaits_parent:
            continue
        path = ("plugins", category.name)
        if draft.get(*path) is None and not draft.is_unread("plugins"):
            yield draft.report(
                "FLOE-M027",
                path,
                f"no {category.name} plugin is chosen",
                hint=f"add `plugins.{category.name}.type`: {' | '.join(category.types)}",
            )


def choices_are_known(draft: Draft) -> Iterator[Diagnostic]:
    """Categories, types and versions are in the catalogue, and their API is ours."""
    known = draft.catalogue.categories
    for category in draft.mapping("plugins"):
        path: KeyPath = ("plugins", category)
        if category not in known:
            yield _unknown_category(draft, path)
            continue
        choice = draft.mapping(*path)
        if not choice:
            continue
        approved = [entry.get("name") for _, entry in draft.mappings(*path, "approved")]
        unnamed = choice.get("type") is None and choice.get("default") is None
        if unnamed and not draft.is_unread(*path):
            yield draft.report(
                "FLOE-M028",
                (*path, "type"),
                f"the {category} plugin has no `type`",
                hint=f"one of {names(known[category].types)}",
            )
        if isinstance(choice.get("default"), str) and choice["default"] not in approved:
            yield draft.report(
                "FLOE-M028",
                (*path, "default"),
                f"`{choice['default']}` is the default but not among `approved`",
                hint=f"approved: {', '.join(f'`{name}`' for name in approved) or 'none'}",
            )
        for where, entry in draft.mappings(*path, "approved"):
            if isinstance(name := entry.get("name"), str):
                yield from _type(draft, category, (*where, "name"), name)
        for key in ("type", "default"):
            name = choice.get(key)
            if isinstance(name, str) and name and not (key == "default" and name not in approved):
                yield from _type(draft, category, (*path, key), name)
        plugin = _chosen(draft, category)
        if plugin is None:
            continue
        version = choice.get("version")
        if isinstance(version, str) and version not in plugin.versions:
            guess = did_you_mean(version, plugin.versions) or (
                plugin.default if len(plugin.versions) == 1 else None
            )
            if re.match(r"[vV]?\d+(\.\d+){2}", version):
                yield draft.report(
                    "FLOE-M022",
                    (*path, "version"),
                    f"{category} plugin `{plugin.name}` has no version `{version}`",
                    hint=f"known: {', '.join(plugin.versions)}",
                    fixes=[draft.replace((*path, "version"), guess)] if guess else (),
                )
        if not plugin.compatible:
            yield draft.report(
                "FLOE-M023",
                (*path, "type"),
                f"{category} plugin `{plugin.name}` speaks plugin API {plugin.api}; "
                f"this floe speaks {PLUGIN_API[0]}.{PLUGIN_API[1]}",
                hint=f"update floe, or install another version of {plugin.package}",
            )


def approvals_are_known(draft: Draft) -> Iterator[Diagnostic]:
    """What is approved for domains is in the catalogue."""
    for category in draft.mapping("approved_plugins"):
        path: KeyPath = ("approved_plugins", category)
        if category not in draft.catalogue.categories:
            yield _unknown_category(draft, path)
            continue
        for where, name in draft.texts(*path):
            yield from _type(draft, category, where, name)


def companions_fit(draft: Draft) -> Iterator[Diagnostic]:
    """What a plugin requires or cannot stand beside it, in other categories."""
    for category in draft.mapping("plugins"):
        plugin = _chosen(draft, category)
        if plugin is None:
            continue
        path = _type_path(draft, category)
        for other, wanted in plugin.requires.items():
            name = _chosen_name(draft, other)
            if name is not None and name not in wanted:
                yield draft.report(
                    "FLOE-M024",
                    path,
                    f"{category} plugin `{plugin.name}` needs {other} {' or '.join(map(repr, wanted))}, "
                    f"not `{name}`".replace("'", "`"),
                    hint=f"change `plugins.{other}` or `plugins.{category}`",
                )
        for other, barred in plugin.conflicts.items():
            name = _chosen_name(draft, other)
            if name in barred:
                yield draft.report(
                    "FLOE-M024",
                    path,
                    f"{category} plugin `{plugin.name}` cannot work with {other} plugin `{name}`",
                    hint=f"change `plugins.{other}` or `plugins.{category}`",
                )


def configuration_fits(draft: Draft) -> Iterator[Diagnostic]:
    """`config` is what the plugin's schema says; a key the schema does not know is a warning."""
    for category in draft.mapping("plugins"):
        plugin = _chosen(draft, category)
        if plugin is not None:
            yield from _config(draft, plugin, ("plugins", category, "config"))
        for path, entry in draft.mappings("plugins", category, "approved"):
            other = draft.catalogue.find(category, str(entry.get("name")))
            if other is not None:
                yield from _config(draft, other, (*path, "config"))


def entry_points_work(draft: Draft) -> Iterator[Diagnostic]:
    """Installed plugin packages could be read."""
    for problem in draft.catalogue.problems:
        yield draft.report(
            "FLOE-M029",
            ("plugins",),
            problem,
            hint="update or remove that package; docs/plugins.md describes what it has to yield",
            key=True,
            severity=Severity.WARNING,
        )


def _unknown_category(draft: Draft, path: KeyPath) -> Diagnostic:
    category = str(path[-1])
    if category in ENVIRONMENTS:
        return environment(draft, path)
    known = draft.catalogue.categories
    owners = [name for name, body in known.items() if category in body.types]
    hint = f"known categories: {', '.join(known)}"
    if owners and not did_you_mean(category, known):
        hint = f"`{category}` is a type: write `{owners[0]}: {{type: {category}}}`"
    message = f"there is no plugin category `{category}`"
    return draft.unknown("FLOE-M020", path, message, known, hint=hint, key=True)


def _type(draft: Draft, category: str, path: KeyPath, name: str) -> Iterator[Diagnostic]:
    types = draft.catalogue.categories[category].types
    if name not in types:
        message = f"there is no {category} plugin `{name}`"
        yield draft.unknown("FLOE-M021", path, message, types, hint=f"known: {', '.join(types)}")


def _type_path(draft: Draft, category: str) -> KeyPath:
    key = "type" if draft.get("plugins", category, "type") is not None else "default"
    return ("plugins", category, key)


def _chosen_name(draft: Draft, category: str) -> str | None:
    """The type in use for a category: the file's, the parent's, or the implied one."""
    name = draft.text(*_type_path(draft, category))
    if name is None and draft.parent and category in draft.parent.plugins:
        return draft.parent.plugins[category].chosen
    return name or IMPLIED_PLUGINS.get(category)


def _chosen(draft: Draft, category: str) -> PluginType | None:
    name = draft.text(*_type_path(draft, category))
    return draft.catalogue.find(category, name) if name else None


# --- configuration -----------------------------------------------------------------------------

_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "`true` or `false`"),
    "array": ((list,), "a list"),
    "object": ((dict,), "a mapping"),
}
"""What each kind of JSON Schema is in Python, and in words."""


def _config(draft: Draft, plugin: PluginType, path: KeyPath) -> Iterator[Diagnostic]:
    """Judge settings by the part of JSON Schema that catalogues use: type, enum, bounds, required."""
    properties = plugin.config.get("properties", {})
    if not isinstance(properties, dict):
        return
    config = draft.mapping(*path)
    for key in plugin.config.get("required", ()):
        if key not in config:
            yield draft.report(
                "FLOE-M025", (*path, key), f"{plugin.category} plugin `{plugin.name}` needs `config.{key}`"
            )
    for key, value in config.items():
        spec = properties.get(key)
        if isinstance(spec, dict):
            problem = _problem(spec, value)
            if problem:
                yield draft.report(
                    "FLOE-M025",
                    (*path, key),
                    f"`{key}` of {plugin.category} plugin `{plugin.name}` should be {problem}",
                    hint=str(spec.get("description", "")),
                )
        elif properties and not holds_secret(key):  # every plugin may be given its secrets
            closed = plugin.config.get("additionalProperties") is False
            yield draft.unknown(
                "FLOE-M025",
                (*path, key),
                f"{plugin.category} plugin `{plugin.name}` has no setting `{key}`",
                properties,
                hint="it is passed on as it is" if not closed else f"known: {', '.join(properties)}",
                key=True,
                severity=Severity.ERROR if closed else Severity.WARNING,
            )


def _problem(spec: dict[str, Any], value: Any) -> str:
    """What a value should be instead; empty where it is right."""
    if isinstance(value, str) and FROM_ENVIRONMENT.fullmatch(value):
        return ""
    if "enum" in spec:
        return "" if value in spec["enum"] else " or ".join(f"`{choice}`" for choice in spec["enum"])
    kind = spec.get("type")
    fits = not isinstance(value, bool) or kind == "boolean"
    types, name = _KINDS.get(str(kind), ((object,), ""))
    if name and not (fits and isinstance(value, types)):
        return name
    if isinstance(value, list) and isinstance(spec.get("items"), dict):
        problems = [_problem(spec["items"], item) for item in value]
        wrong = next(filter(None, problems), "")
        return f"a list of which every entry is {wrong}" if wrong else ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if "minimum" in spec and value < spec["minimum"]:
            return f"at least {spec['minimum']}"
        if "maximum" in spec and value > spec["maximum"]:
            return f"at most {spec['maximum']}"
    return ""
