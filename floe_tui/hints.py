"""What to do next, for somebody who sits in the workbench: the key first, and the command after it.

The engine's hints say acts, for it does not know who asks. Here most of them have a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from floe_engine import Act, ConfigurationError, FloeError, first_act
from floe_tui.action import Action
from floe_tui.actions import ACTIONS

_BY_COMMAND: Final = "command"
"""The action that runs any command of floe."""

ROUTES: Final = {
    Act.BUMP: "publish.version",
    Act.CHECK: "go.manifest",
    Act.COMPILE: "project.check",
    Act.COMPILE_PLATFORM: "manifest.compile",
    Act.DIFF: "go.versions",
    Act.DOCTOR: _BY_COMMAND,
    Act.EXPLAIN: _BY_COMMAND,
    Act.EXPLAIN_SETTING: _BY_COMMAND,
    Act.EXPORT: _BY_COMMAND,
    Act.FINGERPRINT: _BY_COMMAND,
    Act.FIX: "project.fix",
    Act.INIT: "registry.pin",
    Act.INIT_PLATFORM: "start.begin",
    Act.INSPECT: "go.registry",
    Act.KEYGEN: _BY_COMMAND,
    Act.LIST: "go.registry",
    Act.LOGIN: _BY_COMMAND,
    Act.MCP: _BY_COMMAND,
    Act.PIN: "registry.pin",
    Act.PUBLISH: "publish.publish",
    Act.PULL: "registry.pull",
    Act.SCHEMA: _BY_COMMAND,
    Act.SIGN: _BY_COMMAND,
    Act.TEST: "policy.all",
    Act.TRUST: _BY_COMMAND,
    Act.UPGRADE: "project.upgrade",
    Act.VERIFY: "registry.verify",
    Act.WAIVE: "project.waive",
}
"""Which action does what an act says; every act is here, and a test holds that."""

_WAY = re.compile(r"\S{1,6}(?:, then \S{1,6}| runs it)?")

_PLAIN = re.compile(r"(?:(?:--platform[= ]\S+|--to \S+|[^-\s]\S*)(?: |$))*")
"""What may go with an act that its key asks for by itself."""

Keys = Callable[[Action], str]
"""The keys of an action as the user has them, as they are shown."""


def keyed(hint: str, keys: Keys) -> str:
    """`hint` with the key that does what it says before it; where it says no act it stays as it is."""
    said = first_act(hint)
    if said is None:
        return hint
    act, arguments = said
    way = _way(ROUTES[act], keys) if _PLAIN.fullmatch(arguments) else ""
    if not way or ROUTES[act] == _BY_COMMAND:
        way = f"{_keys(_BY_COMMAND, keys)} runs it"
    return hint if hint.startswith(f"{way}: ") else f"{way}: {hint}"


def in_place(title: str, hint: str) -> str:
    """An error for an empty list: what happened, and in lines of their own the keys of a keyed hint."""
    way, gap, rest = hint.partition(": ")
    led = gap and _WAY.fullmatch(way)
    return f"{title}.\n{f'{way}  {rest}' if led else hint}".rstrip()


def _way(action_id: str, keys: Keys) -> str:
    """The keys that lead to where an action is, and its own; empty: it has none."""
    action = next(action for action in ACTIONS if action.id == action_id)
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
