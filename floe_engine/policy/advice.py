"""What to do about a finding, said only where doing it resolves the finding and raises no other.

A rule suggests what always helps. Where that depends on what else the platform asks, or the project has,
it is worked out here, after the rules: they read no more of a platform than what they judge by.
`tests/engine/policy/test_advice.py` follows every suggestion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec.structs import replace

from floe_engine.expressions import fullmatch
from floe_engine.policy import consequences
from floe_engine.policy.finding import Finding
from floe_engine.policy.keys import KEY_META
from floe_engine.policy.layering import LAYER_META
from floe_engine.policy.rules.access import Roles, needed_access
from floe_engine.policy.rules.classification import looks_of
from floe_engine.policy.rules.dependencies import SOURCE
from floe_engine.policy.rules.schema_registry import recased
from floe_engine.policy.view import View
from floe_engine.project.facts import Column, Model, Source, folded
from floe_engine.text import as_words, did_you_mean

Node: TypeAlias = Model | Source
_Advise: TypeAlias = Callable[[Finding, Model, Column | None, View], str]


def advice(finding: Finding, subject: str, node: Node | None, view: View) -> str:
    """What to do about a finding; empty where nothing is known that raises no other.

    `subject` is what was asked, and `node` the node of that name, where it is one.
    """
    of_models, of_nodes = _OF_MODELS.get(finding.rule), _OF_NODES.get(finding.rule)
    if of_models is None and of_nodes is None:
        return finding.suggestion
    name = finding.subject.removeprefix(f"{subject}.") if finding.subject != subject else None
    if name is None:
        column = None
    elif node is not None:
        column = next((each for each in node.columns if each.name == name), None)
    if isinstance(node, Model) and of_models is not None:
        return of_models(finding, node, column, view)
    if node is not None and of_nodes is not None:
        return of_nodes(finding, node, column, view)
    return finding.suggestion


# --- names and layers --------------------------------------------------------------------------------


def _prefixed(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """A name with the prefix of its layer, or of the likeliest one that asks least of it."""
    placement, prefixes = view.placements[model.unique_id], view.platform.naming.prefixes_of
    layers = [placement.layer] if placement.layer else _likely_layers(model, view)
    lacks = [
        (layer, lacking)
        for layer in layers
        if (lacking := consequences.placed(model, layer, view)) is not None
    ]
    for layer, lacking in sorted(lacks, key=lambda each: len(each[1])):
        for prefix in prefixes(layer)[:1]:
            stem = _stem(model.name, placement.prefix)
            names = (f"{prefix}{rest}" for whole in (stem, model.name) for rest in _spellings(whole))
            name = _new_name(model, layer, names, view)
            if name:
                more = f", and give it what {layer} requires: {', '.join(lacking)}" if lacking else ""
                return f"rename it to {name}{more}"
    return ""


def _spellings(name: str) -> Iterator[str]:
    yield name
    yield as_words(name)


def _respelled(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """A name whose rest has the platform's spelling."""
    layer = view.layer(model) or ""
    prefixes = view.platform.naming.prefixes_of(layer)
    prefix = max((each for each in prefixes if model.name.startswith(each)), key=len, default="")
    rest = model.name[len(prefix) :]
    name = _new_name(model, layer, (f"{prefix}{each}" for each in (as_words(rest), rest.lower())), view)
    return f"rename it to {name}" if name else ""


