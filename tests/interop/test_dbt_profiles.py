"""Every profile that floe writes is one that the real adapter accepts; duckdb's builds the example."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from floe_engine.files import Directory
from floe_engine.project.profiles import write_profile
from tests.engine.project.test_profiles import platform, profile
from tests.interop.dbt import run_dbt

pytestmark = pytest.mark.interop

EXAMPLE = Path(__file__).parents[2] / "examples" / "customer-analytics"

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("duckdb", {"memory_limit": "1GB", "extensions": ["parquet"], "threads": 2}),
    ("snowflake", {}),
    ("snowflake", {"authenticator": "externalbrowser", "query_tag": "floe"}),
    ("bigquery", {}),
    ("bigquery", {"method": "service-account", "priority": "batch"}),
    ("databricks", {"host": "acme.cloud.databricks.com"}),
    ("databricks", {"auth_type": "oauth"}),
    ("spark", {}),
    ("spark", {"method": "http", "cluster": "c"}),
    ("postgres", {"sslmode": "verify-full"}),
    ("redshift", {}),
    ("redshift", {"method": "iam"}),
    ("trino", {}),
    ("trino", {"method": "ldap", "session_properties": {"query_max_run_time": "1h"}}),
    ("trino", {"method": "jwt"}),
    # A number or a switch from the environment, which gives text.
    ("duckdb", {"threads": "${N_THREADS}", "is_ducklake": "${B_LAKE}"}),
    ("snowflake", {"client_session_keep_alive": "${B_KEEP}", "connect_timeout": "${N_SECONDS}"}),
    ("bigquery", {"job_execution_timeout_seconds": "${N_SECONDS}", "maximum_bytes_billed": "${N_BYTES}"}),
    ("databricks", {"threads": "${N_THREADS}"}),
    ("spark", {"method": "http", "use_ssl": "${B_SSL}", "connect_retries": "${N_TRIES}"}),
    (
        "postgres",
        {"connect_timeout": "${N_SECONDS}", "keepalives_idle": "${N_IDLE}", "retries": "${N_TRIES}"},
    ),
    ("redshift", {"ra3_node": "${B_RA3}", "autocommit": "${B_AUTO}", "port": "${A_PORT}"}),
    ("trino", {"port": "${A_PORT}", "threads": "${N_THREADS}"}),
]


def environment(text: str) -> dict[str, str]:
    """A harmless value for every variable that the profile reads."""
    names = set(re.findall(r"env_var\('+([A-Z0-9_]+)", text)) - {"FLOE_DUCKDB_PATH"}
    values = {"N": "5", "B": "false"}
    return {name: "5432" if name.endswith("PORT") else values.get(name.split("_")[0], "x") for name in names}


# One process parses all of them: starting dbt takes longer than parsing does.
PARSE_ALL = """
import json, os, sys
from dbt.cli.main import dbtRunner

for folder in sys.argv[1:]:
    with open(os.path.join(folder, "environment.json")) as stream:
        os.environ.update(json.load(stream))
    arguments = ["--quiet", "parse", "--project-dir", folder, "--profiles-dir", folder, "--no-partial-parse"]
    result = dbtRunner().invoke(arguments)
    print("RESULT", json.dumps([os.path.basename(folder), "" if result.success else str(result.exception)]))
