"""Another tool's checks, written as rules of a platform into manifest.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.document.document import Document, parse
from floe_engine.document.edit import append, apply, insert_key, set_value
from floe_engine.document.text import read_text, rewrite
from floe_engine.errors import ConfigurationError, Refused
from floe_engine.manifest.house_rule import troubles
from floe_engine.manifest.laws import Subset
from floe_engine.peers.built_in import BuiltIn, built_in
from floe_engine.peers.carrying import Check, ConfiguredCheck, NotCarried, PeerName, arguments, rule_of
from floe_engine.peers.reading import Configuration, read
from floe_engine.platform.rule_examples import examples_of_rule
from floe_engine.text import unified_diff
from floe_engine.workspace import Workspace

MOST_SHOWN = 200
"""Rules of one file that are given examples: to find them costs up to a tenth of a second each."""

_RULES = ("governance", "custom_rules")


class Carried(Struct, frozen=True):
    """A check that the platform asks now."""

    check: str
    line: int
    """Of the peer's file; 0: unknown."""
    to: str
    """The ID of the house rule, or the setting."""
    near: str = ""
    """Where its meaning differs from the check's."""
    new: bool = True
    """Whether it was not there before."""


class Left(Struct, frozen=True):
    """A check that could not be carried, and why."""

    check: str
    line: int
    why: str


class Imported(Struct, frozen=True):
    """What an import wrote, or would write."""

    peer: PeerName
    carried: tuple[Carried, ...]
    left: tuple[Left, ...]
    before: str
    after: str
    manifest: str
    """The name of the manifest's file."""

    @property
    def diff(self) -> str:
        """The change of the manifest as ``diff -u`` writes it."""
        return unified_diff(self.before, self.after, old=f"a/{self.manifest}", new=f"b/{self.manifest}")


def import_rules(workspace: Workspace, file: Path, *, write: bool = True) -> Imported:
    """Carry the checks of a peer's configuration into manifest.yaml: settings where floe has the same
    built in, else house rules. What is there already is not written again.

    Raises `ConfigurationError` where one of the two files cannot be read, and `Refused` where what would
    be written is no valid manifest while the manifest is.
    """
    configuration = read(file.name, read_text(file))
    path = workspace.manifest_path
    before = read_text(path)
    importing = _Importing(before)
    importing.carry_all(configuration)
    imported = Imported(
        configuration.peer,
        tuple(importing.carried),
        tuple(importing.left),
        before,
        importing.text,
        path.name,
    )
    if importing.text != before:
        _demand_valid(before, importing.text, path)
        if write:
            rewrite(workspace.files, path.name, before, importing.text)
    return imported


def _demand_valid(before: str, after: str, path: Path) -> None:
    from floe_engine.manifest.check import check

    known = {found.message for found in check(before, path=path).errors}
    new = [found for found in check(after, path=path).errors if found.message not in known]
    if new:
        raise Refused("the rules cannot be written", new[0].message, hint=new[0].hint, where=path.name)


