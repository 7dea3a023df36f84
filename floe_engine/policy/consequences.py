"""What a platform would ask of a model if it were named, placed or classified otherwise.

Advice that only leads to the next finding is none. These questions are answered from the facts, for
one model at a time, and in doubt with no: then nothing is advised. They are asked of what was found,
after the rules, which read no more of a platform than what they judge by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.artifact.sections import CustomRule, Graph, LayerConstraint, LevelRule, RequiredColumn
from floe_engine.expressions import fullmatch
from floe_engine.manifest.terms import SOURCE
from floe_engine.policy.data_types import an_example
from floe_engine.policy.levels import Declaration
from floe_engine.policy.meta import lookup, with_key
from floe_engine.policy.rules.access import allowed_access
from floe_engine.policy.rules.classification import sensitive_names
from floe_engine.policy.rules.coverage import has_minimum
from floe_engine.policy.rules.required_tests import BUILT_IN, OF_TEST, is_named
from floe_engine.policy.rules.schema_registry import has_type, well_spelt
from floe_engine.policy.trial import holds
from floe_engine.policy.view import Share, View
from floe_engine.project.facts import Column, DataTest, Model, Source, folded

Said = TypeVar("Said", bound=Model | Source)


def _kinds_of(node: Model | Source) -> tuple[str, ...]:
    return "column", node.resource_type if isinstance(node, Model) else "source"


def house_rules_ask(view: View, kinds: Collection[str], *facts: str) -> bool:
    """Whether a rule of the platform's own, about one of those kinds, may look at one of those facts.

    It is asked where nobody can say what exactly would be otherwise; else `trial.holds` is.
    """
    return any(
        rule.type == "python" or any(fact in f"{rule.when} {rule.expr}" for fact in facts)
        for rule in view.platform.gates.custom_rules
        if rule.type in ("cel", "python") and (rule.subject or "model") in (*kinds, "project")
    )


def named(model: Model, name: str, view: View) -> bool:
    """Whether nothing more is asked of a model under another name; what its layer asks is another matter."""
    path = model.path.replace(f"/{model.name}.", f"/{name}.")
    return (
        name not in view.once(_names)
        and not any(
            _about(rule, name) and not _about(rule, model.name)
            for rule in view.platform.gates.custom_rules
            if rule.type not in ("cel", "python")
        )
        and holds(view, model, lambda: replace(model, name=name, path=path))
    )


def placed(model: Model, layer: str | None, view: View) -> tuple[str, ...] | None:
    """The required tests that a model would lack in a layer; None where something else is in the way.

    That is a parent or a child that the layer may not have, coverage, a column, a contract, a level. What
    house rules say, whoever knows how the model comes there has to ask.
    """
    now = view.layer(model)
    if layer == now:
        return ()
    if layer is None or now is not None:
        return None  # what the old layer has without it is not looked at
    there, here = view.once_of(_demands, layer), view.once_of(_standing, model.unique_id)
    if (
        here.bound
        or layer in here.forbidden
        or (there.allowed is not None and not here.parents <= there.allowed)
        or (here.children is not None and layer not in here.children)
        or (here.covered and not here.share.reaches(there.coverage))
        or (there.contract and not model.contract_enforced)
        or (
            there.materializations is not None
            and model.resource_type == "model"
            and model.materialized not in there.materializations
        )
    ):
        return None
    for wanted in there.columns:
        column = model.columns_by_name.get(folded(wanted.name))
        if column is None or (
            wanted.type and not has_type(column.data_type, wanted.type, view.project.adapter)
        ):
            return None
    missing = tuple(_lacking(model, there.tests, view))
    return missing if model.columns or not missing or declared(model, (), view) is not None else None


class _Demands(Struct, frozen=True):
    """What a layer asks of the models that are in it."""

    coverage: int
    """In per cent."""
    allowed: frozenset[str] | None
    """Layers, sources among them, from which its models may select; None: any."""
    materializations: Sequence[str] | None
    contract: bool
    columns: Sequence[RequiredColumn]
    tests: Sequence[str]


def _demands(layer: str, view: View) -> _Demands:
    platform, constraint = view.platform, view.platform.layers.get(layer) or LayerConstraint()
    allowed = constraint.may_depend_on
    return _Demands(
        platform.minimum_coverage(layer),
        None if allowed is None else frozenset(allowed),
        constraint.materializations,
        layer in platform.schemas.require_contract,
        platform.schemas.required_columns.get(layer, ()),
        constraint.required_tests,
    )


class _Standing(Struct, frozen=True):
    """What of a model without a layer matters in any, asked once for all that it may be put in."""

    parents: frozenset[str]
    """Their layers, as `kinds` says them."""
    children: frozenset[str] | None
    """Layers from which all of them may select; None: from any."""
    forbidden: Sequence[str]
    """Layers that its level keeps out of."""
    share: Share
    covered: bool
    """Whether that is enough as long as it has no layer."""
    bound: bool
    """Whether nobody can tell what another layer would mean: of its grants, or its layer's coverage."""


