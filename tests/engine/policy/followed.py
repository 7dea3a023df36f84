"""A project as it is when somebody has done what a finding's suggestion says, word by word.

Knows no more than the suggestion, the finding and what the platform tells everybody. Where a suggestion
leaves a choice (a description, a key), the best one is made; where it names something, that is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeAlias

from msgspec import structs

from floe_engine.artifact.platform import Platform
from floe_engine.expressions import fullmatch
from floe_engine.policy.data_types import an_example
from floe_engine.policy.finding import Finding
from floe_engine.policy.levels import Levels
from floe_engine.policy.meta import lookup
from floe_engine.policy.resources import ExampleNodes
from floe_engine.policy.rules.schema_registry import has_type, well_spelt
from floe_engine.policy.view import View
from floe_engine.policy.words import words
from floe_engine.project.facts import Column, DataTest, Group, Model, Project, Source, folded

Node: TypeAlias = Model | Source


class CannotFollow(Exception):
    """The suggestion is in words that nobody taught this module."""


class Followed:
    """One project, platform and finding; `project` is what becomes of it."""

    def __init__(self, platform: Platform, project: Project, finding: Finding) -> None:
        self.platform, self.project, self.finding = platform, project, finding
        self.renamed: dict[str, str] = {}
        """New subject to old one."""
        nodes: tuple[Node, ...] = (*project.models, *project.sources)
        self.nodes = {node.label: node for node in nodes}
        self.view = View(platform, project)

    @property
    def node(self) -> Node:
        return self._subject()[0]

    @property
    def now(self) -> Node:
        return self._now(self.node)

    @property
    def column(self) -> Column | None:
        return self._subject()[1]

    def _subject(self) -> tuple[Node, Column | None]:
        label = self.finding.subject
        if label in self.nodes:
            return self.nodes[label], None
        label, _, name = label.rpartition(".")
        node = self.nodes[label]
        return node, next(column for column in node.columns if column.name == name)

    # --- changes

    def change(self, node: Node, **fields: Any) -> None:
        new = structs.replace(self._now(node), **fields)
        if isinstance(new, Source):
            sources = tuple(new if s.unique_id == node.unique_id else s for s in self.project.sources)
            self.project = structs.replace(self.project, sources=sources)
        else:
            models = tuple(new if m.unique_id == node.unique_id else m for m in self.project.models)
            self.project = structs.replace(self.project, models=models)

    def _now(self, node: Node) -> Node:
        return self.project.by_id[node.unique_id]

    def change_column(self, node: Node, which: str, **fields: Any) -> None:
        columns = tuple(
            structs.replace(column, **fields) if column.folded == folded(which) else column
            for column in self._now(node).columns
        )
        self.change(node, columns=columns)

    def add_tests(self, node: Node, *tests: DataTest) -> None:
        self.change(node, tests=(*self._now(node).tests, *tests))

    def add_meta(self, node: Node, key: str, value: Any, column: str | None = None) -> None:
        owner: Any = self._now(node)
        if column is not None:
            owner = next(each for each in owner.columns if each.folded == folded(column))
        meta = _with(owner.meta, key, value)
        if column is None:
            self.change(node, meta=meta)
        else:
            self.change_column(node, column, meta=meta)

    def rename(self, node: Node, name: str) -> None:
        assert isinstance(node, Model)
        unique_id = f"{node.unique_id.rpartition('.')[0]}.{name}"
        models = []
        for model in self.project.models:
            parents = tuple(unique_id if p == node.unique_id else p for p in model.parents)
            if model.unique_id == node.unique_id:
                path = model.path.replace(f"/{model.name}.", f"/{name}.")
                model = structs.replace(model, unique_id=unique_id, name=name, path=path)
            models.append(structs.replace(model, parents=parents))
        self.project = structs.replace(self.project, models=tuple(models))
        self.renamed[name] = node.label

    def rename_column(self, node: Node, old: str, new: str) -> None:
        def named(value: Any) -> Any:
            if isinstance(value, list | tuple):
                return type(value)(map(named, value))
            return new if isinstance(value, str) and folded(value) == folded(old) else value

        tests = tuple(
            structs.replace(
                test,
                column=named(test.column),
                arguments={key: named(value) for key, value in test.arguments.items()},
            )
            for test in self._now(node).tests
        )
        self.change(node, tests=tests)
        self.change_column(node, old, name=new)
        if (key := lookup(self._now(node).meta, "floe.primary_key")) is not None:
            self.add_meta(node, "floe.primary_key", named(key))
        self.renamed[f"{node.label}.{new}"] = f"{node.label}.{old}"

    def declare(
        self, node: Node, names: Iterable[str], how: str, types: Mapping[str, str] | None = None
    ) -> None:
        """Columns, with what the suggestion says that they need."""
        for name in names:
            fields: dict[str, Any] = {}
            if "described" in how:
                fields["description"] = "d"
            if "typed" in how:
                fields["data_type"] = self.type_for(name)
            if "classified" in how:
                levels = Levels(self.platform.classification)
                fields["meta"] = _with({}, levels.keys[0], levels.default.level)
            if types and types.get(name):
                fields["data_type"] = types[name]
            self.change(node, columns=(*self._now(node).columns, Column(name, **fields)))
            if "tested" in how:
                self.add_tests(node, DataTest("not_null", name))

    def complete(self, model: Model, layer: str) -> Model:
        """A model with what `ExampleNodes` leaves out: columns of its layer, what custom rules want."""
        columns, tests = [*model.columns], [*model.tests]
        for wanted in self.platform.schemas.required_columns.get(layer, ()):
            if folded(wanted.name) not in model.columns_by_name:
                type_ = an_example(wanted.type) if wanted.type else self.type_for(wanted.name)
                columns.append(Column(wanted.name, "d", type_))
        tests += [DataTest("not_null", column.name) for column in columns]
        end = self.platform.classification.propagation.declassify_meta
        meta, tags = _with(model.meta, end, True), set(model.tags)
        for rule in self.platform.gates.custom_rules:
            tags |= set(rule.tags)
            tests += [DataTest(name) for name in rule.test_types for _ in range(rule.min_count)]
            if rule.field and lookup(meta, rule.field) is None:
                meta = _with(meta, rule.field, "me")
        levels = Levels(self.platform.classification)
        default = levels.default.level
        if levels.declared(meta, tags) is None:
            meta = _with(meta, levels.keys[0], default)
        demands = self.platform.classification.rules.get(default)
        for key in demands.requires_meta if demands is not None else ():
            meta = meta if lookup(meta, key) else _with(meta, key, "me")
        access = (
            demands.allowed_access[-1] if demands is not None and demands.allowed_access else model.access
        )
        code = "select " + ", ".join(f"1 as {column.name}" for column in columns)
        return structs.replace(
            model,
            columns=tuple(columns),
            tests=tuple(tests),
            meta=meta,
            tags=frozenset(tags),
            access=access,
            code=code,
        )

    def plain_level(self) -> str:
        """A level that changes nothing of what the node counts as."""
        levels = (Levels(self.platform.classification).default, self.view.highest[self.node.unique_id])
        return min(levels, key=lambda level: level.rank).level

    def type_for(self, name: str) -> str:
        rules = [
            rule.type
            for rule in self.platform.schemas.type_rules
            if fullmatch(rule.pattern, name, ignore_case=True)
        ]
        wanted = [
            column.type
            for column in self.platform.schemas.required_columns.get(
                self.view.layer(self.node) or "" if isinstance(self.node, Model) else "", ()
            )
            if column.type and folded(column.name) == folded(name)
        ]
        for type_ in (*map(an_example, (*wanted, *rules)), "integer"):
            if all(has_type(type_, rule, self.project.adapter) for rule in (*rules, *wanted)):
                return type_
        return "integer"

    def parents(self, labels: Collection[str]) -> list[str]:
        """unique_ids of the node's parents of those names."""
        node, nodes = self.node, self.project.by_id
        assert isinstance(node, Model)
        return [each for each in node.parents if each in nodes and nodes[each].label in labels]

    def insert(self, layers: list[str], parents: Iterable[str]) -> None:
        """Models of layers, each above the next and all as the platform wants them, before the node."""
        node = self.now
        assert isinstance(node, Model)
        taken = tuple(parents)
        above = taken
        made = []
        for number, layer in enumerate(layers):
            patterns = self.platform.naming.custom_patterns
            name = next(words(patterns[0])) if patterns else ExampleNodes(self.platform).name_in(layer)
            while name in self.nodes or any(name == model.name for model in made):
                name += "x"
            model = ExampleNodes(self.platform).model_of(layer, name=name, parents=above)
            model = self.complete(structs.replace(model, unique_id=f"model.shop.between_{number}"), layer)
            made.append(model)
            above = (model.unique_id,)
        code = re.sub(r"\{\{ source\(.*?\) \}\}", f"{{{{ ref('{made[-1].name}') }}}}", node.code)
        rest = tuple(parent for parent in node.parents if parent not in taken)
        self.project = structs.replace(self.project, models=(*self.project.models, *made))
        self.change(node, parents=(*rest, *above), code=code)


