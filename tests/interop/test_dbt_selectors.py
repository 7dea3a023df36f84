"""What `--select` leaves of a project, beside `dbt ls --select` on the same one: equal, or refused."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.errors import UsageError
from floe_engine.policy.named_selectors import NamedSelectors
from floe_engine.policy.selection import resolve
from floe_engine.project.changed import beside
from floe_engine.project.facts import Project
from floe_engine.project.reading import Choice, read_project
from floe_engine.project.states import STATES, State
from tests.engine.project.invented import write_files

pytestmark = pytest.mark.interop

PROJECT = {
    "dbt_project.yml": "name: shop\nprofile: shop\nmodels:\n  shop:\n    staging: {+tags: [stage]}\n"
    "    marts: {+materialized: table}\n",
    "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: ':memory:'}}}\n",
    "seeds/geo/countries.csv": "id\n1\n",
    "seeds/same.csv": "id\r\n1\r\n\r\n",
    "snapshots/old/kept.sql": "{% snapshot kept %}{{ config(unique_key='id', strategy='check', "
    "check_cols='all', target_schema='s') }} select * from {{ ref('stg_orders') }}{% endsnapshot %}",
    "snapshots/snaps.yml": "snapshots:\n  - name: snap_orders\n    relation: ref('stg_orders')\n"
    "    config: {unique_key: id, strategy: check, check_cols: all}\n",
    "models/staging/crm/_crm.yml": "sources:\n  - name: crm\n    tables: [{name: orders}, "
    "{name: people, tags: [nightly]}]\nmodels:\n  - name: stg_orders\n    columns: [{name: id, data_tests: "
    "[unique, {relationships: {arguments: {to: ref('alone'), field: id}}}]}]\n  - name: stg_people\n"
    "    config: {tags: nightly, meta: {owner: a}, group: g}\ngroups: [{name: g, owner: {name: a}}]\n",
    "models/staging/crm/stg_orders.sql": "select * from {{ source('crm', 'orders') }}",
    "models/staging/crm/stg_people.sql": "select * from {{ source('crm', 'people') }}",
    "models/marts/finance/fct_orders.sql": "{{ config(tags=['nightly', 'x.y']) }} select * from "
    "{{ ref('stg_orders') }} join {{ ref('stg_people') }} using (id)",
    "models/marts/finance/fct_sums.sql": "select * from {{ ref('fct_orders') }}, {{ ref('countries') }}",
    "models/marts/people.sql": "select * from {{ ref('stg_people') }}",
    "models/marts/people_v2.sql": "select * from {{ ref('stg_people') }}",
    "models/marts/_marts.yml": "models:\n  - name: people\n    access: public\n    latest_version: 2\n"
    "    versions: [{v: 1, defined_in: people}, {v: 2}]\nexposures:\n  - {name: board, type: dashboard, "
    "owner: {name: a}, depends_on: [ref('fct_sums'), ref('alone')]}\n",
    "models/staging.sql": "select 1 as id",
    "models/alone.sql": "select 1 as id",
}

_SELECTORS = """\
stg_orders +fct_orders stg_orders+ @stg_orders @stg_people 1+fct_sums+2 2+fct_sums @people @crm @source:crm
tag:nightly tag:x.y tag:night* +tag:nightly tag:nightly,path:models/marts stg_orders+,+fct_sums
path:models/marts path:models/marts/* path:models/*.sql path:models/** path:models/**/fct_orders.sql models/
path:models/*/crm models/marts ./models/marts path:models/staging/crm/_crm.yml seeds/geo/countries.csv
**/fct_* fct_orders.sql FCT_ORDERS file:fct_orders file:fct_*.sql models/marts/finance/fct_orders.sql
staging staging.crm marts.finance shop shop.marts shop.* staging.* marts.* fct_* *orders * fqn:*
fqn:marts.finance shop.staging.crm.stg_orders *.stg_orders *.crm.* *crm* staging.*orders
fct_order? fct_[os]* geo geo.countries
people people.v1 people.v2 people_v2 people.v* people.1 marts.people marts.people.v1 old old.kept
old.kept.kept snap_orders snapshots kept+ +kept crm orders crm.orders nope
package:shop package:this source:crm source:crm.orders source:* source:crm+ source:shop.crm.orders
exposure:board +exposure:board 1+exposure:* group:g access:public resource_type:model resource_type:source
config.materialized:table config.materialized:view config.materialized:seed config.materialized:snapshot
config.tags:nightly config.meta.owner:a config.group:g config.access:public config.contract.enforced:false
version:latest version:old version:prerelease version:none
"""

_LISTING = """
import json, sys
from dbt.cli.main import dbtRunner

