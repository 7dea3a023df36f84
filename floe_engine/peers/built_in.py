"""Checks of the peers that floe has built in: which setting asks the same, and the policy rules behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from floe_engine.peers.carrying import Arguments, NotCarried, expression


class BuiltIn(Struct, frozen=True):
    """A setting of manifest.yaml that asks what a check asks."""

    setting: str
    """Dotted: ``governance.sources.require``."""
    rules: tuple[str, ...]
    """IDs of the policy rules that then judge."""
    value: Callable[[Arguments], Any]
    """What the setting is; None where it cannot say what the check is given."""
    near: str = ""
    """Where the setting means something else than the check, as a sentence."""


_EXPOSURES, _SOURCES = "governance.exposures.require", "governance.sources.require"
_GRAPH, _CODE, _MACROS = "governance.graph", "governance.code", "governance.macros"
_BUILT, _STRUCTURE = "governance.materialization", "governance.structure.require"
_NOT_EMPTY = "A value that is empty does not count."
_CHILD = "It is told of the model that selects."
_ANY_CASE = "Names are compared without regard to case."
_ONCE = "It is told once for a source, and not for each of its tables."
_JUDGED = "A limit that dbt cannot judge, for want of a column that tells the age of rows, does not count."
_GATES, _WRITTEN = "governance.quality_gates", "governance.documentation"


def _always(value: Any) -> Callable[[Arguments], Any]:
    return lambda given: value


def _word(setting: str, word: str, rule: str, near: str = "") -> BuiltIn:
    return BuiltIn(setting, (rule,), _always([word]), near)


def _true(setting: str, rule: str, near: str = "") -> BuiltIn:
    return BuiltIn(setting, (rule,), _always(True), near)


def _number(setting: str, rule: str, name: str, less: int = 0, near: str = "") -> BuiltIn:
    """A number that the check is given, or so much less."""

    def value(given: Arguments) -> Any:
        number = given[name]
        whole = isinstance(number, int) and not isinstance(number, bool) and 1 <= number - less <= 1_000_000
        return number - less if whole else None

    return BuiltIn(setting, (rule,), value, near)


def _if(name: str, wanted: Any, built: BuiltIn) -> BuiltIn:
    """Where the check is given something, in any order where that is a list."""

    def value(given: Arguments) -> Any:
        said = given[name]
        same = (
            isinstance(said, list) and sorted(map(str, said)) == sorted(wanted)
            if isinstance(wanted, list)
            else said is wanted or (said == wanted and type(said) is type(wanted))
        )
        return built.value(given) if same else None

    return BuiltIn(built.setting, built.rules, value, built.near)


def _texts(given: Arguments, name: str) -> list[str] | None:
    """A list of names, or one of them; None where that is not what stands there."""
    listed = [given[name]] if isinstance(given[name], str) else given[name]
    named = isinstance(listed, list) and listed and all(isinstance(each, str) and each for each in listed)
    return list(dict.fromkeys(listed)) if named else None


def _listed(setting: str, rule: str, name: str) -> BuiltIn:
    return BuiltIn(setting, (rule,), lambda given: _texts(given, name))


def _described(kind: str, near: str = "") -> BuiltIn:
    setting = f"{_WRITTEN}.descriptions.{kind}"
    return _number(setting, "FLOE-E300", "min_description_length", near=near)


def _any_description(kind: str) -> BuiltIn:
    near = "Blanks, `none`, `null` and `n/a` describe nothing." + (
        f" {_ONCE}" if kind == "source_group" else ""
    )
    return BuiltIn(f"{_WRITTEN}.descriptions.{kind}", ("FLOE-E300",), _always(1), near)


def _meta(kind: str, option: str, plain: Callable[[Arguments, list[str]], bool]) -> BuiltIn:
    """Keys of meta that must be there, where the check is given nothing that a setting cannot say."""

    def value(given: Arguments) -> Any:
        keys = _texts(given, option)
        return [{"key": key} for key in keys] if keys and plain(given, keys) else None

    return BuiltIn(f"{_WRITTEN}.meta.{kind}", ("FLOE-E301",), value, _NOT_EMPTY)


def _keys(kind: str) -> BuiltIn:
    def plain(given: Arguments, keys: list[str]) -> bool:  # nested ones are asked in CEL
        return given.get("criteria", "all") == "all" and not any("." in key for key in keys)

    return _meta(kind, "keys", plain)


def _hook_keys(kind: str) -> BuiltIn:
    return _meta(kind, "meta_keys", lambda given, keys: given["allow_extra_keys"] is True)


def _tags(kind: str) -> BuiltIn:
    return _if("criteria", "all", _listed(f"{_WRITTEN}.tags.{kind}", "FLOE-E302", "tags"))


def _column_test(given: Arguments) -> Any:
    pattern, test = given["column_name_pattern"], given["test_name"]
    if not isinstance(pattern, str) or not isinstance(test, str) or not test:
        return None
    text = pattern.strip().removeprefix("^")
    if "|" in text:
        text = f"(?:{text})"
    whole = text.removesuffix("$") if text.endswith("$") and not text.endswith("\\$") else f"{text}.*"
    expression(whole)
    return [{"pattern": whole, "test": test}]


def _forbidden(given: Arguments) -> Any:
    pattern = given["regexp_pattern"]
    if not isinstance(pattern, str):
        return None
    whole = f"^(?s:{pattern.strip()})"
    expression(whole)
    return [whole]


def _complete(kind: str) -> BuiltIn:
    return _word(f"{_WRITTEN}.complete_columns", kind, "FLOE-E304", _ANY_CASE)


_VIEWS = ["ephemeral", "view"]
_COLUMN_TESTS = BuiltIn(f"{_GATES}.column_tests", ("FLOE-E380",), _column_test, _ANY_CASE)
_DECLARED_COLUMNS = _true(f"{_GATES}.require_declared_columns", "FLOE-E224")
_SOURCES_ONLY = _true(f"{_GATES}.require_sources", "FLOE-E223")
_ONE_SOURCE = BuiltIn(f"{_GRAPH}.max_sources", ("FLOE-E332",), _always(1))
_PUBLIC_PARENTS = _word(_EXPOSURES, "public_parents", "FLOE-E323")

BUILT_IN: Mapping[str, BuiltIn] = {
    # dbt-bouncer
    "check_model_hard_coded_references": _SOURCES_ONLY,
    "check_columns_are_all_documented": _DECLARED_COLUMNS,
    "check_model_columns_have_types": _true("catalog.schema_registry.require_data_types", "FLOE-E274"),
    "check_model_has_unit_tests":
        _if("min_number_of_unit_tests", 1, _word(f"{_GATES}.required_tests", "unit_test", "FLOE-E236")),
    "check_model_column_has_specified_test": _COLUMN_TESTS,
    "check_column_has_specified_test": _COLUMN_TESTS,
    **{f"check_{kind}_description_populated": _described(kind)
       for kind in ("model", "column", "source", "seed", "snapshot", "exposure", "macro")},
    "check_model_column_description_populated": _described("column"),
    "check_source_top_level_description_populated": _described("source_group", _ONCE),
    "check_macro_arguments_description_populated": _described("argument"),
    "check_column_descriptions_are_consistent":
        _true(f"{_WRITTEN}.one_description", "FLOE-E303",
              "It is told at each column whose words are not the usual ones."),
    **{f"check_{kind}_has_meta_keys": _keys(kind)
       for kind in ("model", "source", "seed", "snapshot", "exposure", "macro", "test")},
    "check_model_columns_have_meta_keys": _keys("column"),
    **{f"check_{kind}_has_tags": _tags(kind) for kind in ("model", "source", "snapshot", "test")},
    "check_source_freshness_populated": _word(_SOURCES, "freshness", "FLOE-E310", _JUDGED),
    "check_source_loader_populated": _word(_SOURCES, "loader", "FLOE-E311"),
    "check_source_has_tests": _if("min_number_of_tests", 1, _word(_SOURCES, "tests", "FLOE-E312")),
    "check_source_not_orphaned": _word(_SOURCES, "used", "FLOE-E313"),
    "check_source_used_by_only_one_model": _word(_SOURCES, "one_child", "FLOE-E314"),
    "check_source_used_by_models_in_same_directory": _word(_SOURCES, "same_folder", "FLOE-E315"),
    "check_duplicate_sources": _word(_SOURCES, "unique", "FLOE-E316"),
    "check_exposure_has_owner":
        _if("required_fields", ["email"], _word(_EXPOSURES, "owner_email", "FLOE-E321")),
    "check_exposure_based_on_non_public_models": _PUBLIC_PARENTS,
    "check_exposure_based_on_view":
        _if("materializations_to_include", _VIEWS, _word(_EXPOSURES, "no_views", "FLOE-E324")),
    "check_semantic_model_based_on_non_public_models":
        _word("governance.semantic_models.require", "public_parents", "FLOE-E326"),
    "check_model_max_fanout": _number(f"{_GRAPH}.max_children", "FLOE-E330", "max_downstream_models"),
    "check_model_min_downstream_models":
        _number(f"{_GRAPH}.min_children", "FLOE-E331", "min_number_of_models"),
    "check_model_depends_on_multiple_sources": _ONE_SOURCE,
    "check_model_max_chained_views":
        _if("package_name", None,
            _if("materializations_to_include", _VIEWS,
                _number(f"{_GRAPH}.max_view_chain", "FLOE-E333", "max_chained_views", 1))),
    "check_model_does_not_rejoin_upstream_concepts": _word(f"{_GRAPH}.forbid", "rejoining", "FLOE-E334"),
    "check_model_has_no_upstream_dependencies": _word(f"{_GRAPH}.forbid", "roots", "FLOE-E335"),
    "check_model_does_not_directly_join_to_source":
        _word(f"{_GRAPH}.forbid", "mixed_parents", "FLOE-E336"),
    "check_model_version_pinned_in_ref": _word(f"{_GRAPH}.forbid", "unpinned_refs", "FLOE-E337", _CHILD),
    "check_model_incremental_has_unique_key": _word(f"{_BUILT}.require", "incremental_key", "FLOE-E340"),
    "check_snapshot_has_unique_key": _word(f"{_BUILT}.require", "snapshot_key", "FLOE-E341"),
    "check_snapshot_strategy": _listed(f"{_BUILT}.snapshot_strategies", "FLOE-E342", "allowed_strategies"),
    "check_model_materialization_by_fanout":
        _if("materializations", ["incremental", "table"],
            _number(f"{_BUILT}.max_children_of_view", "FLOE-E343", "min_downstream_models", 1,
                    "What is neither a view nor ephemeral passes.")),
    "check_model_materialization_permitted":
        _listed(f"{_BUILT}.allowed", "FLOE-E344", "permitted_materializations"),
    "check_model_does_not_use_select_star": _word(f"{_CODE}.forbid", "select_star", "FLOE-E350"),
    "check_model_does_not_use_cartesian_join":
        _if("allow_explicit_cross_join", False, _word(f"{_CODE}.forbid", "cartesian_joins", "FLOE-E351")),
    "check_model_has_semi_colon": _word(f"{_CODE}.forbid", "final_semicolon", "FLOE-E352"),
    "check_model_code_does_not_contain_regexp_pattern":
        BuiltIn(f"{_CODE}.forbidden_patterns", ("FLOE-E353",), _forbidden),
    "check_model_max_number_of_lines": _number(f"{_CODE}.max_lines", "FLOE-E354", "max_number_of_lines"),
    "check_macro_is_used": _word(f"{_MACROS}.require", "used", "FLOE-E360"),
    "check_macro_name_matches_file_name": _word(f"{_MACROS}.require", "file_name", "FLOE-E361"),
    "check_macro_max_number_of_arguments":
        _number(f"{_MACROS}.max_arguments", "FLOE-E362", "max_number_of_arguments"),
    "check_macro_max_number_of_lines": _number(f"{_MACROS}.max_lines", "FLOE-E363", "max_number_of_lines"),
    "check_model_has_properties_file": _word(_STRUCTURE, "properties_file", "FLOE-E370"),
    "check_model_documented_in_same_directory": _word(_STRUCTURE, "beside", "FLOE-E371"),
    "check_seed_columns_are_all_documented": _complete("seed"),
    "check_source_columns_are_all_documented": _complete("source"),
    "check_model_grain_is_tested": _word(f"{_GATES}.required_tests", "unique_pk", "FLOE-E231"),
    "check_model_has_grain": _word(f"{_GATES}.required_tests", "not_null_pk", "FLOE-E230"),
    # dbt-checkpoint
    "check-source-has-all-columns": _complete("source"),
    "check-script-has-no-table-name": _SOURCES_ONLY,
    "check-model-has-all-columns": _DECLARED_COLUMNS,
    "check-model-has-description": _any_description("model"),
    "check-model-columns-have-desc": _any_description("column"),
    "check-source-has-description": _any_description("source_group"),
    "check-source-table-has-description": _any_description("source"),
    "check-macro-has-description": _any_description("macro"),
    "check-macro-arguments-have-desc": _any_description("argument"),
    **{f"check-{kind}-has-meta-keys": _hook_keys(kind)
       for kind in ("model", "source", "macro", "exposure", "seed", "snapshot")},
    "check-model-has-properties-file": _word(_STRUCTURE, "properties_file", "FLOE-E370"),
    "check-source-has-loader": _word(_SOURCES, "loader", "FLOE-E311"),
    "check-source-has-tests": _if("test_cnt", 1, _word(_SOURCES, "tests", "FLOE-E312")),
    "check-script-semicolon": _word(f"{_CODE}.forbid", "final_semicolon", "FLOE-E352"),
    # dbt-project-evaluator
    "fct_hard_coded_references": _SOURCES_ONLY,
    "fct_direct_join_to_source": _word(f"{_GRAPH}.forbid", "mixed_parents", "FLOE-E336"),
    "fct_duplicate_sources": _word(_SOURCES, "unique", "FLOE-E316"),
    "fct_multiple_sources_joined": _ONE_SOURCE,
    "fct_rejoining_of_upstream_concepts": _word(f"{_GRAPH}.forbid", "rejoining", "FLOE-E334"),
    "fct_root_models": _word(f"{_GRAPH}.forbid", "roots", "FLOE-E335"),
    "fct_source_fanout": _word(_SOURCES, "one_child", "FLOE-E314"),
    "fct_too_many_joins": _number(f"{_GATES}.max_parents", "FLOE-E222", "too_many_joins_threshold", 1),
    "fct_unused_sources": _word(_SOURCES, "used", "FLOE-E313"),
    "fct_undocumented_models": _any_description("model"),
    "fct_undocumented_sources": _any_description("source_group"),
    "fct_undocumented_source_tables": _any_description("source"),
    "fct_sources_without_freshness": _word(_SOURCES, "freshness", "FLOE-E310", _JUDGED),
    "fct_chained_views_dependencies":
        _number(f"{_GRAPH}.max_view_chain", "FLOE-E333", "chained_views_threshold"),
    "fct_exposure_parents_materializations":
        BuiltIn(_EXPOSURES, ("FLOE-E324", "FLOE-E325"), _always(["no_views", "no_sources"])),
    "fct_exposures_dependent_on_private_models": _PUBLIC_PARENTS,
}  # fmt: skip
"""Check to the setting, by the names that the peers' configurations have for them."""


def built_in(check: str, given: Arguments) -> tuple[BuiltIn, Any] | None:
    """The setting that asks what a check asks, and what it is; None where floe asks it in CEL alone."""
    built = BUILT_IN.get(check)
    if built is None:
        return None
    try:
        value = built.value(given)
    except NotCarried:
        return None
    return None if value is None else (built, value)
