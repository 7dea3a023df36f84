"""Compare the real dbt-bouncer with what its checks are here, on a manifest of dbt.

python scripts/compare_bouncer.py PROJECT BOUNCER

PROJECT has target/manifest.json, BOUNCER is the program (`pip install dbt-bouncer` into an environment of its
own: it is no part of ours). Every carried check is asked of every subject by both; what only one of them
refuses is printed, and the exit code is 1 where there is such a subject and no known difference.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from floe_engine.cel.values import Frame
from floe_engine.manifest.house_rule import house_rule
from floe_engine.peers.built_in import built_in
from floe_engine.peers.carrying import Check, ConfiguredCheck, arguments, rule_of
from floe_engine.peers.reading import TABLES
from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.facts.subjects import Facts, subjects
from floe_engine.policy.view import View
from floe_engine.project.dbt_manifest import read_manifest
from floe_engine.project.facts import Project
from tests.engine.policy.samples import platform
from tests.engine.variations import PLAIN, artifact_of

GIVEN: dict[str, Any] = {
    "access": "protected",
    "include": "^models",
    "keys": ["owner"],
    "layout": "per_directory",
    "types": ["STRING", "string"],
    "privilege": "select",
    "criteria": "any",
    "tags": ["daily", "nightly"],
    "test_names": ["unique", "not_null"],
    "test_name": "not_null",
    "permitted_materializations": ["table", "incremental"],
    "permitted_sub_directories": ["staging", "marts"],
    "required_constraint_types": ["primary_key"],
    "column_name_pattern": "^.*_id$",
    "project_name_pattern": "^k",
    "required_fields": ["email"],
    "permitted_formats": ["csv"],
    "meta_key": "pii",
    "target_model_pattern": None,
    "target_column_pattern": None,
    "type_pattern": None,
    "alias_pattern": "^(stg|dim|fct)_",
    "materializations_to_include": ["view", "ephemeral"],
    "package_name": None,
    "require_explicit_alias": False,
    "allow_explicit_cross_join": False,
    "required_macros": ["dbt_utils.star", "dbt_utils.union_relations"],
    "regexp_pattern": ".*the.*",
    "allowed_strategies": ["timestamp"],
}
KINDS: dict[str, Any] = {"number": 2, "share": 50, "match": "^(stg|dim|fct)_", "dotall": ".*the.*"}


def given_to(check: Check) -> dict[str, Any]:
    """What a check is given here."""
    found = {each.name: GIVEN.get(each.name, KINDS.get(each.kind)) for each in check.takes}
    found.pop("case_sensitive", None)
    return {name: value for name, value in found.items() if value is not None}


def main(arguments: Sequence[str]) -> int:
    """Ask both, and print what differs."""
    directory, program = Path(arguments[0]), arguments[1]
    carried = (row for row in TABLES["dbt-bouncer"] if row.carried and (row.expr or row.filled))
    rows = [row for row in carried if row.code[:2] != "CA"]
    theirs = bouncer(directory, program, rows)
    project = read_manifest(directory / "target" / "manifest.json", directory)
    view = View(platform(), project)
    facts = Facts(view)
    same = asked = bites = 0
    wrong = []
    for row in rows:
        rule = rule_of(row, ConfiguredCheck(row.name, given_to(row)))
        ready = house_rule(row.subject, rule.get("when", ""), rule["expr"], rule["message"])
        ours: set[str] = set()
        named: set[str] = set()
        unknown: set[str] = set()
        for subject, column, values in subjects(facts, row.subject):
            label = subject if isinstance(subject, str) else getattr(subject, "unique_id", str(subject))
            verdict = ready.ask_on(Frame(10_000_000), *values).answer
            (ours if verdict == "fail" else unknown if verdict == "unknown" else set()).add(label)
            if verdict == "fail":
                name = subject if isinstance(subject, str) else subject.label
                named.add(name if column is None else f"{name}.{column.name}")
        if row.subject == "project":
            ours, refused = {"project"} if ours else set(), {"project"} if theirs.get(row.name) else set()
        else:
            refused = theirs.get(row.name, set())
        setting = by_setting(row, project)
        if setting is not None and setting != named and row.name not in OTHERWISE:
            wrong.append(row.name)
            print(f"{row.name}: the setting and the rule differ on {sorted(setting ^ named)[:3]}")
        asked += 1
        bites += bool(refused)
        differ = (ours ^ refused) - unknown
        same += not differ and not unknown
        if differ:
            wrong.append(row.name)
            print(f"{row.name}: only here {len(ours - refused)}, only there {len(refused - ours)}", end=" ")
            print(sorted(ours - refused)[:2], sorted(refused - ours)[:2], row.near)
        if unknown:
            print(f"{row.name}: {len(unknown)} not judged here")
    print(
        f"{same} of {asked} checks refuse the same subjects; {bites} refuse some, "
        f"{sum(map(len, theirs.values()))} in all"
    )
    return int(bool(wrong))


OTHERWISE = {
    "check_column_descriptions_are_consistent",
    "check_model_column_has_specified_test",
    "check_model_version_pinned_in_ref",
    "check_source_top_level_description_populated",
}
"""Checks whose setting is about other subjects, or names in any case: see docs/coming-from.md."""


def by_setting(check: Check, project: Project) -> set[str] | None:
    """What the setting refuses that asks the same; None where there is none."""
    found = built_in(check.name, arguments(check, given_to(check)))
    if found is None:
        return None
    built, value = found
    artifact = artifact_of(PLAIN, (built.setting, value))
    assert artifact is not None, built.setting
    view = View(artifact.platform, project)
    rules = [rule for name in built.rules if (rule := rule_by_id(name)) is not None]
    told = [each for rule in rules for _, found in rule.examine(view) for each in found]
    return {each.subject for each in told if each.parameter != "unread"}


def bouncer(directory: Path, program: str, rows: list[Check]) -> dict[str, set[str]]:
    """Check to the unique_ids that dbt-bouncer refuses."""
    entries = [{"name": row.name, **given_to(row)} for row in rows]
    config = {"dbt_artifacts_dir": str(directory / "target"), "manifest_checks": entries}
    with tempfile.TemporaryDirectory() as scratch:
        file, result = Path(scratch, "dbt-bouncer.yml"), Path(scratch, "out.json")
        file.write_text(json.dumps(config))
        options = ["--config-file", str(file), "--output-file", str(result), "--output-format", "json"]
        done = subprocess.run([program, "run", *options], capture_output=True, text=True, check=False)
        if not result.exists():
            raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
        found: dict[str, set[str]] = {}
        for each in json.loads(result.read_text()):
            if each["outcome"] not in ("success", "passed"):
                name, _, rest = each["check_run_id"].partition(":")
                found.setdefault(name, set()).add(each.get("unique_id") or rest)
        return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