def _with(meta: Any, key: str, value: Any) -> dict[str, Any]:
    if key in meta or "." not in key:
        return {**meta, key: value}
    head, _, rest = key.partition(".")
    inner = meta.get(head)
    return {**meta, head: _with(inner if isinstance(inner, dict) else {}, rest, value)}


def follow(platform: Platform, project: Project, finding: Finding) -> tuple[Project, dict[str, str]]:
    """The project after a finding's suggestion, and new subjects to old ones. Raises `CannotFollow`."""
    state = Followed(platform, project, finding)
    for pattern, how in _WAYS:
        match = re.fullmatch(pattern, finding.suggestion, re.DOTALL)
        if match is not None:
            how(state, *match.groups())
            return state.project, state.renamed
    raise CannotFollow(f"{finding.rule}: {finding.suggestion}")


def _names(text: str) -> list[str]:
    return [name for name in re.split(r", | and ", text) if name]


def _rename(state: Followed, name: str, tests: str | None = None, how: str | None = None) -> None:
    if state.column is None:
        for test in _names(tests or ""):
            _give(state, test, how)
        state.rename(state.node, name)
    else:
        state.rename_column(state.node, state.column.name, name)


def _test_columns(state: Followed, named: str, more: str | None) -> None:
    node = state.node
    names = _names(named)
    tested = state.view.tested_columns(node)
    others = [c.name for c in node.columns if c.folded not in tested and c.name not in names]
    for name in (*names, *others[: int(more or 0)]):
        state.add_tests(node, DataTest("not_null", name))


