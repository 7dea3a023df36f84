"""What would make findings go, as changes of the facts: tried on them before anybody is told.

A repair says what is to be declared of one model, seed, snapshot or source. `applied` makes the project as
if it were declared; what `proven` keeps has been judged so: the finding is gone and no other one is there.
How a repair is written into a file is `floe_engine.project.properties_edit`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.policy import keys
from floe_engine.policy.consequences import Said, saying
from floe_engine.policy.evaluate import Evaluation
from floe_engine.policy.finding import Finding
from floe_engine.policy.levels import Levels
from floe_engine.policy.meta import lookup
from floe_engine.policy.rules.classification import SensitiveNames
from floe_engine.policy.rules.schema_registry import RequiredColumns
from floe_engine.policy.view import View
from floe_engine.project.facts import Column, Model, Project, Source, folded
from floe_engine.project.properties import data_test
from floe_engine.text import did_you_mean, unified_diff

Kind = Literal["test", "meta", "description", "access", "contract", "column", "freshness"]
Node: TypeAlias = Model | Source


class Repair(Struct, frozen=True):
    """Something to declare of a node or of one of its columns, and the finding that asks for it."""

    finding: Finding
    node: str
    """Its unique_id."""
    kind: Kind
    column: str | None = None
    name: str = ""
    """Of the test, the meta key (dots lead inwards), or the column."""
    value: Any = None
    """The test's arguments, the value of the meta key, the access level, or the column's type."""
    blank: bool = False
    """Whether it only makes the place for what people have to say: the finding stays until they do."""

    @property
    def thing(self) -> tuple[str, ...]:
        """What it declares, whichever finding asks for it."""
        return (self.node, self.kind, folded(self.column or ""), self.name, str(self.value))

    @property
    def says(self) -> str:
        """What it does, in the imperative."""
        of = f" of {self.column}" if self.column else ""
        match self.kind:
            case "test":
                return f"add a {self.name} test{of}"
            case "meta":
                return f"make a place for meta {self.name}{of}" if self.blank else f"set meta {self.name}{of}"
            case "description":
                return f"make a place for the description{of}"
            case "access":
                return f"set access: {self.value}"
            case "contract":
                return "enforce the contract"
            case "column":
                return f"declare {self.name}"
            case "freshness":
                return f"make a place for the freshness of {self.name}"


class ChangedFile(Struct, frozen=True):
    """A properties file before and after; `path` is relative to the directory that it is mended from."""

    path: str
    before: str
    """Empty for a new file."""
    after: str
    repairs: tuple[Repair, ...]

    @property
    def diff(self) -> str:
        """The change as ``diff -u`` writes it."""
        old = f"a/{self.path}" if self.before else "/dev/null"
        return unified_diff(self.before, self.after, old=old, new=f"b/{self.path}")

    @property
    def says(self) -> str:
        """What is declared, in the imperative."""
        return "; ".join(dict.fromkeys(repair.says for repair in self.repairs))


def repairs(view: View, findings: Iterable[Finding]) -> tuple[Repair, ...]:
    """A repair or more for each finding that declaring something can mend; each thing once."""
    nodes = {node.label: node for node in view.nodes}
    found: dict[tuple[object, ...], Repair] = {}
    for finding in findings:
        if finding.waived:
            continue
        node, column = _subject(finding, nodes)
        if node is None:
            continue
        if isinstance(node, Model) and (mend := _OF_MODELS.get(finding.rule)) is not None:
            made = mend(finding, node, column, view)
        elif (mend_any := _OF_NODES.get(finding.rule)) is not None:
            made = mend_any(finding, node, column, view)
        else:
            continue
        for repair in made:
            if not _said_in_code(node, repair):
                found.setdefault(repair.thing, repair)
    for repair in tuple(found.values()):
        node = view.project.by_id[repair.node]
        if not isinstance(node, Model) or node.properties_path is not None:
            continue
        for name in outputs_of(node, view.project):  # which nothing describes yet
            rest = Repair(repair.finding, repair.node, "column", name=name, blank=True)
            found.setdefault(rest.thing, rest)
    return tuple(found.values())


def _said_in_code(node: Node, repair: Repair) -> bool:
    """Whether the model's own ``config()`` says it, which wins over every properties file."""
    code = (node.raw_code or node.code) if isinstance(node, Model) else ""
    return repair.column is None and repair.kind in _CONFIGS and "config" in code and repair.kind in code


