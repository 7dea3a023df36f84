"""dbt's selectors.yml: selections that have a name, for ``--selector``.

From dbt's own account (docs.getdbt.com, reference/node-selection/yaml-selectors): unions, intersections,
exclusions, and selectors that take another's definition. What dbt would run by ``default`` narrows nothing
here, and ``indirect_selection`` is about tests, which nobody judges alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from floe_engine.acts import Option
from floe_engine.document.diagnostics import Severity
from floe_engine.document.document import parse
from floe_engine.document.nodes import Node
from floe_engine.document.text import read_text
from floe_engine.errors import ConfigurationError, FloeError, UsageError
from floe_engine.files import stands
from floe_engine.text import did_you_mean

FILE = "selectors.yml"

_OPTIONS = (
    "method", "value", "parents", "parents_depth", "children", "children_depth", "childrens_parents",
    "indirect_selection", "exclude",
)  # fmt: skip

Select = Callable[[str], frozenset[str]]
"""What a selector as ``--select`` has it selects, without spaces and commas."""


class NamedSelectors(Struct, frozen=True):
    """The selectors of one dbt project, in their order."""

    path: Path
    definitions: Mapping[str, Node]
    known: dict[str, frozenset[str]] = field(default_factory=dict)
    """What each has selected: one may be named twice by each that follows."""

    @classmethod
    def read(cls, directory: Path) -> NamedSelectors:
        """Those of the project in `directory`; none where it has no selectors.yml.

        Raises `ConfigurationError` for a file that is none, with its line.
        """
        path = directory / FILE
        if not stands(path):
            return cls(path, {})
        document = parse(read_text(path, what=FILE))
        for found in document.diagnostics:
            if found.severity is Severity.ERROR:
                where = f"{path}:{found.span.start.line + 1}"
                raise ConfigurationError(f"{FILE} is not YAML", found.message, hint=_SHAPE, where=where)
        listed = document.find(("selectors",))
        definitions: dict[str, Node] = {}
        for item in listed.items if listed is not None else ():
            name, definition = item.children.get("name"), item.children.get("definition")
            if name is None or not isinstance(name.value, str) or definition is None:
                raise _wrong(path, item, "a selector has a name and a definition")
            definitions[name.value] = definition
        if not definitions:
            raise ConfigurationError(f"{FILE} has no selectors", hint=_SHAPE, where=str(path))
        return cls(path, definitions)

    def selected(self, name: str, select: Select) -> frozenset[str]:
        """What the selector `name`, which is one of `definitions`, selects.

        Raises `ConfigurationError`, with the line, for what is no definition and what floe cannot tell.
        """
        if name not in self.known:
            names = list(self.definitions)
            self.known[name] = self._of(self.definitions[name], select, names[: names.index(name)])
        return self.known[name]

    def _of(self, node: Node, select: Select, earlier: Sequence[str]) -> frozenset[str]:
        said = node.value
        if isinstance(said, str):
            return self._one(node, said, select)
        if not isinstance(said, dict):
            raise _wrong(self.path, node, "a definition is a text or a mapping")
        for word, combine in (("union", frozenset[str].union), ("intersection", frozenset[str].intersection)):
            if word in said:
                return self._combined(node.children[word], combine, select, earlier)
        if said.get("method") == "selector":
            if said.get("value") not in earlier:
                raise _wrong(self.path, node, f"there is no selector {said.get('value')} above this one")
            return self.selected(said["value"], select)
        if len(said) == 1:
            (method, value), options = next(iter(said.items())), {}
        elif "method" in said and "value" in said:
            method, value, options = said["method"], said["value"], said
            unknown = sorted(set(said).difference(_OPTIONS))
            if unknown:
                raise _wrong(self.path, node, f"a definition has no {', '.join(unknown)}")
        else:
            raise _wrong(self.path, node, "a definition has one key, or a method and a value")
        found = self._one(node, _spelled(str(method), value, options), select)
        return found - self._any(node.children["exclude"], select, earlier) if "exclude" in options else found

    def _combined(
        self,
        node: Node,
        combine: Callable[..., frozenset[str]],
        select: Select,
        earlier: Sequence[str],
    ) -> frozenset[str]:
        parts, unwanted = [], frozenset[str]()
        excluding = 0
        for item in self._listed(node):
            if isinstance(item.value, dict) and "exclude" in item.value:
                if "method" in item.value:  # its own, and of the rest here: dbt takes it for the latter
                    raise _wrong(self.path, item, "exclude stands alone in a list, as `- exclude: […]`")
                unwanted = self._any(item.children["exclude"], select, earlier)
                excluding += 1
            else:
                parts.append(self._of(item, select, earlier))
        if excluding > 1:
            raise _wrong(self.path, node, "a list has one exclude")
        return (combine(*parts) if parts else frozenset()) - unwanted

    def _any(self, node: Node, select: Select, earlier: Sequence[str]) -> frozenset[str]:
        return frozenset().union(*(self._of(item, select, earlier) for item in self._listed(node)))

    def _listed(self, node: Node) -> Sequence[Node]:
        if not isinstance(node.value, list):
            raise _wrong(self.path, node, "it is no list of definitions")
        return node.items

    def _one(self, node: Node, selector: str, select: Select) -> frozenset[str]:
        if "{{" in selector or "{%" in selector:
            raise _wrong(self.path, node, f"only dbt can tell what {selector} is: a template")
        try:
            return select(selector)
        except UsageError as error:
            raise _wrong(self.path, node, ": ".join(filter(None, (error.title, error.message)))) from None


def find(projects: Sequence[Path], name: str) -> tuple[NamedSelectors, ...]:
    """The selectors of each dbt project, one of which has `name`. Raises `UsageError` where none has it."""
    found = tuple(map(NamedSelectors.read, projects))
    known = [each for selectors in found for each in selectors.definitions]
    if name not in known:
        near = did_you_mean(name, known)
        raise UsageError(
            f"there is no selector {name}",
            f"{FILE} has {', '.join(dict.fromkeys(known))}" if known else f"there is no {found[0].path}",
            hint=f"did you mean {near}?" if near else f"{Option.SELECTOR} takes a name of dbt's {FILE}",
        )
    return found


_SHAPE = "see docs.getdbt.com/reference/node-selection/yaml-selectors"


def _spelled(method: str, value: Any, options: Mapping[str, Any]) -> str:
    """A definition as ``--select`` has it: ``2+tag:nightly+``."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    up, down = (
        f"{options.get(f'{way}_depth') or ''}+" if options.get(way) else "" for way in ("parents", "children")
    )
    at = "@" if options.get("childrens_parents") else ""
    return f"{at}{up}{method}:{text}{f'+{down[:-1]}' if down else ''}"


def _wrong(path: Path, node: Node, what: str) -> FloeError:
    return ConfigurationError(
        f"a selector of {FILE} cannot be used", what, hint=_SHAPE, where=f"{path}:{node.line + 1}"
    )