def _test_more(state: Followed, count: str, where: str) -> None:
    left = int(count)
    models = [state.nodes[re.sub(r" \(\d+\)$", "", each)] for each in _names(where)]
    rest = [m for m in state.view.models if m not in models]
    for model in (*models, *rest):
        assert isinstance(model, Model)
        if state.finding.rule == "FLOE-E211" and state.view.layer(model) != state.finding.subject:
            continue
        tested = state.view.tested_columns(model)
        for column in model.columns:
            if column.folded not in tested and left:
                state.add_tests(model, DataTest("not_null", column.name))
                left -= 1


def _test_models(state: Followed, named: str, more: str | None) -> None:
    names = _names(named)
    if more:
        layer = state.finding.subject if state.finding.rule == "FLOE-E211" else None
        others = [
            model.label
            for model in state.view.models
            if model.label not in names
            and state.view.share(model).tested < state.view.share(model).total
            and (layer is None or state.view.layer(model) == layer)
        ]
        names += others[: int(more)]
    for name in names:
        state.add_tests(state.nodes[name], DataTest("my_own_test"))


def _test_keys(state: Followed, named: str, more: str | None) -> None:
    names = _names(named)
    layer = state.finding.subject if state.finding.rule == "FLOE-E211" else None
    if more:
        others = [
            model.label
            for model in state.view.models
            if model.label not in names
            and model.columns
            and not state.view.share(model).tested
            and (layer is None or state.view.layer(model) == layer)
        ]
        names += others[: int(more)]
    for name in names:
        _hold_key(state, state.nodes[name])