_CONFIGS = frozenset({"meta", "access", "contract"})


def applied(project: Project, todo: Iterable[Repair]) -> Project:
    """The project as if everything had been declared."""
    by_node: dict[str, list[Repair]] = {}
    for repair in todo:
        by_node.setdefault(repair.node, []).append(repair)
    return replace(
        project,
        models=tuple(
            _repaired(model, by_node[model.unique_id], project) if model.unique_id in by_node else model
            for model in project.models
        ),
        sources=tuple(_told(source, by_node.get(source.unique_id, ())) for source in project.sources),
    )


def home_of(project: Project, node: Node) -> str:
    """The file that describes a node; where none does, one of its folder that does from now on."""
    if isinstance(node, Source):
        return node.path
    if node.properties_path is not None:
        return node.properties_path
    folder = PurePosixPath(node.path).parent
    beside = [
        other.properties_path
        for other in project.models
        if other.properties_path is not None and PurePosixPath(other.properties_path).parent == folder
    ]
    return min(beside, default=(folder / f"_{folder.name}.yml").as_posix())


def proven(
    project: Project,
    before: Evaluation,
    todo: Sequence[Repair],
    judge: Callable[[Project], Evaluation],
) -> tuple[tuple[Repair, ...], frozenset[str]]:
    """The repairs that hold, and the fingerprints of all findings that are gone with them.

    One holds where its finding is gone and nothing new is there.

    `judge` is asked of the project as it would be, a few times. Where something new is found, what says more
    of the data of that node, or of one above it, is taken back first, then all that is declared of the node;
    what nobody is to blame for takes back all.
    """
    known, nodes = _identities(before), {node.label: node for node in project.by_id.values()}
    for _ in range(_ROUNDS):
        after = judge(applied(project, todo))
        there = _identities(after)
        new = [subject for identity, subject in there.items() if identity not in known]
        worse = {nodes[subject].unique_id for subject in new if subject in nodes}
        above = _above(project, worse)
        telling = {repair.node for repair in todo if _tells(repair)}
        left = tuple(
            repair
            for repair in todo
            if (repair.blank or not _is_there(repair.finding, there))
            and not (repair.node in worse and (repair.node not in telling or _tells(repair)))
            and not (repair.node in above and _tells(repair))
        )
        if len(left) == len(todo):
            if not new:
                gone = {fingerprint for fingerprint, _ in known} - {fingerprint for fingerprint, _ in there}
                return left, frozenset(gone)
            left = tuple(repair for repair in todo if not _tells(repair)) if telling else ()
        todo = left
    return (), frozenset()


_ROUNDS = 8


def _identities(evaluation: Evaluation) -> dict[tuple[str, str], str]:
    """Each finding as fingerprint and model, where it stands for several, to what was asked."""
    return {
        (finding.fingerprint, model): model or evaluation.asked_of(finding)
        for finding in evaluation.findings
        for model in finding.models or ("",)
    }


def _is_there(finding: Finding, there: Mapping[tuple[str, str], str]) -> bool:
    return any((finding.fingerprint, model) in there for model in finding.models or ("",))


def _tells(repair: Repair) -> bool:
    """Whether it says more of a node's data than was known: how sensitive it is, or a column."""
    return repair.kind in ("meta", "column") and (not repair.blank or repair.kind == "column")


def _above(project: Project, nodes: Iterable[str]) -> frozenset[str]:
    """Everything that some nodes come from."""
    parents = {model.unique_id: model.parents for model in project.models}
    found: set[str] = set()
    queue = list(nodes)
    while queue:
        for parent in parents.get(queue.pop(), ()):
            if parent not in found:
                found.add(parent)
                queue.append(parent)
    return frozenset(found)


