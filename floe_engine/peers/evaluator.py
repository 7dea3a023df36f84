"""dbt-project-evaluator's rules (1.3) and their equals here; what they are given are its variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from floe_engine.peers.bouncer import CHECKS as BOUNCER
from floe_engine.peers.carrying import Arguments, Check, NotCarried, Takes, literal

VARIABLES: Mapping[str, Any] = {
    "models_fanout_threshold": 3,
    "too_many_joins_threshold": 7,
    "chained_views_threshold": 5,
    "documentation_coverage_target": 100,
    "test_coverage_target": 100,
    "primary_key_test_macros": [
        ["dbt.test_unique", "dbt.test_not_null"],
        ["dbt_utils.test_unique_combination_of_columns"],
    ],
    "enforced_primary_key_node_types": ["model"],
    "model_types": ["base", "staging", "intermediate", "marts", "other"],
    "base_folder_name": "base",
    "staging_folder_name": "staging",
    "intermediate_folder_name": "intermediate",
    "marts_folder_name": "marts",
    "base_prefixes": ["base_"],
    "staging_prefixes": ["stg_"],
    "intermediate_prefixes": ["int_"],
    "marts_prefixes": ["fct_", "dim_"],
    "other_prefixes": ["rpt_"],
}
"""What the package takes where a project sets nothing."""

TYPED = Takes("types", "given", required=True)
"""All variables that say which models are of which type: `types_of` finds them."""

_BOUNCER = {check.name: check for check in BOUNCER}
_OWN = "Models of installed packages are told as not known."
_NEAR = "Of folders that are named after types and lie in one another, any counts, not the nearest."
_PREFIX = "{0}.name.substring(0, {0}.name.indexOf('_') + 1)"


def types_of(variables: Mapping[str, Any]) -> dict[str, tuple[list[str], str]]:
    """Type of model to its prefixes and its folder. Raises `NotCarried` where one is no name."""
    found = {}
    listed = variables["model_types"]
    for kind in listed if isinstance(listed, list) else ():
        prefixes, folder = variables.get(f"{kind}_prefixes") or [], variables.get(f"{kind}_folder_name") or ""
        if isinstance(prefixes, str):
            prefixes = [prefixes]
        if not isinstance(kind, str) or not isinstance(folder, str) or not _names(prefixes):
            raise NotCarried(f"the prefixes or the folder of models of type {kind} are no names")
        found[kind] = (list(prefixes), folder)
    return found


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is(node: str, kinds: tuple[str, ...], given: Arguments) -> str:
    """Whether a node is a model of one of some types: by its prefix, else by its folder."""
    types = given["types"]
    prefixes = [prefix for kind in kinds for prefix in types.get(kind, ([], ""))[0]]
    folders = [types[kind][1] for kind in kinds if kind in types and types[kind][1]]
    every = [prefix for own, _ in types.values() for prefix in own]
    if not prefixes and not folders:
        raise NotCarried(f"no variable says which models are {' or '.join(kinds)}")
    prefix = _PREFIX.format(node)
    inside = " || ".join(f"{node}.path.contains({literal(f'/{folder}/')})" for folder in folders) or "false"
    return f"({prefix} in {literal(prefixes)} || !({prefix} in {literal(every)}) && ({inside}))"


def _of_types(asked: Callable[[Arguments], str], *kinds: str) -> Callable[[Arguments], str]:
    return lambda given: f"!{_is('model', kinds, given)} || {asked(given)}"


def _parents_not(*kinds: str) -> Callable[[Arguments], str]:
    def filled(given: Arguments) -> str:
        other = _is("parent", kinds, given)
        return f"model.parents.all(parent, parent.type != 'model' || parent.path == '' || !{other})"

    return filled


def _named(given: Arguments) -> str:
    every = [prefix for own, _ in given["types"].values() for prefix in own]
    return f"{_PREFIX.format('model')} in {literal(every)} || model.name == 'metricflow_time_spine'"


def _placed(given: Arguments) -> str:
    asked = []
    for kind, (prefixes, folder) in given["types"].items():
        others = [name for other, (_, name) in given["types"].items() if other != kind and name]
        if not prefixes or not others:
            continue
        elsewhere = " || ".join(f"model.path.contains({literal(f'/{name}/')})" for name in others)
        own = f" && !model.path.contains({literal(f'/{folder}/')})" if folder else ""
        asked.append(f"!({_PREFIX.format('model')} in {literal(prefixes)}{own} && ({elsewhere}))")
    staging = _is("model", ("staging",), given)
    asked.append(
        f"(!{staging} || model.parents.all(parent, "
        "parent.type != 'source' || model.folder.contains(parent.source)))"
    )
    return " && ".join(asked)


def _keyed(given: Arguments) -> str:
    asked = []
    listed = given["primary_key_test_macros"]
    for tests in listed if isinstance(listed, list) else ():
        if not _names(tests) or not tests:
            raise NotCarried("primary_key_test_macros is no list of lists of tests")
        names = [re.sub(r"^test_", "", test.rpartition(".")[2]) for test in tests]
        if len(names) == 1:
            asked.append(f"model.tests.exists(test, test.name == {literal(names[0])})")
        else:
            asked.append(
                f"model.columns.exists(column, {literal(names)}.all(name, "
                "column.tests.exists(test, test.name == name)))"
            )
    if given["enforced_primary_key_node_types"] != ["model"]:
        raise NotCarried("it is asked of more than models; write the rule for each kind")
    asked.append(
        "model.columns.exists(column, 'not_null' in column.constraints && "
        "column.tests.exists(test, test.name == 'unique'))"
    )
    return " || ".join(asked)


def _same(name: str, bouncer: str) -> Check:
    """A rule that asks what a check of dbt-bouncer asks."""
    return structs.replace(_BOUNCER[bouncer], name=name, code="")


FOLDERS: Mapping[str, tuple[Check, ...]] = {
    "dag": (
        _same("fct_direct_join_to_source", "check_model_does_not_directly_join_to_source"),
        _same("fct_duplicate_sources", "check_duplicate_sources"),
        Check("fct_hard_coded_references", when="model.language == 'sql'",
              expr="size(model.code.hard_coded) == 0", says="name no table itself"),
        Check("fct_marts_or_intermediate_dependent_on_source", takes=(TYPED,), near=_NEAR,
              filled=_of_types(lambda given: "model.parents.all(parent, parent.type != 'source')",
                               "marts", "intermediate"),
              says="select from no source, being no staging model"),
        Check("fct_model_fanout", takes=(Takes("models_fanout_threshold", "number", required=True),),
              expr="size(model.children.filter(child, child.type == 'model' && child.model_children == 0))"
                   " < $models_fanout_threshold",
              says="have fewer than $models_fanout_threshold children that nobody selects from"),
        _same("fct_multiple_sources_joined", "check_model_depends_on_multiple_sources"),
        _same("fct_rejoining_of_upstream_concepts", "check_model_does_not_rejoin_upstream_concepts"),
        _same("fct_root_models", "check_model_has_no_upstream_dependencies"),
        _same("fct_source_fanout", "check_source_used_by_only_one_model"),
        Check("fct_staging_dependent_on_marts_or_intermediate", takes=(TYPED,), near=_NEAR,
              filled=_of_types(_parents_not("marts", "intermediate"), "staging"),
              says="select from no mart and no intermediate model, being a staging model"),
        Check("fct_staging_dependent_on_staging", takes=(TYPED,), near=_NEAR,
              filled=_of_types(_parents_not("staging"), "staging"),
              says="select from no other staging model, being one"),
        Check("fct_too_many_joins", takes=(Takes("too_many_joins_threshold", "number", required=True),),
              expr="size(model.parents) < $too_many_joins_threshold",
              says="select from fewer than $too_many_joins_threshold others"),
        Check("fct_unused_sources", "source", expr="size(source.children) >= 1",
              says="be selected from by something"),
    ),
    "documentation": (
        Check("fct_documentation_coverage", "project",
              takes=(Takes("documentation_coverage_target", "share", required=True),),
              expr="double(size(project.models.filter(model, model.description != ''))) * 100.0 >= "
                   "double(size(project.models)) * $documentation_coverage_target",
              says="describe $documentation_coverage_target % of its models"),
        Check("fct_undocumented_models", expr="model.description != ''", says="have a description"),
        Check("fct_undocumented_sources", "source", expr="source.source_description != ''",
              says="belong to a source with a description"),
        Check("fct_undocumented_source_tables", "source", expr="source.description != ''",
              says="have a description"),
    ),
    "tests": (
        Check("fct_missing_primary_key_tests", filled=_keyed,
              takes=(Takes("primary_key_test_macros", "given", required=True),
                     Takes("enforced_primary_key_node_types", "given", required=True)),
              says="have tests that its key is one", near="Tests that can never fail do not count here."),
        Check("fct_test_coverage", "project", takes=(Takes("test_coverage_target", "share", required=True),),
              expr="double(size(project.models.filter(model, size(model.tests) + model.singular_tests > 0)))"
                   " * 100.0 >= double(size(project.models)) * $test_coverage_target",
              says="test $test_coverage_target % of its models"),
        _same("fct_sources_without_freshness", "check_source_freshness_populated"),
    ),
    "structure": (
        Check("fct_model_naming_conventions", takes=(TYPED,), filled=_named,
              says="begin with a known prefix"),
        Check("fct_model_directories", takes=(TYPED,), filled=_placed, near=_NEAR,
              says="lie in the folder of its type, and where it is a staging model, of its source"),
        Check("fct_source_directories", "source",
              expr="source.path.substring(0, source.path.lastIndexOf('/')).contains(source.source)",
              says="lie in a folder of its name"),
        Check("fct_test_directories", when="size(model.tests) > 0",
              expr="model.properties_path != null && model.properties_path.substring(0, "
                   "model.properties_path.lastIndexOf('/')) == model.folder",
              says="be tested in its own folder"),
    ),
    "performance": (
        Check("fct_chained_views_dependencies",
              takes=(Takes("chained_views_threshold", "number", required=True),),
              expr="model.view_chain <= $chained_views_threshold",
              says="have $chained_views_threshold views above one another at most"),
        Check("fct_exposure_parents_materializations", "exposure",
              expr="exposure.parents.all(parent, parent.type != 'source' && (parent.type != 'model' || "
                   "!(parent.materialized in ['view', 'ephemeral'])))",
              says="read from tables that dbt builds", near=_OWN),
    ),
    "governance": (
        _same("fct_exposures_dependent_on_private_models", "check_exposure_based_on_non_public_models"),
        Check("fct_public_models_without_contract", when="model.access == 'public'",
              expr="model.contract.enforced", says="enforce a contract, being public"),
        Check("fct_undocumented_public_models", when="model.access == 'public'",
              expr="model.description != '' && size(model.columns) > 0 && "
                   "model.columns.all(column, column.description != '')",
              says="be described with all its columns, being public"),
    ),
}  # fmt: skip
"""Rules by the package's models that find what breaks them, in its folders: there they are turned off."""

CHECKS: tuple[Check, ...] = tuple(check for checks in FOLDERS.values() for check in checks)