def _give(state: Followed, test: str, how: str | None = "") -> None:
    """A required test, by the name that platforms have for it."""
    match test:
        case "not_null_pk" | "unique_pk":
            _hold_key(state, state.node, how=how)
        case "documentation":
            state.change(state.node, description="d")
            for column in state.node.columns:
                state.change_column(state.node, column.name, description="d")
        case "freshness":
            state.add_tests(state.node, DataTest("dbt_utils.recency"))
        case "contract":
            _contract(state)
        case "unit_test":
            state.change(state.node, unit_tests=1)
        case _:
            state.add_tests(state.node, DataTest(test))


def _hold_key(state: Followed, node: Node, column: str | None = None, how: str | None = "") -> None:
    assert isinstance(node, Model)
    key = state.view.key(node)
    if column is not None:
        columns: tuple[str, ...] = (column,)
    elif key is not None:
        columns = key.columns
    else:
        columns = tuple(each.name for each in node.columns[:1]) or (ExampleNodes(state.platform).key,)
        state.add_meta(node, "floe.primary_key", columns[0])
    arguments = {"combination_of_columns": list(columns)}
    new = [name for name in columns if folded(name) not in {each.folded for each in node.columns}]
    if len(columns) == 1 and new:
        state.declare(node, new, how or "")
    state.add_tests(
        node,
        *(DataTest("not_null", each) for each in columns),
        DataTest("unique", columns[0])
        if len(columns) == 1
        else DataTest("dbt_utils.unique_combination_of_columns", arguments=arguments),
    )


def _describe(state: Followed, named: str, more: str | None = None) -> None:
    node = state.node
    names = _names(named)
    for name in names:
        if name == getattr(node, "name", ""):
            state.change(node, description="d")
        else:
            state.change_column(node, name, description="d")
    if more:
        for column in node.columns:
            if not column.description.strip():
                state.change_column(node, column.name, description="d")


def _describe_subject(state: Followed) -> None:
    if state.column is None:
        state.change(state.node, description="d")
    else:
        state.change_column(state.node, state.column.name, description="d")


def _declare_freshness(state: Followed, named: str, others: str | None) -> None:
    names = set(_names(named))
    for source in state.project.sources:
        if others or source.label in names:
            state.change(source, has_freshness=True, tells_age=True)


def _contract(state: Followed) -> None:
    for column in state.now.columns:
        if not column.data_type:
            state.change_column(state.node, column.name, data_type=state.type_for(column.name))
    state.change(state.node, contract_enforced=True)


def _access(state: Followed, access: str) -> None:
    state.change(state.node, access=access)


def _untested(state: Followed, named: str, new: str | None, how: str | None) -> None:
    state.declare(state.node, _names(new or ""), how or "")
    state.add_tests(state.node, *(DataTest("not_null", name) for name in _names(named)))


def _declare_column(state: Followed, name: str, type_: str | None, how: str | None) -> None:
    state.declare(state.node, [name], how or "", {name: type_} if type_ else None)


def _set_meta(state: Followed, key: str, value: str) -> None:
    state.add_meta(state.node, key, value, state.column.name if state.column else None)


def _declassify(state: Followed, key: str) -> None:
    state.add_meta(state.node, key, True, state.column.name if state.column else None)


def _write_level(state: Followed, level: str) -> None:
    """The level in the place of the one that stands there."""
    owner: Any = state.column or state.node
    levels = Levels(state.platform.classification)
    for key in levels.keys:
        if lookup(owner.meta, key) not in (None, False):
            _set_meta(state, key, level)
            return


def _mask(state: Followed, named: str, whole: str | None, key: str | None) -> None:
    node, levels = state.node, Levels(state.platform.classification)
    if key and whole:
        state.add_meta(node, key, True)
    for name in _names(named):
        if name == "the model":
            tags = frozenset(tag for tag in node.tags if not levels.named(tag).known)
            state.change(node, tags=tags, meta=_with(node.meta, levels.keys[0], levels.default.level))
            if key:
                state.add_meta(node, key, True)
            continue
        column = next(each for each in node.columns if each.name == name)
        meta = {k: v for k, v in column.meta.items() if lookup({k: v}, k) and k not in levels.keys}
        state.change_column(
            node, name, meta=_with(meta, levels.keys[0], levels.default.level), tags=frozenset()
        )
        if key:
            state.add_meta(node, key, True, name)