def _subject(finding: Finding, nodes: Mapping[str, Node]) -> tuple[Node | None, Column | None]:
    if finding.subject in nodes:
        return nodes[finding.subject], None
    label, _, name = finding.subject.rpartition(".")
    node = nodes.get(label)
    columns = node.columns if node is not None else ()
    return node, next((column for column in columns if column.folded == folded(name)), None)


def _repaired(model: Model, todo: Iterable[Repair], project: Project) -> Model:
    model, folders = replace(model, properties_path=home_of(project, model)), project.folder_configs
    for repair in todo:
        match repair.kind:
            case "test":
                given = folders.for_tests(model) if folders is not None else {}
                test = data_test({repair.name: repair.value or {}}, repair.column, given, {})
                if test is not None and test.enabled and not test.idle:
                    model = replace(model, tests=(*model.tests, test))
                if repair.column is not None:
                    model = _declaring(model, repair.column, None)
            case "column":
                model = _declaring(model, repair.name, repair.value)
            case "access":
                model = replace(model, access=repair.value)
            case "contract":
                model = replace(model, contract_enforced=True)
            case "meta":
                model = _saying(model, repair)
    return model


def _told(source: Source, todo: Iterable[Repair]) -> Source:
    for repair in todo:
        if repair.kind == "meta":
            source = _saying(source, repair)
    return source


def _declaring(model: Model, name: str, type_: str | None) -> Model:
    if folded(name) in model.columns_by_name:
        return model
    return replace(model, columns=(*model.columns, Column(name, data_type=type_)))


def _saying(node: Said, repair: Repair) -> Said:
    column = next((each for each in node.columns if each.folded == folded(repair.column or "")), None)
    if repair.blank or (repair.column is not None and column is None):
        return node
    return saying(node, column, repair.name, repair.value)


# --- a mend a rule: finding, node, column, view → repairs ------------------------------------------

_Mend = Callable[[Finding, Model, Column | None, View], Iterator[Repair]]


def _kept_from_null(finding: Finding, model: Model, _: Column | None, view: View) -> Iterator[Repair]:
    key = view.key(model)
    if key is not None:
        for column in key.nullable:
            yield Repair(finding, model.unique_id, "test", column, "not_null")
    elif (suggested := keys.suggested_key(model)) is not None and not keys.unreadable_key(model):
        yield Repair(finding, model.unique_id, "test", suggested, "unique")
        yield Repair(finding, model.unique_id, "test", suggested, "not_null")


def _kept_unique(finding: Finding, model: Model, column: Column | None, view: View) -> Iterator[Repair]:
    key = view.key(model)
    if key is None:
        yield from _kept_from_null(finding, model, column, view)
    elif len(key.columns) == 1:
        yield Repair(finding, model.unique_id, "test", key.columns[0], "unique")
    else:
        arguments = {"combination_of_columns": list(key.columns)}
        name = "dbt_utils.unique_combination_of_columns"
        yield Repair(finding, model.unique_id, "test", None, name, arguments)


def _described(finding: Finding, model: Model, column: Column | None, view: View) -> Iterator[Repair]:
    if column is None and not model.description.strip():
        yield Repair(finding, model.unique_id, "description", blank=True)
    for each in model.columns if column is None else (column,):
        if not each.description.strip() and finding.rule != "FLOE-E220":
            yield Repair(finding, model.unique_id, "description", each.name, blank=True)


def _fresh(finding: Finding, model: Model, _: Column | None, view: View) -> Iterator[Repair]:
    """A place at each source above the model that nobody watches; how old is too old people know."""
    stale = view.freshness[model.unique_id].stale
    for source in view.project.sources:
        if source.label in stale:
            yield Repair(finding, source.unique_id, "freshness", name=source.label, blank=True)


def _watched(finding: Finding, node: Node, _: Column | None, view: View) -> Iterator[Repair]:
    if isinstance(node, Source):
        yield Repair(finding, node.unique_id, "freshness", name=node.label, blank=True)