class _Importing:
    """A manifest's text while checks are carried into it, one after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.carried: list[Carried] = []
        self.left: list[Left] = []
        document = parse(text)
        if document.root is None or not isinstance(document.root.value, dict):
            raise ConfigurationError("the manifest says nothing", hint=f"begin one with {Act.INIT_PLATFORM}")
        rules = _value(document, _RULES) or []
        there = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
        self._asked = {_asks(rule): str(rule.get("id")) for rule in there}
        self._taken = {str(rule.get("id")) for rule in there}
        self._new: list[dict[str, Any]] = []

    def carry_all(self, configuration: Configuration) -> None:
        """Every check that a configuration asks for, in its order."""
        for wanted in configuration.wanted:
            check = configuration.check(wanted)
            try:
                self._carry(check, wanted)
            except NotCarried as error:
                self.left.append(Left(wanted.check, wanted.line, str(error)))
        if self._new:
            self._write(_RULES, self._new)

    def _carry(self, check: Check, wanted: ConfiguredCheck) -> None:
        if not (wanted.why or check.why) and self._set(check, wanted):
            return
        rule = rule_of(check, wanted)
        if (trouble := next(troubles(rule), None)) is not None:
            raise NotCarried(f"it would not be a rule: {trouble.problem.message}")
        same = self._asked.get(_asks(rule))
        name = same or self._free_id(check.name)
        if same is None:
            examples = examples_of_rule(rule) if len(self._new) < MOST_SHOWN else {}
            self._new.append({"id": name, **rule, **({"examples": examples} if examples else {})})
            self._asked[_asks(rule)] = name
            self._taken.add(name)
        self.carried.append(Carried(wanted.check, wanted.line, name, check.near, same is None))

    def _set(self, check: Check, wanted: ConfiguredCheck) -> bool:
        """Ask it by a setting; False where there is none, or it would ask something else than is wanted.

        A setting is about all of a kind, and one rule behind it is either an error or a warning.
        """
        if wanted.include or wanted.exclude or wanted.also:
            return False
        found = built_in(check.name, arguments(check, wanted.given))
        if found is None:
            return False
        built, value = found
        path = tuple(built.setting.split("."))
        there = _value(parse(self.text), path)
        missing = _missing(path, there, value)
        if missing is None or not self._enforce(path, built, value, wanted.severity):
            return False
        if missing:
            self._write(path, missing)
        near = " ".join(filter(None, (check.near, built.near)))
        self.carried.append(Carried(wanted.check, wanted.line, built.setting, near, bool(missing)))
        return True

    def _enforce(self, path: tuple[str, ...], built: BuiltIn, value: Any, severity: str) -> bool:
        """Let the rules behind a setting bite as is wanted; False where one bites otherwise already."""
        document = parse(self.text)
        shared = path[:-1] if path[:2] == ("governance", "documentation") and len(path) > 3 else path
        there = _value(document, shared)
        free = []
        for number, rule in enumerate(built.rules):
            said = _value(document, ("governance", "rules", rule, "enforcement"))
            asked = value[number] in (there or ()) if path[-1] in ("require", "forbid") else bool(there)
            bites = {"warn": "warning", "off": "off"}.get(said, "error") if said or asked else severity
            if bites != severity:
                return False
            if not said and not asked:
                free.append(rule)
        for rule in free if severity == "warning" else ():
            self._write(("governance", "rules", rule, "enforcement"), "warn")
        return True

    def _free_id(self, check: str) -> str:
        base = re.sub(r"^(?:check[_-]|fct_)", "", check).replace("_", "-").lower()
        number, name = 1, base
        while name in self._taken:
            number += 1
            name = f"{base}-{number}"
        return name

    def _write(self, path: tuple[str, ...], value: Any) -> None:
        """Make the value at `path` be `value`, a list's items added to those that are there."""
        document = parse(self.text)
        for depth in range(len(path)):
            node = document.find(path[: depth + 1])
            if node is None:
                rest: Any = value
                for key in reversed(path[depth + 1 :]):
                    rest = {key: rest}
                self.text = apply(self.text, insert_key(document, path[:depth], path[depth], rest))
                return
        if isinstance(value, list) and _value(document, path):
            self.text = apply(self.text, [edit for item in value for edit in append(document, path, item)])
        else:
            self.text = apply(self.text, set_value(document, path, value))


def _value(document: Document, path: tuple[str, ...]) -> Any:
    node = document.find(path)
    return None if node is None else node.value


def _missing(path: tuple[str, ...], there: Any, value: Any) -> Any:
    """What is written so that a setting asks for `value` too: an empty value where it does already, None
    where one setting cannot ask both."""
    from floe_engine.artifact.shape import matches
    from floe_engine.manifest.declarations import settings  # pydantic, for those who carry something

    law = next(each.law for each in settings() if matches(each.path, path))
    if there is None or (isinstance(value, list) and not there):
        return value
    if isinstance(law, Subset):  # of what is allowed, two lists say different things
        return () if isinstance(there, list) and set(there) <= set(value) else None
    if isinstance(value, list):
        names = [_name(each) for each in there] if isinstance(there, list) else []
        return [each for each in value if _name(each) not in names]
    return value if type(there) is not type(value) or law.stricter(there, value) > 0 else ()


def _name(entry: Any) -> Any:
    return entry.get("key", entry) if isinstance(entry, dict) else entry


def _asks(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """What makes two rules the same: all but their names and words."""
    unset = {"subject": "model", "severity": "error"}
    return tuple(
        str(rule.get(key) or unset.get(key, "")) for key in ("type", "subject", "when", "expr", "severity")
    )