def _standing(unique_id: str, view: View) -> _Standing:
    model = view.project.by_id[unique_id]
    assert isinstance(model, Model)
    children: frozenset[str] | None = None
    for child in view.project.children.get(unique_id, ()):
        below = view.project.by_id.get(child)
        limits = view.constraint(below) if isinstance(below, Model) else None
        if limits is not None and limits.may_depend_on is not None:
            named = frozenset(limits.may_depend_on)
            children = named if children is None else children & named
    rule, share, gates = view.level_rule(model), view.share(model), view.platform.gates
    return _Standing(
        frozenset(kinds(model.parents, view)),
        children,
        () if rule is None else rule.forbidden_layers,
        share,
        share.reaches(view.platform.minimum_coverage(None)),
        bool(model.grants) or (gates.coverage.scope == "layer" and has_minimum(view.platform)),
    )


def saying(node: Said, column: Column | None, key: str, value: Any) -> Said:
    """A node of which, or of a column of which, `meta` says something; None: says it no more."""
    if column is None:
        return replace(node, meta=with_key(node.meta, key, value))
    columns = tuple(
        replace(each, meta=with_key(each.meta, key, value)) if each is column else each
        for each in node.columns
    )
    return replace(node, columns=columns)


def classified(
    node: Model | Source, column: Column | None, key: str | None, level: Declaration, view: View
) -> bool:
    """Whether nothing more is asked of a node, nor of what comes from it, that holds data of a level.

    `key` is that of the node's meta, or of its column's, which says so; None: something else does.
    """
    if not (
        holds(view, node, lambda: saying(node, column, key, level.level))
        if key is not None
        else not house_rules_ask(view, _kinds_of(node), "level", "classification")
    ):
        return False
    children = view.project.children.get(node.unique_id, ())
    follows = view.platform.classification.propagation.mode != "off"
    if follows and level.rank > view.levels.default.rank and any(c in view.project.by_id for c in children):
        return False
    return (
        isinstance(node, Source)
        or level.rank <= view.highest[node.unique_id].rank
        or bears(node, level, view)
    )


def bears(model: Model, level: Declaration, view: View) -> bool:
    """Whether a model has all that is asked where its data is of a level, house rules aside."""
    if level.level == view.highest[model.unique_id].level:
        return True
    rule = view.platform.classification.rules.get(level.level) or LevelRule()
    access = allowed_access(view.platform, level.level)
    return model.resource_type != "model" or (
        not model.grants
        and (access is None or model.access in access)
        and view.layer(model) not in rule.forbidden_layers
        and all(lookup(model.meta, key) not in (None, "", [], {}) for key in rule.requires_meta)
        and not any(_lacking(model, rule.required_tests, view))
        and view.share(model).reaches(rule.minimum_test_coverage or 0)
    )