"""


def test_every_adapter_accepts_its_profile(tmp_path: Path, require_binary: Callable[[str], str]) -> None:
    python = Path(require_binary("dbt")).resolve().parent / "python"
    if not python.exists():
        pytest.skip("dbt has no Python beside it to run it from")
    folders = []
    for number, (adapter, config) in enumerate(VARIANTS):
        text = profile(platform(adapter, **config), "shop")
        folder = tmp_path / f"{number}-{adapter}"
        (folder / "models").mkdir(parents=True)
        (folder / "models" / "a.sql").write_text("select 1 as id")
        (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
        (folder / "environment.json").write_text(json.dumps(environment(text)))
        write_profile(Directory(folder), "profiles.yml", text)
        folders.append(str(folder))
    finished = subprocess.run(
        [str(python), "-c", PARSE_ALL, *folders],
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = [line for line in finished.stdout.splitlines() if line.startswith("RESULT ")]
    results = dict(json.loads(line.removeprefix("RESULT ")) for line in lines)
    assert len(results) == len(VARIANTS), finished.stderr[-3000:]
    refused = {name: problem for name, problem in results.items() if problem and not _elsewhere(problem)}
    assert refused == {}


def _elsewhere(problem: str) -> bool:
    """Whether dbt misses a package: the adapter, or the driver that dbt-spark asks for."""
    return "Could not find adapter type" in problem or "PyHive" in problem


HOSTILE = (
    "{{ 1+1 }}",
    "{{ env_var('FLOE_TEST_SECRET') }}",
    "{% raw %}{{ 2*2 }}{% endraw %}",
    "{% endraw %}{{ 3*3 }}",
    "{# gone #}kept",
    "a}}b{{c{%d",
    "'{{'",
    "x\n{{ 4*4 }}",
)
"""Values of a platform's plugin that dbt would obey, had they reached it as they are."""


def test_jinja_in_a_plugin_s_values_is_data_to_dbt(
    tmp_path: Path, require_binary: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real dbt reads the profile, and what it has read is what the platform said, letter by letter."""
    monkeypatch.setenv("FLOE_TEST_SECRET", "stolen")
    python = Path(require_binary("dbt")).resolve().parent / "python"
    text = profile(platform(path="floe.duckdb", extensions=list(HOSTILE)), "shop")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.sql").write_text("select 1 as id")
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    write_profile(Directory(tmp_path), "profiles.yml", text)
    told = subprocess.run(
        [str(python), "-c", READ_BACK, str(tmp_path)],
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    lines = [line for line in told.stdout.splitlines() if line.startswith("READ ")]
    assert json.loads(lines[0].removeprefix("READ ")) == list(HOSTILE)


READ_BACK = """
import json, os, sys
from dbt.config.profile import read_profile
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context

set_invocation_context(os.environ)
raw = read_profile(sys.argv[1])["shop"]
output = ProfileRenderer({}).render_data(raw["outputs"][raw["target"]])
print("READ", json.dumps(output["extensions"]))
"""


def test_the_example_builds_with_the_generated_profile(
    tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    project = tmp_path / "customer-analytics"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("target", "logs", ".floe", "*.duckdb"))
    (project / ".floe").mkdir()  # `floe init` makes it
    assert (
        write_profile(Directory(project), "profiles.yml", profile(platform(), "customer_analytics"))
        == "written"
    )
    assert "ERROR=0" in run_dbt(require_binary("dbt"), project, "build")
    assert (project / ".floe" / "customer_analytics.duckdb").exists()


def test_targets_are_chosen_by_name_and_build_into_schemas_of_their_own(
    tmp_path: Path, require_binary: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/a.sql").write_text("select '{{ target.name }} {{ target.schema }}' as said")
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\nmodels: {+materialized: table}\n")
    text = profile(platform(path="it.duckdb", threads="${N_THREADS}"), "shop", ("dev", "prod"))
    write_profile(Directory(tmp_path), "profiles.yml", text)
    monkeypatch.setenv("N_THREADS", "2")
    monkeypatch.setenv("FLOE_SCHEMA_PROD", "live")
    shown = ("show", "--inline", "select said from {{ ref('a') }}", "--output", "json")
    dbt = require_binary("dbt")
    for arguments, told in (((), "dev main"), (("--target", "prod"), "prod live")):
        run_dbt(dbt, tmp_path, "run", *arguments)
        assert told in run_dbt(dbt, tmp_path, *shown, *arguments)
    monkeypatch.setenv("DBT_TARGET", "prod")
    assert "prod live" in run_dbt(dbt, tmp_path, *shown)
