"""dbt-bouncer's checks (4.3) of code, of lineage beyond parents, of keys, versions and data tests."""

from __future__ import annotations

from collections.abc import Callable

from floe_engine.peers.bouncer_models import LENGTH, described, has_keys, meta_keys, needed, tagged
from floe_engine.peers.carrying import Arguments, Check, NotCarried, Takes, expression

_ENABLED = "A test that is disabled is not judged."
_CALLED = "Judged from dbt's manifest; from the files alone it is told as not known."


def absent(text: str) -> Callable[[Arguments], str]:
    """A pattern that holds of no beginning of a text, line breaks included."""

    def filled(given: Arguments) -> str:
        if not isinstance(given["regexp_pattern"], str):
            raise NotCarried(f"{given['regexp_pattern']!r} is no regular expression")
        pattern = expression(given["regexp_pattern"].strip(), begin="^", flags="s")
        return f"!{text}.matches({pattern})"

    return filled


def _chained(given: Arguments) -> str:
    kinds, most = given["materializations_to_include"], given["max_chained_views"]
    if not isinstance(kinds, list) or sorted(map(str, kinds)) != ["ephemeral", "view"]:
        raise NotCarried("floe counts chains of views and ephemeral models together, and of nothing else")
    if given["package_name"]:
        raise NotCarried("it judges an installed package, and floe judges the project itself")
    if isinstance(most, bool) or not isinstance(most, int):
        raise NotCarried(f"{most!r} is no number")
    return f"model.view_chain < {most}"


def _aliased(given: Arguments) -> str:
    asked = []
    if given["require_explicit_alias"]:
        asked.append("(model.has_alias || model.alias != model.name)")
    if given["alias_pattern"] is not None:
        asked.append(f"model.alias.matches({expression(str(given['alias_pattern']).strip(), begin='^')})")
    if not asked:
        raise NotCarried("it asks nothing")
    return " && ".join(asked)


def _bounded_joins(given: Arguments) -> str:
    if given["allow_explicit_cross_join"] is True:
        return "model.code.open_joins == 0"
    return "model.code.cross_joins + model.code.open_joins + model.code.constant_joins == 0"


def _where(given: Arguments) -> str:
    if given["regexp_pattern"] is None:
        return "test.where.trim() != ''"
    return f"test.where.matches({expression(str(given['regexp_pattern']).strip(), begin='^')})"


MORE: tuple[Check, ...] = (
    Check("check_model_has_labels_keys", code="MO036", takes=(needed("keys", "keys"),),
          filled=has_keys("model.labels"), says="have the labels asked for"),
    Check("check_source_has_labels_keys", "source", code="SO011", takes=(needed("keys", "keys"),),
          filled=has_keys("source.labels"), says="have the labels asked for"),
    Check("check_model_alias", code="MO058",
          takes=(Takes("alias_pattern", "given"), Takes("require_explicit_alias", "given", False)),
          filled=_aliased, says="have the alias asked for"),
    Check("check_model_latest_version_specified", code="MO045", expr="model.latest_version != null",
          says="say which of its versions is the latest"),
    Check("check_model_version_pinned_in_ref", code="MO047", when="model.version != null",
          expr="model.children.all(child, child.type != 'model' || !child.references.exists(ref, "
               "ref.name == model.name && ref.version == null))",
          says="be selected from with a version"),
    Check("check_model_does_not_rejoin_upstream_concepts", code="MO049",
          expr="!model.parents.exists(parent, parent.type == 'model' && parent.path != '' && "
               "parent.model_children == 1 && parent.parent_ids.exists(id, "
               "model.parents.exists(other, other.id == id)))",
          says="not select again from what a parent that nobody else reads selects from"),
    Check("check_model_max_chained_views", code="MO033",
          takes=(Takes("materializations_to_include", "given", ["ephemeral", "view"]),
          Takes("max_chained_views", "number", 3), Takes("package_name", "given")),
          filled=_chained, says="have fewer than $max_chained_views views above one another"),
    Check("check_model_depends_on_macros", code="MO028",
          takes=(needed("required_macros", "texts"), Takes("criteria", "criteria", "all")),
          expr="$required_macros.$criteria(name, name in model.macros)",
          says="call $required_macros", near=_CALLED),
    Check("check_model_max_upstream_dependencies", code="MO035",
          takes=(Takes("max_upstream_macros", "number", 5), Takes("max_upstream_models", "number", 5),
          Takes("max_upstream_sources", "number", 1)),
          expr="size(model.parents.filter(parent, parent.type == 'model')) <= $max_upstream_models && "
               "size(model.parents.filter(parent, parent.type == 'source')) <= $max_upstream_sources && "
               "size(model.macros) <= $max_upstream_macros",
          says="select from few models and sources, and call few macros", near=_CALLED),
    Check("check_model_incremental_has_unique_key", code="MO011", when="model.materialized == 'incremental'",
          expr="size(model.unique_key) > 0", says="have a unique_key, being incremental"),
    Check("check_snapshot_has_unique_key", "snapshot", code="SN004", expr="size(snapshot.unique_key) > 0",
          says="have a unique_key"),
    Check("check_snapshot_strategy", "snapshot", code="SN006",
          takes=(Takes("allowed_strategies", "texts", ["check", "timestamp"]),),
          expr="snapshot.strategy in $allowed_strategies && "
               "(snapshot.strategy != 'timestamp' || snapshot.updated_at != '') && "
               "(snapshot.strategy != 'check' || size(snapshot.check_cols) > 0)",
          says="have one of the strategies $allowed_strategies, and what it needs"),
    Check("check_model_code_does_not_contain_regexp_pattern", code="MO007",
          takes=(needed("regexp_pattern", "given"),), filled=absent("model.code.text"),
          says="not say what the pattern forbids"),
    Check("check_macro_code_does_not_contain_regexp_pattern", "macro", code="MA002",
          takes=(needed("regexp_pattern", "given"),), filled=absent("macro.text"),
          says="not say what the pattern forbids"),
    Check("check_model_has_semi_colon", code="MO010", expr="!model.code.text.trim().endsWith(';')",
          says="not end with a semicolon"),
    Check("check_model_does_not_use_cartesian_join", code="MO052", when="model.language == 'sql'",
          takes=(Takes("allow_explicit_cross_join", "given", False),), filled=_bounded_joins,
          says="give every join a condition", near="ClickHouse's `array join` needs none."),
    Check("check_duplicate_sources", "source", code="SO005", expr="size(source.duplicates) == 0",
          says="be declared once"),
    Check("check_source_top_level_description_populated", "source", code="SO017", takes=(LENGTH,),
          expr=described("source.source_description"),
          says="belong to a source with a description of at least $min_description_length characters"),
    Check("check_macro_max_number_of_arguments", "macro", code="MA006",
          takes=(Takes("max_number_of_arguments", "number", 4),),
          expr="size(macro.parameters) <= $max_number_of_arguments",
          says="take $max_number_of_arguments arguments at most",
          near="Those of a generic test count too."),
    meta_keys("test", "TE001", near=_ENABLED),
    tagged("test", "TE002", near=_ENABLED),
    Check("check_test_has_where_config", "test", code="TE003", takes=(Takes("regexp_pattern", "given"),),
          filled=_where, says="say which rows it looks at", near=_ENABLED),
)  # fmt: skip