def _of_a_pattern(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """A name that one of the platform's expressions takes."""
    name = _new_name(model, view.layer(model), (as_words(model.name), model.name.lower()), view)
    return f"rename it to {name}" if name else ""


def _new_name(model: Model, layer: str | None, names: Iterable[str], view: View) -> str:
    """The first of `names` that is right in a layer, leads to it, and asks nothing more; else empty."""
    naming = view.platform.naming
    for name in names:
        if view.layering.place(replace(model, name=name)).layer != layer:
            continue
        if naming.custom_patterns:
            fits = any(fullmatch(pattern, name) for pattern in naming.custom_patterns)
        else:
            starts = [each for each in naming.prefixes_of(layer or "") if name.startswith(each)]
            rest = name[len(max(starts, key=len, default="")) :]
            fits = bool(rest) and fullmatch(naming.name_pattern, rest)
        if fits and consequences.lies_well(model, layer, view) and consequences.named(model, name, view):
            return name
    return ""


def _likely_layers(model: Model, view: View) -> list[str]:
    """Layers with prefixes, first the one that a model's place in the lineage suggests.

    The first where it selects from no other model, the last where no model selects from it, else
    the middle one.
    """
    layers = [layer for layer in view.layering.names if view.platform.naming.prefixes_of(layer)]
    if not any(parent.startswith("model.") for parent in model.parents):
        return layers
    children = view.project.children.get(model.unique_id, ())
    likely = layers[len(layers) // 2 if any(child.startswith("model.") for child in children) else -1]
    return [likely, *(layer for layer in layers if layer != likely)]


def _stem(name: str, prefix: str = "") -> str:
    """A name without the prefix of a layer it is not in, or a conventional one of another school."""
    if prefix and name.casefold().startswith(prefix.casefold()):
        return name[len(prefix) :]
    head, separator, rest = name.partition("_")
    return rest if separator and rest and head.casefold() in _CONVENTIONAL else name


_CONVENTIONAL = frozenset({"stg", "staging", "base", "int", "fct", "fact", "dim", "mart", "rpt", "raw"})
"""Prefixes that other conventions use; a suggested new name drops them."""


def _declared_layer(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """The layer that was meant, or the one that the model is in without it."""
    if consequences.house_rules_ask(view, (model.resource_type, "column"), "layer", "meta"):
        return ""
    near, layer = did_you_mean(finding.actual, view.layering.names), view.layer(model)
    if near and consequences.placed(model, near, view) == ():
        return f"write {LAYER_META}: {near}"
    if layer is not None:
        return f"write {LAYER_META}: {layer}"
    asked = any((rule.field or "").startswith("floe") for rule in view.platform.gates.custom_rules)
    return "" if asked else f"remove {LAYER_META}"


def _steps(view: View, layer: str, kind: str) -> tuple[str, ...]:
    """The layers from `kind` to a layer, each allowed to select from the last; none where none lead."""
    ways: list[tuple[str, ...]] = [(layer,)]
    seen = {layer}
    for way in ways:  # grows while it is walked: the shortest way is found first
        constraint = view.platform.layers.get(way[-1])
        if constraint is None:
            continue
        allowed = constraint.may_depend_on
        if (allowed is None or kind in allowed) and len(way) > 1:
            return way[:0:-1]
        for name in allowed if allowed is not None else view.platform.layers:
            if name not in seen and name in view.once(consequences.open_layers):
                seen.add(name)
                ways.append((*way, name))
    return ()


def _between(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """Models that lead from the parent's layer to this one."""
    kind = finding.actual.rpartition("(")[2].removesuffix(")")
    steps = _steps(view, view.layer(model) or "", kind)
    return f"put {_models_of(steps)} between them" if steps else ""


def _models_of(layers: tuple[str, ...]) -> str:
    return f"a model of layer{'s' if len(layers) > 1 else ''} {' and '.join(layers)}"


def _gathered(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """A model between, of a layer that may select from enough parents, and this one from it."""
    most = view.platform.gates.max_parents or 0
    parents = [
        view.project.by_id[each] for each in dict.fromkeys(model.parents) if each in view.project.by_id
    ]
    wanted = len(set(model.parents)) - most + 1
    constraint = view.constraint(model)
    allowed = constraint.may_depend_on if constraint is not None else None
    for layer in view.once(consequences.open_layers) if wanted <= most else ():
        limits = view.platform.layers[layer].may_depend_on
        fit = [
            parent.label
            for parent in parents
            if limits is None or all(kind in limits for kind in consequences.kinds((parent.unique_id,), view))
        ]
        if (allowed is None or layer in allowed) and len(fit) >= wanted:
            named = ", ".join(fit[:wanted])
            return f"put a model of layer {layer} between it and {named} that joins what belongs together"
    return ""


def _as_source(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """A source in the place of a table, read by the model itself where its layer may."""
    most, limits = view.platform.gates.max_parents, view.constraint(model)
    if (most is not None and len(set(model.parents)) >= most) or not consequences.new_source(view):
        return ""
    fresh = " with freshness" if consequences.required_somewhere(view, "freshness") else ""
    source = f"declare {finding.parameter} as a source{fresh}"
    allowed = limits.may_depend_on if limits is not None else None
    if allowed is None or SOURCE in allowed:
        return f"{source}, and select from {{{{ source(…) }}}}"
    steps = _steps(view, view.layer(model) or "", SOURCE)
    return f"{source}, and select from it through {_models_of(steps)}" if steps else ""


# --- columns and tests -------------------------------------------------------------------------------


def _covered(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """Tests; columns first, where the model declares none."""
    of_keys = view.platform.gates.coverage.metric == "primary_keys"
    if of_keys and view.key(model) is None and not model.columns:
        how = consequences.declared(model, (), view)
        return "" if how is None else f"{finding.suggestion}{how}"
    if not view.share(model).bare:
        return finding.suggestion
    how = consequences.declared(model, (), view)
    return "" if how is None else f"declare its columns{how}"


def _columns_declared(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    if finding.parameter:  # what could not be read
        return finding.suggestion
    from floe_engine.policy.outputs import outputs

    found = view.once(outputs)[model.unique_id].columns
    names = [name for name in found if folded(name) not in model.columns_by_name]
    how = consequences.declared(model, names, view)
    return "" if how is None else f"{finding.suggestion}{how}"


def _kept_from_null(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """Tests on the columns of the key, which are declared first where they are not."""
    key = view.key(model)
    if key is None and not model.columns:
        how = consequences.declared(model, (), view)
        return "" if how is None else f"{finding.suggestion}{how}"
    new = [name for name in key.nullable if folded(name) not in model.columns_by_name] if key else []
    if not new:
        return finding.suggestion
    how = consequences.declared(model, new, view)
    return "" if how is None else f"{finding.suggestion}, and declare {', '.join(new)}{how}"


def _kept_unique(finding: Finding, model: Model, column: Column | None, view: View) -> str:
    """A test of one column is written where it is declared; one of several needs none of them."""
    key = view.key(model)
    if key is None:
        return _kept_from_null(finding, model, column, view)
    if len(key.columns) > 1 or folded(key.columns[0]) in model.columns_by_name:
        return finding.suggestion
    how = consequences.declared(model, key.columns, view)
    return "" if how is None else f"{finding.suggestion}, and declare it{how}"


def _contract(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """dbt enforces a contract for columns with types, of what it builds from SQL."""
    if model.language != "sql" or any(
        consequences.type_for(model, column.name, view) is None for column in model.columns
    ):
        return ""
    how = "" if model.columns else consequences.declared(model, (), view)
    if how is None:
        return ""
    first = "" if model.columns else f"declare its columns{how}, and "
    return f"{first}set contract: {{enforced: true}} and the data types"


def _public_contract(finding: Finding, model: Model, column: Column | None, view: View) -> str:
    found = _contract(finding, model, column, view)
    if found:
        return found
    rule = view.level_rule(model)
    allowed = rule.allowed_access if rule is not None else None
    return "make the model protected" if allowed is None or "protected" in allowed else ""


def _unit_test(finding: Finding, model: Model, _: Column | None, __: View) -> str:
    return finding.suggestion if model.language == "sql" else ""  # dbt has none for Python


def _recased(_: Finding, model: Model, column: Column | None, view: View) -> str:
    return _renamed_column(model, column, view, recased)


def _unreserved(_: Finding, model: Model, column: Column | None, view: View) -> str:
    stem = _stem(model.name, view.placements[model.unique_id].prefix)
    return _renamed_column(model, column, view, lambda name, case: recased(f"{stem}_{name}", case))


def _renamed_column(model: Model, column: Column | None, view: View, spelt: Callable[[str, str], str]) -> str:
    """Another name of a column, where nothing is asked of that one."""
    if column is None:
        return ""
    name = spelt(column.name, view.platform.schemas.column_case)
    return f"rename it to {name}" if consequences.column_named(model, column, name, view) else ""


def _required_column(finding: Finding, model: Model, column: Column | None, view: View) -> str:
    if column is not None:
        return _typed(finding, model, column, view)
    how = consequences.declared(model, (finding.parameter,), view)
    type_ = consequences.type_for(model, finding.parameter, view)
    return "" if how is None else f"declare column {' '.join(filter(None, (finding.parameter, type_)))}{how}"


def _typed(_: Finding, model: Model, column: Column | None, view: View) -> str:
    type_ = consequences.type_for(model, column.name, view) if column is not None else None
    if type_ is None:
        return ""
    return f"declare data_type: {type_}" if type_ else "declare its data_type"


def _cast(_: Finding, model: Model, column: Column | None, view: View) -> str:
    type_ = consequences.type_for(model, column.name, view) if column is not None else None
    return f"cast it to {type_}" if type_ else ""


# --- classification and access ------------------------------------------------------------------------


def _said(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """A level that changes nothing: what the model counts as already, at most the default."""
    level = min(view.levels.default, view.highest[model.unique_id], key=lambda level: level.rank)
    return f"add meta: {{{view.levels.keys[0]}: {level.level}}}, or what it is"


def _corrected(finding: Finding, node: Node, _: Column | None, view: View) -> str:
    """The level that was meant, where that asks nothing more."""
    near = did_you_mean(finding.actual, view.levels.names)
    if near is None:
        return f"write {view.levels.default.level}, or what it really is"
    return f"write {near}" if consequences.classified(node, view.levels.named(near), view) else ""


def _looks_like(_: Finding, node: Node, column: Column | None, view: View) -> str:
    """The level that the name looks like, where that asks nothing more; else to say which it is."""
    level = view.once(looks_of).like(column.name) if column is not None else None
    key = view.levels.keys[0]
    if level is not None and consequences.classified(node, view.levels.named(level), view):
        return f"add meta: {{{key}: {level}}} to the column, or the level it really has"
    return f"say what it is in meta: {key}"


def _masked(_: Finding, model: Model, __: Column | None, view: View) -> str:
    """Everything in the model that its layer forbids; what is left asks nothing more."""
    layer, policy, own = view.layer(model), view.platform.classification, view.declared[model.unique_id]
    levels = view.declared_columns[model.unique_id]

    def forbidden(level: str) -> bool:
        rule = policy.rules.get(level)
        return rule is not None and layer in rule.forbidden_layers

    named = [each.name for each in model.columns if (of := levels.get(each.folded)) and forbidden(of.level)]
    left = [of for of in levels.values() if of.known and not forbidden(of.level)]
    if own is not None and forbidden(own.level):
        named.append("the model")
    elif own is not None and own.known:
        left.append(own)
    after = max(left, key=lambda level: level.rank, default=view.levels.default)
    default = view.levels.default
    after = max(after, default, key=lambda level: level.rank)
    bare = "the model" in named and any(
        each.folded not in levels and view.once(looks_of).like(each.name) for each in model.columns
    )
    if not named or bare or forbidden(default.level) or not consequences.bears(model, after, view):
        return ""
    whose = "the model's meta" if policy.propagation.mode == "model" else "meta"
    end = f", and say so by {whose}: {{{policy.propagation.declassify_meta}: true}}"
    said = end if policy.propagation.mode != "off" else ""
    return f"drop or mask {', '.join(named)} before this layer{said}"


def _inherited(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """The level of what it comes from, where the model bears that; else what ends it."""
    level = finding.expected.removeprefix("at least ")
    key, policy = view.levels.keys[0], view.platform.classification
    end = policy.propagation.declassify_meta
    if consequences.bears(model, view.levels.named(level), view):
        return f"add meta: {{{key}: {level}}}, or {end}: true if it is no longer sensitive"
    return f"mask it, or add meta: {{{end}: true}} if it is no longer sensitive"


def _meta_key(finding: Finding, _: Node, __: Column | None, view: View) -> str:
    """Not where the key has a meaning of its own, so that any value would say something else."""
    key = finding.suggestion.removeprefix("add ").removesuffix(" to the model's meta")
    meaning = {
        *view.levels.keys,
        LAYER_META,
        KEY_META,
        view.platform.classification.propagation.declassify_meta,
    }
    return "" if any(f"{each}.".startswith(f"{key}.") for each in meaning) else finding.suggestion


def _tagged(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """Not where the tag is a level, or places the model."""
    tag = finding.parameter
    if view.levels.named(tag).known:
        return ""
    same = view.layering.place(replace(model, tags=model.tags | {tag})).layer == view.layer(model)
    return finding.suggestion if same else ""


def _granted(finding: Finding, model: Model, __: Column | None, view: View) -> str:
    """To a role that may have it, where there is one."""
    privilege, _, grantee = finding.parameter.partition(":")
    roles, rule = Roles(view.platform), view.level_rule(model)
    allowed = (
        {each.casefold() for each in rule.allowed_roles} if rule and rule.allowed_roles is not None else None
    )
    needed, namespace = needed_access(privilege), view.namespace(model)
    level = view.highest[model.unique_id].level
    for role in roles.names if roles.named(grantee) is None else ():
        if roles.permits(role, needed, namespace, level) and (allowed is None or role.casefold() in allowed):
            return f"grant it to {role}"
    return f"remove the grant to {grantee}"


def _accessed(finding: Finding, model: Model, column: Column | None, view: View) -> str:
    """The widest access that is no wider than before, or the narrowest with what it asks."""
    allowed = finding.expected.removeprefix("access ").split(" or ")
    for access in ("protected", "private"):
        if access in allowed:
            return f"set access: {access}"
    if "public" in allowed and model.contract_enforced:
        return "set access: public"
    return ""


_OF_MODELS: Mapping[str, _Advise] = {
    "FLOE-E201": _prefixed,
    "FLOE-E202": _respelled,
    "FLOE-E203": _of_a_pattern,
    "FLOE-E204": _declared_layer,
    "FLOE-E205": _between,
    "FLOE-E210": _covered,
    "FLOE-E213": _covered,
    "FLOE-E222": _gathered,
    "FLOE-E223": _as_source,
    "FLOE-E224": _columns_declared,
    "FLOE-E230": _kept_from_null,
    "FLOE-E231": _kept_unique,
    "FLOE-E235": _contract,
    "FLOE-E236": _unit_test,
    "FLOE-E240": _said,
    "FLOE-E243": _masked,
    "FLOE-E244": _meta_key,
    "FLOE-E250": _inherited,
    "FLOE-E251": _inherited,
    "FLOE-E252": _inherited,
    "FLOE-E260": _granted,
    "FLOE-E262": _accessed,
    "FLOE-E263": _public_contract,
    "FLOE-E270": _recased,
    "FLOE-E271": _unreserved,
    "FLOE-E272": _required_column,
    "FLOE-E273": _cast,
    "FLOE-E274": _typed,
    "FLOE-E275": _contract,
    "FLOE-E280": _tagged,
    "FLOE-E281": _meta_key,
}
_OF_NODES: Mapping[str, Callable[[Finding, Node, Column | None, View], str]] = {
    "FLOE-E241": _corrected,
    "FLOE-E242": _looks_like,
}


__all__ = ["Iterator", "advice"]