def _declared(finding: Finding, model: Model, _: Column | None, view: View) -> Iterator[Repair]:
    yield Repair(finding, model.unique_id, "meta", name=view.levels.keys[0], blank=True)


def _corrected(finding: Finding, node: Node, column: Column | None, view: View) -> Iterator[Repair]:
    """The level that was meant, where a key of ``meta`` says the one that there is not."""
    near = did_you_mean(finding.actual, view.levels.names)
    owner = column if column is not None else node
    key = next((key for key in view.levels.keys if lookup(owner.meta, key) == finding.actual), None)
    if near is not None and key is not None:
        yield Repair(finding, node.unique_id, "meta", column.name if column else None, key, near)


def _classified(finding: Finding, node: Node, column: Column | None, view: View) -> Iterator[Repair]:
    level = SensitiveNames(view.platform.classification).like(column.name) if column is not None else None
    if column is not None and level is not None:
        key = Levels(view.platform.classification).keys[0]
        yield Repair(finding, node.unique_id, "meta", column.name, key, level)


def _required_meta(finding: Finding, model: Model, _: Column | None, view: View) -> Iterator[Repair]:
    yield Repair(finding, model.unique_id, "meta", None, finding.parameter, blank=True)


def _allowed_access(finding: Finding, model: Model, _: Column | None, view: View) -> Iterator[Repair]:
    rule = view.level_rule(model)
    allowed = (rule.allowed_access if rule else None) or ()
    for access in ("protected", "private"):
        if access in allowed:
            yield Repair(finding, model.unique_id, "access", value=access)
            return


def _contract(finding: Finding, model: Model, _: Column | None, view: View) -> Iterator[Repair]:
    """dbt refuses a contract whose columns have no types, so nothing is offered there."""
    if model.columns and all(column.data_type for column in model.columns) and model.language == "sql":
        yield Repair(finding, model.unique_id, "contract")


def _required_columns(finding: Finding, model: Model, column: Column | None, view: View) -> Iterator[Repair]:
    """One that the SQL gives; where nobody can say what it gives nothing is declared."""
    layer = view.layer(model) or ""
    for wanted in view.platform.schemas.required_columns.get(layer, ()):
        asked = column is None and wanted.name == finding.parameter
        if asked and folded(wanted.name) in outputs_of(model, view.project):
            yield Repair(finding, model.unique_id, "column", name=wanted.name, value=wanted.type)


def outputs_of(model: Model, project: Project) -> tuple[str, ...]:
    """The columns that a model's SQL gives, in its order; none where not all of them can be told."""
    from floe_engine.lineage.traces import available, traced

    if not available() or not model.code:
        return ()
    trace = traced(model, project, project.adapter, frozenset())
    whole = not (trace.failure or trace.stars or "*" in trace.unresolved or "*" in trace.columns)
    return tuple(trace.columns) if whole else ()


_OF_MODELS: Mapping[str, _Mend] = {
    "FLOE-E220": _described,
    "FLOE-E221": _described,
    "FLOE-E230": _kept_from_null,
    "FLOE-E231": _kept_unique,
    "FLOE-E232": _fresh,
    "FLOE-E233": _described,
    "FLOE-E235": _contract,
    "FLOE-E240": _declared,
    "FLOE-E244": _required_meta,
    "FLOE-E262": _allowed_access,
    "FLOE-E263": _contract,
    RequiredColumns.id: _required_columns,
    "FLOE-E275": _contract,
}
_OF_NODES: Mapping[str, Callable[[Finding, Node, Column | None, View], Iterator[Repair]]] = {
    "FLOE-E232": _watched,
    "FLOE-E241": _corrected,
    "FLOE-E242": _classified,
}


def mendable(rules: Collection[str] = ()) -> tuple[str, ...]:
    """IDs of the rules whose findings something can be declared for."""
    return tuple(rule for rule in sorted({*_OF_MODELS, *_OF_NODES}) if not rules or rule in rules)
