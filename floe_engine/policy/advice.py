"""What to do about a finding, said only where doing it resolves the finding and raises no other.

A rule suggests what always helps. Where that depends on what else the platform asks, or the project has,
it is worked out here, after the rules: they read no more of a platform than what they judge by.
`tests/engine/policy/test_advice.py` follows every suggestion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec.structs import replace

from floe_engine.policy import consequences, placing
from floe_engine.policy.finding import Finding
from floe_engine.policy.keys import KEY_META
from floe_engine.policy.layering import LAYER_META
from floe_engine.policy.meta import lookup
from floe_engine.policy.rules.access import Roles, needed_access
from floe_engine.policy.rules.classification import sensitive_names
from floe_engine.policy.rules.schema_registry import recased
from floe_engine.policy.trial import holds
from floe_engine.policy.view import View
from floe_engine.project.facts import Column, Model, Source, folded
from floe_engine.text import did_you_mean

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
        column = view.once_of(_columns_of, node.unique_id).get(name)
    if isinstance(node, Model) and of_models is not None:
        return of_models(finding, node, column, view)
    if node is not None and of_nodes is not None:
        return of_nodes(finding, node, column, view)
    return finding.suggestion


def _columns_of(unique_id: str, view: View) -> dict[str, Column]:
    """By name as written; of two with one name the first. A node has as many findings as columns."""
    return {column.name: column for column in reversed(view.project.by_id[unique_id].columns)}


# --- columns and tests -------------------------------------------------------------------------------


def _covered(finding: Finding, model: Model, _: Column | None, view: View) -> str:
    """Tests; columns first, where the model declares none."""
    if view.platform.gates.coverage.metric == "primary_keys" and view.key(model) is None:
        return _kept_from_null(finding, model, None, view)
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
        return "" if how is None else f"{finding.suggestion}{consequences.of_its_columns(how)}"
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
    stem = placing.stem_of(model.name, view.placements[model.unique_id].prefix)
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


def _corrected(finding: Finding, node: Node, column: Column | None, view: View) -> str:
    """The level that was meant, where that asks nothing more."""
    near = did_you_mean(finding.actual, view.levels.names)
    level = view.levels.default if near is None else view.levels.named(near)
    meta = node.meta if column is None else column.meta
    key = next((key for key in view.levels.keys if lookup(meta, key) == finding.actual), None)
    if not consequences.classified(node, column, key, level, view):
        return ""
    return f"write {level.level}, or what it really is" if near is None else f"write {near}"


def _looks_like(_: Finding, node: Node, column: Column | None, view: View) -> str:
    """The level that the name looks like, where that asks nothing more; else to say which it is."""
    level = view.once(sensitive_names).like(column.name) if column is not None else None
    key = view.levels.keys[0]
    if level is not None and consequences.classified(node, column, key, view.levels.named(level), view):
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
        each.folded not in levels and view.once(sensitive_names).like(each.name) for each in model.columns
    )
    if not named or bare or forbidden(default.level) or not consequences.bears(model, after, view):
        return ""
    if consequences.house_rules_ask(view, ("column", model.resource_type), "level", "classification"):
        return ""
    whose = "the model's meta" if policy.propagation.mode == "model" else "meta"
    end = f", and say so by {whose}: {{{policy.propagation.declassify_meta}: true}}"
    said = end if policy.propagation.mode != "off" else ""
    return f"drop or mask {', '.join(named)} before this layer{said}"


def _inherited(finding: Finding, model: Model, column: Column | None, view: View) -> str:
    """The level of what it comes from, where the model bears that; else what ends it."""
    level = finding.expected.removeprefix("at least ")
    key, policy = view.levels.keys[0], view.platform.classification
    end = policy.propagation.declassify_meta
    if consequences.bears(model, view.levels.named(level), view) and holds(
        view, model, lambda: consequences.saying(model, column, key, level)
    ):
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
    "FLOE-E201": placing.prefixed,
    "FLOE-E202": placing.respelled,
    "FLOE-E203": placing.of_a_pattern,
    "FLOE-E204": placing.declared_layer,
    "FLOE-E205": placing.between,
    "FLOE-E210": _covered,
    "FLOE-E213": _covered,
    "FLOE-E222": placing.gathered,
    "FLOE-E223": placing.as_source,
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
