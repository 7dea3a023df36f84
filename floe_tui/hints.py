"""What to do next, for somebody who sits in the workbench: the key first, and the command after it.

The engine's hints name commands, for it does not know who asks. Here most of them have a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from floe_engine import ConfigurationError, FloeError
from floe_tui.action import Action
from floe_tui.actions import ACTIONS

ROUTES: Final = {
    "platform init": "start.begin",
    "platform check": "go.manifest",
    "platform compile": "manifest.compile",
    "platform test": "policy.all",
    "platform diff": "go.versions",
    "platform bump": "publish.version",
    "platform publish": "publish.publish",
    "platform list": "go.registry",
    "platform inspect": "go.registry",
    "platform verify": "registry.verify",
    "platform pull": "registry.pull",
    "init": "registry.pin",
    "pin": "registry.pin",
    "upgrade": "project.upgrade",
    "outdated": "project.upgrade",
    "compile": "project.check",
    "fix": "project.fix",
    "waive": "project.waive",
}
"""Commands that something here does too, and which action does it."""

_COMMAND = re.compile(r"`floe(?:-engine)? ((?:platform )?[a-z-]+)([^`]*)`")

_WAY = re.compile(r"\S{1,6}(?:, then \S{1,6}| runs it)?")

_PLAIN = re.compile(r"(?: --platform[= ]\S+| --to \S+| [^-\s]\S*)*")
"""What may follow a command that its key asks for by itself."""

Keys = Callable[[Action], str]
"""The keys of an action as the user has them, as they are shown."""


def keyed(hint: str, keys: Keys) -> str:
    """`hint` with the key that does what it says before it; without a command it stays as it is."""
    command = _COMMAND.search(hint)
    if command is None:
        return hint
    way = _way(command[1], keys) if _PLAIN.fullmatch(command[2].rstrip()) else ""
    if not way:
        way = f"{_keys('command', keys)} runs it"
    return hint if hint.startswith(f"{way}: ") else f"{way}: {hint}"


def in_place(title: str, hint: str) -> str:
    """An error for an empty list: what happened, and in lines of their own the keys of a keyed hint."""
    way, gap, rest = hint.partition(": ")
    led = gap and _WAY.fullmatch(way)
    return f"{title}.\n{f'{way}  {rest}' if led else hint}".rstrip()


def _way(command: str, keys: Keys) -> str:
    """The keys that lead to where a command's action is, and the action's own; empty: it has none here."""
    action = next((action for action in ACTIONS if action.id == ROUTES.get(command)), None)
    if action is None:
        return ""
    there = "" if action.place is None else _keys(f"go.{action.place}", keys)
    own = _first(keys(action))
    return f"{there}, then {own}" if there and own else own


def _keys(action_id: str, keys: Keys) -> str:
    return _first(next((keys(action) for action in ACTIONS if action.id == action_id), ""))


def _first(keys: str) -> str:
    """Of several keys the first."""
    return keys.split(", ")[0]


def problems_of(error: FloeError) -> list[str]:
    """What an error found wrong in a file, a line each with its place."""
    found = error.diagnostics if isinstance(error, ConfigurationError) else ()
    return [f"✗ {problem.span.start} {problem.message}" for problem in found]