def _remove_layer(state: Followed) -> None:
    node = state.node
    meta = dict(node.meta)
    inner = meta.get("floe")
    if isinstance(inner, dict):
        meta["floe"] = {key: value for key, value in inner.items() if key != "layer"}
    meta.pop("floe.layer", None)
    state.change(node, meta=meta)


def _revoke(state: Followed, grantee: str) -> None:
    _regrant(state, grantee, None)


def _regrant(state: Followed, grantee: str, role: str | None) -> None:
    node = state.node
    assert isinstance(node, Model)
    wanted, _, _ = state.finding.parameter.partition(":")
    grants = {}
    for privilege, grantees in node.grants.items():
        names = [g for g in grantees if not (privilege == wanted and g == grantee)]
        if privilege == wanted and role:
            names.append(role)
        if names:
            grants[privilege] = tuple(names)
    state.change(node, grants=grants)


def _regranted(state: Followed, role: str) -> None:
    _regrant(state, state.finding.actual, role)


def _between(state: Followed, layers: str) -> None:
    state.insert(_names(layers), state.parents([state.finding.parameter]))


def _gather(state: Followed, layer: str, named: str) -> None:
    state.insert([layer], state.parents(_names(named)))


def _declare(state: Followed, named: str, how: str | None) -> None:
    from floe_engine.policy.outputs import outputs

    node = state.node
    assert isinstance(node, Model)
    names = state.view.once(outputs)[node.unique_id].columns if " more" in named else _names(named)
    state.declare(node, [name for name in names if folded(name) not in node.columns_by_name], how or "")


def _declare_type(state: Followed, type_: str) -> None:
    assert state.column is not None
    state.change_column(state.node, state.column.name, data_type=an_example(type_))


def _declare_any_type(state: Followed) -> None:
    assert state.column is not None
    state.change_column(state.node, state.column.name, data_type=state.type_for(state.column.name))


def _add_tags(state: Followed, tags: str) -> None:
    node = state.node
    state.change(node, tags=frozenset((*node.tags, *_names(tags))))


def _more_tests(state: Followed, count: str, named: str) -> None:
    name = named.split(" or ")[0]
    column = next(iter(state.node.columns), None)
    state.add_tests(state.node, *[DataTest(name, column.name if column else None)] * int(count))


def _read_source(state: Followed, fresh: str | None, layers: str | None) -> None:
    """A source in the place of a table that the SQL names, and models of layers between."""
    node, table = state.node, state.finding.parameter
    assert isinstance(node, Model)
    name = table.replace(".", "_")
    unique_id = f"source.shop.made_up.{name}"
    source = Source(unique_id, "made_up", name, "models/s.yml", has_freshness=bool(fresh))
    state.project = structs.replace(state.project, sources=(*state.project.sources, source))
    code = node.code.replace(table, f"{{{{ source('made_up', '{name}') }}}}")
    state.change(node, parents=(*node.parents, unique_id), code=code)
    if layers:
        state.insert(_names(layers), [unique_id])


def _declare_all(state: Followed, how: str | None, contract: str | None) -> None:
    case = state.platform.schemas.column_case
    name = next(name for name in ("made_up", "madeUp", "MADE_UP") if well_spelt(name, case))
    state.declare(state.node, [name], how or "")
    if contract:
        _contract(state)


_HOW = r"( \([a-z, ]+\))?"
_MORE = r"(?: and (\d+) more)?"
_LAYERS = r"a model of layers? (.+?)"

