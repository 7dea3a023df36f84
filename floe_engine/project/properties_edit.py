"""A properties file of dbt with something more declared in it, and all else as it was.

Each function takes the text of a file and gives it back changed: quotes, order, comments and line
breaks stay. What stands behind an alias or ``<<`` is written out where it is to change, for others share
it. What cannot be edited in place (what others share by an alias, a file that floe's reader cannot follow)
raises `Unwritable`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from floe_engine.document.diagnostics import Severity, TextEdit
from floe_engine.document.document import Document, parse
from floe_engine.document.edit import append, apply, insert_key, set_value
from floe_engine.document.nodes import KeyPath, Kind, Node
from floe_engine.project.facts import Model, Source, folded

FILL_IN = "# floe: fill this in"
"""Behind what people have to write themselves; what is empty still counts as missing."""

_TESTS = ("data_tests", "tests")
_SECTIONS = {"model": "models", "seed": "seeds", "snapshot": "snapshots"}
_Node: TypeAlias = Model | Source


class Unwritable(Exception):
    """What was to be declared cannot be written into this file as it is."""


def new_file() -> str:
    """A properties file that describes nothing yet."""
    return "version: 2\n"


class Properties:
    """A properties file that is being edited; `text` is what it has become."""

    def __init__(self, text: str, *, of_all_versions: bool = False) -> None:
        self.text = text
        self._of_all_versions = of_all_versions
        """Whether what is said of a version's column is said of it for all versions that have it."""

    def sharing(self, model: Model, column: str, *, tests: bool) -> frozenset[str]:
        """The versions of a model that take a column, or its `tests`, from what is said of all of them.

        Tests those take too that say something of the column themselves.
        """
        document = self._document()
        path = self._entry(document, model)
        listed = document.find((*path, "columns")) if path is not None else None
        names = [item.get("name") for item in _mappings(listed)]
        name = next((name for name in names if folded(str(name)) == folded(column)), None)
        found = set()
        for version in _items(document, (*path, "versions")) if path is not None and name else ():
            own = _mappings(version.children.get("columns"))
            rule = next((item for item in own if "include" in item), {})
            include, exclude = rule.get("include", "*"), rule.get("exclude") or ()
            taken = (include in ("*", "all") or name in include) and name not in exclude
            taken = taken and (tests or all(item.get("name") != name for item in own))
            if taken and "v" in version.children:
                found.add(str(version.children["v"].raw))
        return frozenset(found)

    def add_test(self, model: _Node, column: str | None, name: str, arguments: Mapping[str, Any]) -> None:
        """A generic test of the model, or of a column, which is declared where it is not yet."""
        owner = self._model(model) if column is None else self._column(model, column)
        document = self._document()
        node = self._node(document, owner)
        key = next((word for word in _TESTS if word in node.children), self._tests_word(document))
        document = self._own((*owner, key))
        if self._has_test(document, owner, model, column, name, arguments):
            raise Unwritable(f"there is a {name} test already, which does not count as it is")
        test = {name: dict(arguments)} if arguments else name
        if key in node.children:
            self._make(append(document, (*owner, key), test))
            return
        kept: list[Any] = []
        if column is None and _is_version(model):  # its own tests stand in the place of those of all versions
            above = self._node(document, owner[:-2])
            key = next((word for word in _TESTS if word in above.children), key)
            kept = list(above.children[key].value or ()) if key in above.children else []
        self._make(insert_key(document, owner, key, [*kept, test]))

    def describe(self, model: _Node, column: str | None) -> None:
        """A place for the description, which is left to people."""
        if column is not None and self._has_place(model, column):
            return
        owner = self._model(model) if column is None else self._column(model, column)
        self._put(owner, ("description",), "", blank=True)

    def _has_place(self, model: _Node, column: str) -> bool:
        """Whether a version takes the column, with a place for its description, from what is said of all."""
        document = self._document()
        path = self._entry(document, model) if isinstance(model, Model) and _is_version(model) else None
        if path is None or not isinstance(model, Model):
            return False
        version = self._version(document, path, model)
        own, of_all = (
            [each for each in _mappings(document.find((*place, "columns"))) if _named(each, column)]
            for place in (version, path)
        )
        return not own and any("description" in each for each in of_all)

    def set_meta(self, model: _Node, column: str | None, name: str, value: Any, *, blank: bool) -> None:
        """A meta key; dots lead inwards. With `blank` only the place for it."""
        owner = self._model(model) if column is None else self._column(model, column)
        node = self._node(self._document(), owner)
        inside = node.children.get("config")
        in_config = inside is not None and "meta" in inside.children
        in_config |= column is None and _is_version(model)  # of a version dbt takes it nowhere else
        home = ("config", "meta") if in_config else ("meta",)
        self._put(owner, (*home, *name.split(".")), None if blank else value, blank=blank)

    def set_access(self, model: _Node, access: str) -> None:
        """dbt's access level."""
        owner = self._model(model)
        node = self._node(self._document(), owner)
        inside = node.children.get("config")
        own = "access" in node.children or inside is None
        home = ("access",) if own and not _is_version(model) else ("config", "access")
        self._put(owner, home, access)

    def enforce_contract(self, model: _Node) -> None:
        """``contract: {enforced: true}`` in the model's config."""
        self._put(self._model(model), ("config", "contract", "enforced"), True)

    def declare(self, model: _Node, column: str, type_: str | None = None) -> None:
        """A column, which is left to be described."""
        path = self._column(model, column)
        if type_ is not None:
            self._put(path, ("data_type",), type_)

    def watch(self, source: Source) -> None:
        """Places for a freshness threshold and for the column that tells how old rows are, as each lacks."""
        owner = self._source(source)
        if not source.has_freshness:
            self._put(owner, ("freshness", "warn_after", "count"), None, blank=True)
            self._put(owner, ("freshness", "warn_after", "period"), "day")
        if not source.tells_age:
            self._put(owner, ("loaded_at_field",), None, blank=True)

    # --- places ---------------------------------------------------------------------------------

    def _model(self, model: _Node) -> KeyPath:
        """Where the model is described; it is, from now on. A source always is."""
        if isinstance(model, Source):
            return self._source(model)
        section = _SECTIONS[model.resource_type]
        document = self._document()
        path = self._entry(document, model)
        if path is not None:
            return self._version(document, path, model)
        return self._added((), section, {"name": model.name})

    def _added(self, owner: KeyPath, key: str, new: Mapping[str, Any]) -> KeyPath:
        """A new item at the end of a list, which is made where there is none."""
        document, path = self._document(), (*owner, key)
        if document.find(path) is None:
            self._make(insert_key(document, owner, key, [new]))
        else:
            self._make(append(document, path, new))
        return (*path, len(list(_items(self._document(), path))) - 1)

    @staticmethod
    def _entry(document: Document, model: Model) -> KeyPath | None:
        """The entry of a model, a seed or a snapshot; of all its versions, where it has some."""
        return _place(document, (_SECTIONS[model.resource_type],), lambda name: name.value == model.name)

    def _source(self, source: Source) -> KeyPath:
        document = self._document()
        for number, group in enumerate(_items(document, ("sources",))):
            if "name" in group.children and group.children["name"].value == source.source_name:
                tables = ("sources", number, "tables")
                place = _place(document, tables, lambda name: name.value == source.name)
                if place is not None:
                    return place
        raise Unwritable(f"source {source.label} is not there")

    @staticmethod
    def _version(document: Document, path: KeyPath, model: Model) -> KeyPath:
        """The entry of a version, where the model has some."""
        if model.version is None:
            return path
        place = _place(document, (*path, "versions"), lambda v: v.raw == model.version, key="v")
        if place is None:
            raise Unwritable(f"version {model.version} of {model.name} is not there")
        return place

    def _column(self, model: _Node, column: str) -> KeyPath:
        """Where a column is declared; it is, from now on."""
        owner = self._model(model)
        above = owner[:-2]  # of a version: what is said of all
        if self._of_all_versions and _is_version(model):
            owner = above
        path = (*owner, "columns")
        document = self._own(path)
        place = _place(document, path, lambda name: folded(str(name.value)) == folded(column))
        if place is not None:
            self._own(place)
            return place
        new: dict[str, Any] = {"name": column}
        if _is_version(model):  # what it says of a column itself is all that holds, but for tests
            known = _mappings(document.find((*above, "columns")))
            of_all = next((item for item in known if _named(item, column)), {})
            new |= {key: value for key, value in of_all.items() if key not in _TESTS}
        return self._added(owner, "columns", new)

    def _put(self, owner: KeyPath, keys: Sequence[str], value: Any, *, blank: bool = False) -> None:
        """A value below `owner`, with the mappings on the way to it; what is `blank` is marked so."""
        document = self._own((*owner, *keys))
        self._node(document, owner)
        depth = len(keys)
        while depth and document.find((*owner, *keys[:depth])) is None:
            depth -= 1
        if depth == len(keys):
            if not blank:
                self._make(set_value(document, (*owner, *keys), value))
            return
        for key in reversed(keys[depth + 1 :]):
            value = {key: value}
        edits = insert_key(document, (*owner, *keys[:depth]), keys[depth], value)
        if blank:
            edits = tuple(_marked(edit) for edit in edits)
        self._make(edits)

    @staticmethod
    def _has_test(
        document: Document,
        owner: KeyPath,
        model: _Node,
        column: str | None,
        name: str,
        arguments: Mapping[str, Any],
    ) -> bool:
        """Whether a test that dbt would call the same is there, whatever its config says."""
        above = owner[:-2] if column is not None else owner
        places: list[tuple[KeyPath, str | None]] = [(owner, None), (above, column)]
        if _is_version(model) and column is not None:
            entry = owner[:2]
            places.append((entry, column))
            listed = document.find((*entry, "columns"))
            places += [
                ((*entry, "columns", number), None)
                for number, item in enumerate(_mappings(listed))
                if _named(item, column)
            ]
        for place, named in places:
            for word in _TESTS:
                node = document.find((*place, word))
                for item in node.value if node is not None and isinstance(node.value, list) else ():
                    if _is_test(item, name, {**arguments, **({"column_name": column} if named else {})}):
                        return True
        return False

    def _own(self, path: KeyPath) -> Document:
        """The document, with all on the way to `path` written there: others may share what an alias means."""
        while True:
            document = self._document()
            steps = [path[:length] for length in range(1, len(path) + 1)]
            shared = next((step for step in steps if _is_shared(document, step)), None)
            node = document.find(shared) if shared is not None else None
            if shared is None or node is None:
                self._alone(document, steps)
                return document
            self._make(set_value(document, shared, node.value))

    def _alone(self, document: Document, steps: Iterable[KeyPath]) -> None:
        """Raises `Unwritable` where another place says by an alias what stands on the way."""
        nodes = filter(None, map(document.find, steps))
        for anchor in (node.anchor for node in nodes if node.anchor is not None):
            if re.search(rf"\*{re.escape(anchor)}(?![^\s,\]}}])", self.text):
                raise Unwritable(f"others share what is written there (&{anchor})")

    # --- text -----------------------------------------------------------------------------------

    def _document(self) -> Document:
        document = parse(self.text)
        for found in document.diagnostics:
            if found.severity is Severity.ERROR:
                raise Unwritable(f"line {found.span.start.line + 1} of the file: {found.message}")
        return document

    @staticmethod
    def _node(document: Document, path: KeyPath) -> Node:
        """The node at `path`, which has to be written where it is used."""
        node = document.find(path)
        if node is None or document.use_of(path) is not None:
            raise Unwritable("it is written elsewhere, behind an alias or <<")
        return node

    def _make(self, edits: Iterable[TextEdit]) -> None:
        self.text = apply(self.text, edits)

    @staticmethod
    def _tests_word(document: Document) -> str:
        """``tests`` where the file says so everywhere; it is ``data_tests`` since dbt 1.8."""
        old = any(line.lstrip(" -").startswith("tests:") for line in document.lines)
        new = any(line.lstrip(" -").startswith("data_tests:") for line in document.lines)
        return "tests" if old and not new else "data_tests"