def declared(model: Model, names: Sequence[str], view: View, *, layer: str | None = None) -> str | None:
    """What has to be said of new columns so that nothing is asked of them: `` (described, typed)``.

    Empty where they need nothing, None where something would be asked all the same.
    """
    platform, policy = view.platform, view.platform.classification
    reserved = {folded(name) for name in platform.schemas.reserved_columns}
    looks = view.once(sensitive_names)
    own = view.declared[model.unique_id]
    for name in names:
        level = looks.like(name)
        if (
            not well_spelt(name, platform.schemas.column_case)
            or folded(name) in reserved
            or type_for(model, name, view) is None
            or (level is not None and (own is None or own.rank < view.levels.named(level).rank))
            or folded(name) in view.once(_sensitive_names)
            or any(fullmatch(test.pattern, name, ignore_case=True) for test in platform.gates.column_tests)
        ):
            return None
    if "column" in {*platform.gates.documentation.meta, *platform.gates.documentation.tags}:
        return None
    if policy.propagation.mode == "column":
        from floe_engine.policy.column_flow import follow

        if {folded(name) for name in names} & view.once(follow)[model.unique_id].flow.out.keys():
            return None
    flows = policy.propagation.mode != "off" and model.unique_id in view.project.children
    if flows and own is not None and own.rank > view.levels.default.rank:
        return None  # the new columns would be as sensitive as the model, and so what comes of them
    said = []
    required = [*view.required_tests(model)] if model.resource_type == "model" else []
    if layer is not None and (constraint := platform.layers.get(layer)) is not None:
        required += constraint.required_tests
    gates = platform.gates
    described = gates.require_column_descriptions or "column" in gates.documentation.descriptions
    if described or "documentation" in required:
        said.append("described")
    if platform.schemas.require_data_types or model.contract_enforced:
        said.append("typed")
    if gates.coverage.metric == "columns" and (
        has_minimum(platform) or any(rule.minimum_test_coverage for rule in policy.rules.values())
    ):
        said.append("tested")
    if own is None and policy.require_declared:
        said.append("classified")
    if not (
        holds(view, model, lambda: _with_columns(model, names, said, view))
        if names
        else not house_rules_ask(view, ("column", model.resource_type), "")
    ):
        return None
    return f" ({', '.join(said)})" if said else ""


def _with_columns(model: Model, names: Sequence[str], said: Collection[str], view: View) -> Model:
    """A model with new columns of which the least is said that has to be."""
    levels = view.levels
    meta = with_key({}, levels.keys[0], levels.default.level) if "classified" in said else {}
    columns = [
        Column(
            name,
            "What it is." if "described" in said else "",
            (type_for(model, name, view) or "text") if "typed" in said else None,
            meta=meta,
        )
        for name in names
    ]
    tests = [DataTest("not_null", name) for name in names] if "tested" in said else []
    return replace(model, columns=(*model.columns, *columns), tests=(*model.tests, *tests))


def of_its_columns(how: str) -> str:
    """What `declared` says, where nothing before it speaks of columns."""
    return how.replace("(", "(its columns ", 1)


def column_named(model: Model, column: Column, name: str, view: View) -> bool:
    """Whether nothing more is asked of a column, nor of its model, under another name."""
    platform, adapter = view.platform, view.project.adapter
    looks, old, new = view.once(sensitive_names), column.folded, folded(name)
    layer = view.layer(model) or ""
    if old != new and (
        new in model.columns_by_name
        or any(folded(each.name) == old for each in platform.schemas.required_columns.get(layer, ()))
        or (platform.classification.propagation.mode == "name" and {old, new} & view.once(_sensitive_names))
    ):
        return False
    return (
        well_spelt(name, platform.schemas.column_case)
        and new not in {folded(each) for each in platform.schemas.reserved_columns}
        and looks.like(name) in (None, looks.like(column.name))
        and (
            column.data_type is None
            or all(
                has_type(column.data_type, rule.type, adapter)
                or fullmatch(rule.pattern, column.name, ignore_case=True)
                for rule in platform.schemas.type_rules
                if fullmatch(rule.pattern, name, ignore_case=True)
            )
        )
        and holds(view, model, lambda: _with_column_named(model, column, name), renamed={name: column.name})
    )