here = ["--project-dir", ".", "--profiles-dir", "."]
parsed = dbtRunner().invoke(["-q", "parse", *here])
assert parsed.success, parsed.exception
dbt = dbtRunner(manifest=parsed.result)
told = {}
for select in json.load(sys.stdin):
    for option in ("--select", "--exclude"):
        listed = ["--output", "json", "--output-keys", "unique_id", option, select]
        result = dbt.invoke(["-q", "ls", *here, *listed])
        assert result.success, result.exception
        told[f"{option} {select}"] = [json.loads(line)["unique_id"] for line in result.result]
print("ANSWER", json.dumps(told))
"""


def test_every_selector_means_what_dbts_does(tmp_path: Path, require_binary: Callable[[str], str]) -> None:
    shop = write_files(tmp_path / "shop", PROJECT)
    python = Path(require_binary("dbt")).resolve().parent / "python"
    done = subprocess.run(
        [str(python), "-c", _LISTING], cwd=shop, input=json.dumps(_SELECTORS.split()), text=True,
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.rpartition("ANSWER ")[2])
    kinds = ("model", "seed", "snapshot", "source")
    for reader in ("static", "manifest"):
        project = read_project(shop, reader=reader)
        for asked, theirs in told.items():
            option, _, selector = asked.partition(" ")
            select, exclude = ([selector], []) if option == "--select" else ([], [selector])
            ours = resolve(project, select, exclude).nodes
            assert ours == {each for each in theirs if each.startswith(kinds)}, (reader, asked)


CHANGED = PROJECT | {
    "dbt_project.yml": "name: shop\nprofile: shop\nmodels:\n  shop:\n    staging: {+tags: [stage]}\n"
    "    marts: {+materialized: table, finance: {+on_schema_change: fail}}\n"
    "snapshots: {+hard_deletes: invalidate}\n",
    "seeds/geo/countries.csv": "id\n1\n2\n",
    "models/staging/crm/_crm.yml": "sources:\n  - name: crm\n    tables: [{name: orders, identifier: o}, "
    "{name: people, tags: [nightly]}, {name: added}]\nmodels:\n  - name: stg_orders\n    description: told\n"
    "  - name: stg_people\n    config: {tags: daily, meta: {owner: b}, group: g}\n"
    "groups: [{name: g, owner: {name: a}}]\n",
    "models/marts/finance/fct_sums.sql": "select 1 as x from {{ ref('fct_orders') }}, {{ ref('countries') }}",
    "models/marts/_marts.yml": "models:\n  - name: people\n    access: public\n    latest_version: 1\n"
    "    versions: [{v: 1, defined_in: people}, {v: 2}]\n",
    "models/staging/alone.sql": "select 1 as id",
    "models/relation.sql": "{{ config(alias='r') }} select 1 as id",
    "models/contract.yml": "models:\n  - {name: contract, config: {contract: {enforced: true}, "
    "materialized: table}, columns: [{name: id, data_type: bigint}]}\n"
    "  - {name: relation, config: {schema: other}}\n"
    "  - {name: persisted, description: new, config: {persist_docs: {relation: true}}}\n",
    "models/calling.sql": "select {{ outer() }} as id",
    "macros/inner.sql": "{% macro inner() %}2{% endmacro %}",
    "models/brand_new.sql": "select 1 as id",
}  # fmt: skip
"""What `PROJECT`, with `BEFORE`, becomes: a change of each kind that dbt tells apart."""

BEFORE = {
    "models/relation.sql": CHANGED["models/relation.sql"],
    "models/contract.sql": "select 1::bigint as id",
    "models/contract.yml": "models:\n  - {name: contract, config: {contract: {enforced: true}, "
    "materialized: table}, columns: [{name: id, data_type: integer}]}\n"
    "  - {name: persisted, description: old, config: {persist_docs: {relation: true}}}\n",
    "models/persisted.sql": "select 1 as id",
    "models/calling.sql": CHANGED["models/calling.sql"],
    "macros/outer.sql": "{% macro outer() %}{{ inner() }}{% endmacro %}",
    "macros/inner.sql": "{% macro inner() %}1{% endmacro %}",
}

_COMBINED = ("state:modified+", "1+state:modified.body", "state:modified.configs,state:old")
_STATES = [*(f"state:{word}" for word in STATES), *_COMBINED]

_LISTING_STATES = _LISTING.replace('"--output-keys"', '"--state", "../before/target", "--output-keys"')


@pytest.fixture(scope="module")
def shop_beside(
    tmp_path_factory: pytest.TempPathFactory, require_binary: Callable[[str], str]
) -> tuple[Path, Path, dict[str, set[str]]]:
    """A project, what it was, and what dbt's state selectors select of it."""
    folder = tmp_path_factory.mktemp("state")
    before = write_files(folder / "before", PROJECT | BEFORE)
    shop = write_files(folder / "shop", BEFORE | CHANGED)
    (shop / "models/alone.sql").unlink()  # which is in another folder now
    python = Path(require_binary("dbt")).resolve().parent / "python"
    parse = [str(python), "-m", "dbt.cli.main", "-q", "parse", "--profiles-dir", "."]
    subprocess.run(parse, cwd=before, check=True, timeout=300, capture_output=True)
    done = subprocess.run(
        [str(python), "-c", _LISTING_STATES], cwd=shop, input=json.dumps(_STATES), text=True,
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.rpartition("ANSWER ")[2])
    kinds = ("model", "seed", "snapshot", "source")
    return (
        shop,
        before,
        {
            selector: {each for each in told[f"--select {selector}"] if each.startswith(kinds)}
            for selector in _STATES
        },
    )