def _items(document: Document, path: KeyPath) -> Iterator[Node]:
    node = document.find(path)
    yield from node.items if node is not None else ()


def _place(
    document: Document, path: KeyPath, means: Callable[[Node], bool], key: str = "name"
) -> KeyPath | None:
    """Where in a list the item stands whose `key` is what is meant."""
    for number, entry in enumerate(_items(document, path)):
        if key in entry.children and means(entry.children[key]):
            return (*path, number)
    return None


def _mappings(node: Node | None) -> list[Mapping[str, Any]]:
    """The items of a list, each as a mapping; what is none has nothing in it."""
    listed = node.value if node is not None else None
    return [item if isinstance(item, dict) else {} for item in listed] if isinstance(listed, list) else []


def _named(entry: Mapping[str, Any], column: str) -> bool:
    return folded(str(entry.get("name"))) == folded(column)


def _is_version(node: _Node) -> bool:
    return isinstance(node, Model) and node.version is not None


def _is_test(item: Any, name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether an entry of a list of tests is one of that name and with those arguments."""
    if isinstance(item, str):
        return item == name and not arguments
    if not isinstance(item, dict) or (name not in item and item.get("test_name") != name):
        return False
    said = item.get(name)
    said = said if isinstance(said, dict) else item
    said = {**said, **said["arguments"]} if isinstance(said.get("arguments"), dict) else said
    return all(said.get(key) == value for key, value in arguments.items())


def _is_shared(document: Document, path: KeyPath) -> bool:
    """Whether a mapping or list is an alias, or came by ``<<``."""
    node, parent = document.find(path), document.find(path[:-1])
    if node is None or parent is None or node.kind is Kind.SCALAR:
        return False
    return node.via is not None or str(path[-1]) in parent.origins


def _marked(edit: TextEdit) -> TextEdit:
    """An edit whose last line says that people have to fill it in; a flow collection has no room."""
    text = edit.new_text
    if text.startswith(", ") or text.rstrip().endswith(("}", "]")):
        return edit
    body = text.rstrip("\r\n")
    return TextEdit(edit.span, f"{body}  {FILL_IN}{text[len(body) :]}")