def _with_column_named(model: Model, column: Column, name: str) -> Model:
    """A model one column of which has another name, in its tests too."""

    def named(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(map(named, value))
        return name if isinstance(value, str) and folded(value) == column.folded else value

    tests = tuple(
        replace(test, column=named(test.column), arguments={k: named(v) for k, v in test.arguments.items()})
        for test in model.tests
    )
    columns = tuple(replace(each, name=name) if each is column else each for each in model.columns)
    return replace(model, columns=columns, tests=tests)


def type_for(model: Model, name: str, view: View) -> str | None:
    """A type that a column of that name may have; empty where any may be, None where none can."""
    return _type_in(view.layer(model) or "", name, view)


def open_layers(view: View) -> tuple[str, ...]:
    """The layers in which a new model, whose data is of the default level, can do all that is asked."""
    rule = view.platform.classification.rules.get(view.levels.default.level)
    schemas = view.platform.schemas
    if view.platform.gates.graph != Graph():
        return ()  # another model may make a fan or a chain that is too much
    return tuple(
        layer
        for layer in view.platform.layers
        if (rule is None or layer not in rule.forbidden_layers)
        and all(
            well_spelt(column.name, schemas.column_case) and _type_in(layer, column.name, view) is not None
            for column in schemas.required_columns.get(layer, ())
        )
    )


def _type_in(layer: str, name: str, view: View) -> str | None:
    schemas = view.platform.schemas
    wanted = [rule.type for rule in schemas.type_rules if fullmatch(rule.pattern, name, ignore_case=True)]
    wanted += [
        column.type
        for column in schemas.required_columns.get(layer, ())
        if column.type and folded(column.name) == folded(name)
    ]
    if not wanted:
        return ""
    adapter = view.project.adapter
    return next(
        (each for each in map(an_example, wanted) if all(has_type(each, other, adapter) for other in wanted)),
        None,
    )


def _lacking(model: Model, tests: Iterable[str], view: View) -> Iterator[str]:
    """What a layer or level would require of a model that it has not, and nobody requires yet."""
    if model.resource_type != "model":
        return
    required = view.required_tests(model)
    for test in tests:
        if test not in required and view.once_of(_lacks, (model.unique_id, test)):
            yield test


def _lacks(of: tuple[str, str], view: View) -> bool:
    """Whether a model lacks a test: several layers require the same ones."""
    model, test = view.project.by_id[of[0]], of[1]
    assert isinstance(model, Model)
    if test in BUILT_IN:
        return OF_TEST[test].lacks(model, view)
    return not any(is_named(each, test) for each in model.tests)


def _about(rule: CustomRule, name: str) -> bool:
    return fnmatchcase(name, rule.applies_to) and name.startswith(rule.prefix or "")


def lies_well(model: Model, layer: str | None, view: View) -> bool:
    """Whether a model may be placed in a layer by its name where its file lies."""
    asked = "layer_folder" in view.platform.gates.structure.require
    by_meta = view.placements[model.unique_id].by == "meta"
    return not asked or by_meta or view.layering.by_path(model.path) == layer


def new_source(view: View) -> bool:
    """Whether a new source, of which nothing is said yet, would have all that is asked of it."""
    gates = view.platform.gates
    written = gates.documentation
    asked = {*written.descriptions, *written.meta, *written.tags, *written.complete_columns}
    return gates.graph == Graph() and not gates.sources.require and not asked & {"source", "source_group"}


def kinds(parents: Iterable[str], view: View) -> Iterator[str]:
    """The layers of parents, sources among them; those that have none are not judged."""
    for unique_id in parents:
        parent = view.project.by_id.get(unique_id)
        if isinstance(parent, Source):
            yield SOURCE
        elif parent is not None:
            kind = view.layer(parent) or (SOURCE if parent.resource_type == "seed" else None)
            if kind is not None:
                yield kind


def _names(view: View) -> frozenset[str]:
    return frozenset(model.name for model in view.project.models)


def _sensitive_names(view: View) -> frozenset[str]:
    """Folded names of all columns that are more sensitive than the default, wherever they are."""
    threshold = view.levels.default.rank
    found: set[str] = set()
    for node in view.project.by_id.values():
        own = view.declared[node.unique_id]
        levels = view.declared_columns[node.unique_id]
        if own is not None and own.rank > threshold:
            found.update(column.folded for column in node.columns)
        found.update(name for name, level in levels.items() if level.rank > threshold)
    return frozenset(found)