def selected(project: Project, selector: str, state: State) -> frozenset[str]:
    return resolve(project, [selector], [], state).nodes or frozenset()


JUDGED_TOO = {"model.shop.stg_orders", "source.shop.crm.added"}
"""A description and tests that changed, and a source that is new: modified to floe, and not to dbt."""


def test_a_state_beside_a_manifest_means_what_dbts_does(
    shop_beside: tuple[Path, Path, dict[str, set[str]]],
) -> None:
    shop, before, told = shop_beside
    project = read_project(shop, reader="manifest")
    state = beside(project, str(before / "target"))
    more = {"state:modified": JUDGED_TOO, "state:modified+": JUDGED_TOO | {"model.shop.fct_orders"}}
    less = {"state:unmodified": JUDGED_TOO}
    assert all(told.values()), "a selector that selects nothing shows nothing"
    for selector, theirs in told.items():
        theirs = theirs - less.get(selector, set()) | more.get(selector, set())
        assert selected(project, selector, state) == theirs, selector


@pytest.mark.parametrize("reader", ["static", "manifest"])
def test_what_did_not_change_is_not_modified(
    shop_beside: tuple[Path, Path, dict[str, set[str]]], reader: Choice
) -> None:
    _, before, _ = shop_beside
    project = read_project(before, reader=reader)
    state = beside(project, str(before / "target/manifest.json"))
    assert not selected(project, "state:modified", state) | selected(project, "state:new", state)
    assert selected(project, "state:unmodified", state) == set(project.by_id)


