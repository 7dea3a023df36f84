"""The questions that rows of the catalogue ask of one change, where no law answers them.

Each is a function of a change and of the two platforms, and answers yes or no. What an answer
costs is in the row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from floe_engine.artifact.platform import Platform
from floe_engine.manifest.breaking import is_breaking
from floe_engine.manifest.terms import STRICTNESS, capabilities
from floe_engine.upgrade.change import Change
from floe_engine.upgrade.readers import bite, enforced
from floe_engine.upgrade.rule import Condition, Context
from floe_engine.versions import Version


def anything(change: Change, context: Context) -> bool:
    """Any change that no row above took."""
    return True


def added(change: Change, context: Context) -> bool:
    """It is new."""
    return change.kind == "added"


def removed(change: Change, context: Context) -> bool:
    """It is gone, or goes by another name, which is the same to whoever uses the old one."""
    return change.kind in ("removed", "renamed")


def changed(change: Change, context: Context) -> bool:
    """It has another value."""
    return change.kind == "changed"


def moved(change: Change, context: Context) -> bool:
    """The order is another."""
    return change.kind == "moved"


def revoked_goes(change: Change, context: Context) -> bool:
    """A key is gone that the new version revokes, or that whoever asks believes no more."""
    dead = context.revoked.union(context.new.manifest.security.revoked_keys)
    return removed(change, context) and change.path[-1] in dead


def revoked_comes(change: Change, context: Context) -> bool:
    """A key is new that the old version revokes, or that whoever asks believes no more."""
    dead = context.revoked.union(context.old.manifest.security.revoked_keys)
    return added(change, context) and change.path[-1] in dead


# --- lists where none means any ----------------------------------------------------------------


def narrowed(change: Change, context: Context) -> bool:
    """A list of what is allowed lost an entry, or came to be where anything was allowed."""
    if isinstance(change.new, list) or isinstance(change.old, list):
        return change.old is None
    return change.kind == "removed"


def widened(change: Change, context: Context) -> bool:
    """A list of what is allowed gained an entry, or went, so that anything is allowed."""
    if isinstance(change.new, list) or isinstance(change.old, list):
        return change.new is None
    return change.kind == "added"


# --- what several settings come to -------------------------------------------------------------

Measure = Callable[[Change, Platform], Any]
"""What one of the two platforms has at the place of a change: a number, or a set."""


def more(measure: Measure) -> Condition:
    """The new platform has more, whichever setting says so."""
    return lambda change, context: measure(change, context.old) < measure(change, context.new)


def less(measure: Measure) -> Condition:
    """The new platform has less."""
    return lambda change, context: measure(change, context.old) > measure(change, context.new)


def layer_coverage(change: Change, platform: Platform) -> int:
    """The least coverage of the layer at the end of the path."""
    return platform.minimum_coverage(
        change.path[1] if change.path[-1] == "minimum_test_coverage" else change.path[-1]
    )


def layer_prefixes(change: Change, platform: Platform) -> frozenset[str]:
    """The prefixes that the layer in the path takes."""
    return frozenset(platform.naming.prefixes_of(change.path[2]))


def prefix_lost(change: Change, context: Context) -> bool:
    """The layer no longer takes a prefix that it took."""
    return not layer_prefixes(change, context.old) <= layer_prefixes(change, context.new)


def rule_enforcement(change: Change, platform: Platform) -> int:
    """How the policy rule in the path bites."""
    return STRICTNESS.index(enforced(change.path[2], platform))


def waiver_covers_less(change: Change, context: Context) -> bool:
    """A waiver names fewer rules; one that names none covers all."""
    before, after = (
        next((frozenset(w.rules) for w in platform.gates.waivers if w.id == change.path[2]), frozenset[str]())
        for platform in (context.old, context.new)
    )
    return bool(after) and (not before or not before <= after)


def waiver_over(change: Change, context: Context) -> bool:
    """A waiver came or went that had ended before the new version was built."""
    waiver = change.old or change.new
    expires = waiver.get("expires") if isinstance(waiver, dict) else None
    return isinstance(expires, str) and expires < context.new.manifest.metadata.created[:10]


# --- access ------------------------------------------------------------------------------------


def access_narrowed(change: Change, context: Context) -> bool:
    """A role may do less, and nothing else instead."""
    return capabilities(change.new) < capabilities(change.old)


def access_widened(change: Change, context: Context) -> bool:
    """A role may do more."""
    return capabilities(change.old) < capabilities(change.new)


def takes_access(change: Change, context: Context) -> bool:
    """Some role may do less than before, though it is given more.

    A role that is spoken of for the first time, or by another kind of permission, is bound by it.
    """
    return context.access_lost


def first_pattern(change: Change, context: Context) -> bool:
    """Names were judged by prefixes and are judged by expressions now."""
    return not context.old.naming.custom_patterns


def another_asks(change: Change, context: Context) -> bool:
    """A rule stepped aside for the test that is no longer required, and stops builds by itself now."""
    return any(bite(rule, context.new) == "strict" for rule in _ASIDE.get(change.path[-1], ()))


_ASIDE = {"documentation": ("FLOE-E220", "FLOE-E221"), "contract": ("FLOE-E275",)}
"""Required test → the rules that leave the question to it."""


# --- versions of plugins and engines -----------------------------------------------------------


def compatible(change: Change, context: Context) -> bool:
    """The version rose within what semver calls compatible (0.y counts like a major)."""
    old, new = _version(change.old), _version(change.new)
    if old is None or new is None or new < old:
        return False
    return (old.major, old.major or old.minor) == (new.major, new.major or new.minor)


def newer(change: Change, context: Context) -> bool:
    """The version rose; what is no version counts as risen."""
    old, new = _version(change.old), _version(change.new)
    return old is None or new is None or old < new


def _version(value: Any) -> Version | None:
    return Version.from_tag(str(value))


def moves_data(change: Change, context: Context) -> bool:
    """The plugin marks the setting as one that says where data is, or what it is called.

    A plugin that is not known here marks nothing.
    """
    _, _, category, _, *setting = change.path
    details = [platform.manifest.plugin_details.get(category) for platform in (context.old, context.new)]
    plugins = [context.catalogue.find(category, each.type) for each in details if each is not None]
    return any(
        is_breaking(plugin.config, setting, change.old, change.new)
        for plugin in plugins
        if plugin is not None
    )
