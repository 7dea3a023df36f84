"""No shape of a value makes check or its fixes fail, or anybody wait."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from floe_engine.platform.check_platform import check_platform
from floe_engine.platform.fix_platform import mend
from floe_engine.workspace import Workspace

HEAD = 'apiVersion: floe.dev/v1\nkind: Manifest\nmetadata:\n  name: acme\n  version: "1.0.0"\n'

_VALUES = [
    "5",
    "true",
    "[1]",
    "[[a]]",
    "{a: [1]}",
    "\n   - b\n   - name: flak",
    "",
    "~",
    "1e999",
    "9" * 5000,
    "x",
]


@pytest.mark.parametrize("value", _VALUES, ids=range(len(_VALUES)))
@pytest.mark.parametrize(
    "place",
    [
        "plugins:",
        "plugins:\n compute:",
        "plugins:\n compute:\n  approved:",
        "plugins:\n compute:\n  type:",
        "plugins:\n g:\n  path:",
        "approved_plugins:\n compute:",
        "data_architecture:\n layers:",
        "data_architecture:\n layers:\n  bronze:\n   prefixes:",
        "data_architecture:\n naming:\n  name_pattern:",
        "governance:\n quality_gates:\n  minimum_test_coverage:",
        "governance:\n quality_gates:\n  layer_thresholds:",
        "governance:\n classification:\n  levels:",
        "governance:\n classification:\n  name_patterns:",
        "governance:\n access_control:\n  roles:",
        "governance:\n waivers:",
        "governance:\n custom_rules:",
        "catalog:\n namespaces:",
        "security:\n trusted_keys:",
        "policy_tests:",
    ],
)
def test_no_shape_makes_check_or_a_fix_fail(tmp_path: Path, place: str, value: str) -> None:
    mend(f"{HEAD}{place} {value}\n", workspace=Workspace.open(tmp_path))


def test_fifty_thousand_unknown_keys_are_counted_and_cost_little(tmp_path: Path) -> None:
    text = HEAD + "".join(f"k{number}: 1\n" for number in range(50_000))
    started = time.process_time()
    checked = mend(text, workspace=Workspace.open(tmp_path)).checked
    assert any("49,900 more unknown keys" in found.message for found in checked.diagnostics)
    assert len(checked.diagnostics) < 200
    assert time.process_time() - started < 10


RUNTIME_OF_A_PLATFORM = """\
plugins: {compute: {type: duckdb}}
observability: {tracing: {enabled: true}}
approved_sinks: [rest_api]
governance:
  audit_logging: enabled
  data_retention_days: 1
  naming_enforcement: strict
resource_presets: {small: {cpu_limit: 500m}}
"""


def test_what_a_whole_platforms_runtime_is_told_is_named_as_such_and_no_lookalike_is_offered(
    tmp_path: Path,
) -> None:
    found = {
        problem.message.split("`")[1]: problem
        for problem in check_platform(Workspace.open(tmp_path), text=HEAD + RUNTIME_OF_A_PLATFORM).diagnostics
    }
    moved = found.pop("naming_enforcement")
    assert moved.message.endswith("it belongs at `data_architecture.naming.enforcement`")
    assert set(found) == {
        "observability",
        "approved_sinks",
        "audit_logging",
        "data_retention_days",
        "resource_presets",
    }
    for problem in found.values():
        assert problem.message.endswith("is no part of what floe publishes")
        assert problem.fixes == ()


def test_an_enforcement_of_names_written_elsewhere_is_moved(tmp_path: Path) -> None:
    text = HEAD + "plugins: {compute: {type: duckdb}}\ngovernance:\n  naming_enforcement: strict\n"
    assert mend(
        text, workspace=Workspace.open(tmp_path)
    ).checked.manifest.data_architecture.naming.enforcement == (  # type: ignore[union-attr]
        "strict"
    )