@pytest.mark.parametrize("older", ["manifest", "revision"])
def test_a_state_of_a_project_that_is_read_from_its_files_has_all_that_dbts_has(
    shop_beside: tuple[Path, Path, dict[str, set[str]]], tmp_path: Path, older: str
) -> None:
    """What cannot be told without dbt is refused."""
    shop, before, told = shop_beside
    revision = str(before / "target")
    if older == "revision":
        write_files(tmp_path, PROJECT | BEFORE)
        for command in ("init", "add -A", "-c user.name=a -c user.email=a@b.c commit -m a"):
            subprocess.run(["git", *command.split()], cwd=tmp_path, check=True, capture_output=True)
        shop, revision = write_files(tmp_path, CHANGED), "HEAD"
        (shop / "models/alone.sql").unlink()
    project = read_project(shop, reader="static")
    state = beside(project, revision)
    assert selected(project, "state:new", state) == told["state:new"]
    assert selected(project, "state:old", state) == told["state:old"]
    missed = told["state:modified"] - selected(project, "state:modified", state)
    if older == "manifest":  # of a config that nobody judges only dbt knows, and that is said
        assert "configs" in state.lacks
        assert missed == told["state:modified.configs"] & missed | {"model.shop.relation"}
        assert missed >= {"model.shop.fct_orders", "snapshot.shop.kept"}
    else:
        assert not missed
        assert selected(project, "state:unmodified", state) <= told["state:unmodified"]
    body = selected(project, "state:modified.body", state)
    assert body - {"model.shop.alone"} == told["state:modified.body"]  # to git a file that moved differs
    assert selected(project, "state:modified.macros", state) == told["state:modified.macros"]
    for word in ("configs", "relation", "contract", "persisted_descriptions"):
        with pytest.raises(UsageError, match="cannot be told"):
            selected(project, f"state:modified.{word}", state)


NAMED = """\
selectors:
  - name: text
    definition: 'tag:nightly'
  - {name: key, definition: {tag: stage}}
  - name: both_ways
    default: true
    definition: {method: fqn, value: fct_orders, parents: true, parents_depth: 1, children: true}
  - name: at
    definition: {method: fqn, value: stg_orders, childrens_parents: true}
  - name: without
    description: All of a folder but one
    definition: {method: path, value: models/marts, exclude: [people, {tag: nightly}]}
  - name: union
    definition:
      union:
        - 'tag:nightly'
        - {path: seeds}
        - exclude: [{method: package, value: shop, exclude: ['+fct_sums']}]
  - name: intersection
    definition:
      intersection:
        - {method: tag, value: nightly, indirect_selection: cautious}
        - union: [models/marts, 'config.materialized:view', {exclude: [fct_orders]}]
  - name: inherited
    definition:
      union:
        - {method: selector, value: intersection}
        - 'resource_type:seed'
        - exclude: [{method: selector, value: key}]
  - name: same
    definition: {method: selector, value: without, exclude: ['*']}
  - {name: flag, definition: {config.contract.enforced: false}}
  - {name: sources, definition: {method: source, value: crm, children: true, children_depth: 1}}
  - {name: nothing, definition: {union: []}}
"""

_NAMES = re.findall(r"name: (\w+)", NAMED)


def test_a_selector_of_selectors_yml_means_what_dbts_does(
    tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    shop = write_files(tmp_path / "shop", PROJECT | {"selectors.yml": NAMED})
    python = Path(require_binary("dbt")).resolve().parent / "python"
    listing = _LISTING.replace('("--select", "--exclude")', '("--selector",)')
    done = subprocess.run(
        [str(python), "-c", listing], cwd=shop, input=json.dumps(_NAMES), text=True,
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.rpartition("ANSWER ")[2])
    selectors = NamedSelectors.read(shop)
    assert list(selectors.definitions) == _NAMES
    for reader in ("static", "manifest"):
        project = read_project(shop, reader=reader)
        for name in _NAMES:
            theirs = {each for each in told[f"--selector {name}"] if each in project.by_id}
            assert resolve(project, [], [], named=(selectors, name)).nodes == theirs, (reader, name)