_WAYS: tuple[tuple[str, Callable[..., None]], ...] = (
    (rf"rename it to ([^ ,]+)(?:, and give it what \S+ requires: (.+?){_HOW})?", _rename),
    (r"write floe\.layer: (\S+)", lambda state, layer: state.add_meta(state.node, "floe.layer", layer)),
    (r"remove floe\.layer", _remove_layer),
    (rf"put {_LAYERS} between them", _between),
    (rf"put {_LAYERS} between it and (.+) that joins what belongs together", _gather),
    (rf"declare \S+ as a source( with freshness)?, and select from (?:it through {_LAYERS}|{{{{.*}}}})",
     _read_source),
    (r"test (\d+) more columns?, such as those of (.+)", _test_more),
    (rf"add a test to each of (.+?){_MORE}", _test_models),
    (r"add a test to the model", lambda state: state.add_tests(state.node, DataTest("my_own_test"))),
    (rf"add unique and not_null tests to the keys of (.+?){_MORE}", _test_keys),
    (rf"add unique and not_null tests to its key{_HOW}",
     lambda state, how: _hold_key(state, state.node, how=how)),
    (rf"add tests to (.+?){_MORE}", _test_columns),
    (r"say in one sentence what one row of it is", _describe_subject),
    (r"say what it holds, in which unit", _describe_subject),
    (r"describe (\S+) in a properties file", _describe),
    (r"describe (.+?)(?: and (\d+) more columns)?", _describe),
    (r"if (\S+) is the key of \S+, add unique and not_null tests to it",
     lambda state, column: _hold_key(state, state.node, column)),
    (rf"name the key of \S+ in meta\.floe\.primary_key, and test it{_HOW}",
     lambda state, how: _hold_key(state, state.node, how=how)),
    (rf"add a not_null test to (.+?)(?:, and declare (.+?){_HOW})?", _untested),
    (rf"add a \S+ test over .+?(?:, and declare it{_HOW})?",
     lambda state, how: _hold_key(state, state.node, how=how)),
    (r"declare freshness with warn_after or error_after, and loaded_at_field, on source (.+?)( and others)?",
     _declare_freshness),
    (r"add one under unit_tests: in a properties file", lambda state: state.change(state.node, unit_tests=1)),
    (r"add a relationships test to its foreign keys",
     lambda state: state.add_tests(state.node, DataTest("relationships"))),
    (r"add a (\S+) test", lambda state, name: state.add_tests(state.node, DataTest(name))),
    (r"take .+ away, or the test", lambda state: state.change(state.node, idle_tests=())),
    (rf"declare its columns{_HOW}(, and set contract: .+ and the data types)?", _declare_all),
    (r"set contract: \{enforced: true\} and the data types", lambda state: _contract(state)),
    (r"make the model protected", lambda state: _access(state, "protected")),
    (r"add (\d+) more (.+) tests", _more_tests),
    (r"add meta: \{(\S+): (\S+)\}(?: to the column)?, or .*", _set_meta),
    (r"mask it, or add meta: \{(\S+): true\} if it is no longer sensitive", _declassify),
    (r"say what it is in meta: (\S+)",
     lambda state, key: _set_meta(state, key, state.plain_level())),
    (r"write (\S+?)(?:, or what it really is)?", _write_level),
    (r"drop or mask (.+?) before this layer(?:, and say so by (?:meta|(the model's meta)): \{(\S+): true\})?",
     _mask),
    (r"add (\S+) to the model's meta", lambda state, key: state.add_meta(state.node, key, "me")),
    (r"grant it to (\S+)", _regranted),
    (r"remove the grant to (\S+)", _revoke),
    (r"set access: (\S+)", _access),
    (rf"declare column (\S+)(?: ([^(]+?))?{_HOW}", _declare_column),
    (r"declare data_type: (.+)", _declare_type),
    (r"declare its data_type", _declare_any_type),
    (rf"declare (.+?) in a properties file{_HOW}", _declare),
    (r"cast it to (.+)", _declare_type),
    (r"add tags: \[(\S+)\]", _add_tags),
    (r"name the owner of the group",
     lambda state: setattr(state, "project", structs.replace(
         state.project, groups=tuple(Group(g.name, g.owner or "me") for g in state.project.groups)))),
)  # fmt: skip
"""The words of suggestions, and what somebody does who reads them."""
