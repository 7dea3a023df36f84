"""Lines whose mutants got past every test once: boundaries, orders and second answers.

``scripts/mutants.py`` changes each of these lines and expects a test to fail.
"""

from __future__ import annotations

import runpy
from datetime import date, timedelta
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest
import requests
from msgspec.structs import replace

from floe_engine.artifact.model import Waiver
from floe_engine.artifact.paths import CLASSIFICATION, LAYER_CONSTRAINTS
from floe_engine.document.diagnostics import Position
from floe_engine.document.document import parse
from floe_engine.errors import VersionExists
from floe_engine.events import CancelToken
from floe_engine.lineage.sql_outputs import Outputs
from floe_engine.policy.finding import Finding
from floe_engine.policy.remedies import remedies
from floe_engine.signing.oidc import Invitation, browser_token, claimed
from floe_engine.upgrade.changes import diff
from tests.engine.policy.samples import TODAY, found, judge, model
from tests.engine.policy.samples import platform as a_platform
from tests.engine.project.test_dbt_source import read
from tests.engine.signing.test_oidc import visiting
from tests.engine.upgrade.artifacts import artifact
from tests.faults.sigstore_double import SigstoreDouble
from tests.teams import PlatformTeam, manifest

Setting = tuple[str, ...]

# --- document: where a position falls --------------------------------------------------------------

PLACES = """\
metadata:
  name: acme

plugins:
  - type: duckdb
    config: {a: 1, b: 2}
"""


@pytest.mark.parametrize(
    ("line", "column", "path"),
    [
        (0, 0, ("metadata",)),  # on the first letter of a key
        (4, 4, ("plugins", 0, "type")),  # on the first letter of an item
        (4, 2, ("plugins",)),  # on its dash
        (5, 17, ("plugins", 0, "config", "a")),  # right behind a value in braces
        (5, 18, ("plugins", 0, "config")),  # behind the comma, before the next key
        (5, 19, ("plugins", 0, "config", "b")),
        (5, 24, ("plugins", 0, "config")),  # right behind the brace
        (6, 2, ("plugins",)),  # below the dash, where the next item would begin
        (6, 3, ("plugins", 0)),
    ],
)
def test_a_position_at_the_edge_of_a_value_has_the_path_of_what_it_touches(
    line: int, column: int, path: tuple[str | int, ...]
) -> None:
    assert parse(PLACES).path_at(Position(line, column)) == path


# --- signing in: the first answer counts -----------------------------------------------------------


class Patient(CancelToken):
    """Looks for an answer only after two have come."""

    def __init__(self, both: Event) -> None:
        super().__init__()
        self.both = both

    def sleep(self, seconds: float) -> None:
        self.both.wait(10)
        super().sleep(seconds)


def test_a_second_answer_does_not_take_the_place_of_the_first() -> None:
    both = Event()

    def twice(invitation: Invitation) -> None:
        page = requests.get(invitation.link, timeout=10, allow_redirects=False)
        while "/auth/callback" not in urlsplit(page.headers["Location"]).path:
            page = requests.get(page.headers["Location"], timeout=10, allow_redirects=False)
        callback = page.headers["Location"]
        state = callback.partition("state=")[2].partition("&")[0]
        requests.get(callback, timeout=10)
        requests.get(f"{callback.partition('?')[0]}?code=stolen&state={state}", timeout=10)
        both.set()

    with SigstoreDouble() as sigstore:
        token = browser_token(sigstore.url, visiting(twice), Patient(both))
    assert claimed(token) is not None


# --- publishing: one version, whichever way its tag is written -------------------------------------


def test_a_version_that_is_published_without_its_v_is_the_same_version(tmp_path: Path) -> None:
    platform = PlatformTeam(tmp_path / "team", f"oci-layout:{tmp_path}/registry")
    platform.publish("1.0.0")
    platform.retag("v1.0.0", "1.0.0")
    platform.repository.delete_tag("v1.0.0")
    again = platform.publish("1.0.0")
    assert (again.state, again.reference.tag) == ("unchanged", "1.0.0")
    with pytest.raises(VersionExists):
        platform.publish("1.0.0", text=manifest("1.0.0", coverage=10))
    assert platform.repository.tags() == ["1.0.0"]


# --- remedies: most unblocked for an edit, then most resolved, then most dependents ----------------


def finding(
    subject: str, *, fix: str = "", folder: str = "models", blocking: bool = True, downstream: int = 0
) -> Finding:
    return Finding(
        "FLOE-E201",
        subject,
        subject,
        f"{folder}/{subject}.sql",
        suggestion=fix or subject,
        severity="error" if blocking else "warning",
        downstream=downstream,
        fix=fix,
    )


def order(*findings: Finding) -> list[str]:
    evaluation = replace(judge(a_platform()), findings=findings, checked=frozenset())
    return [remedy.title for remedy in remedies(evaluation)]


def group(fix: str, *blocking: bool, downstream: int = 0) -> list[Finding]:
    return [
        finding(f"{fix}{number}", fix=fix, blocking=stops, downstream=downstream)
        for number, stops in enumerate(blocking)
    ]


def test_what_stops_most_builds_comes_before_what_resolves_more_or_has_more_dependents() -> None:
    assert order(*group("a", False, False, False, downstream=9), *group("b", True)) == ["b", "a"]


def test_of_edits_that_unblock_as_much_the_one_that_resolves_more_comes_first() -> None:
    assert order(*group("a", True, downstream=9), *group("b", True, False)) == ["b", "a"]


def test_of_edits_that_resolve_as_much_the_one_with_more_dependents_comes_first() -> None:
    assert order(*group("a", True), *group("b", True, downstream=1)) == ["b", "a"]


def test_edits_that_are_worth_the_same_stand_by_their_titles() -> None:
    assert order(*group("b", True), *group("a", True)) == ["a", "b"]


def test_an_edit_that_many_want_counts_for_each_model_that_must_be_edited() -> None:
    same = [finding(f"m{number}", folder="models/x") for number in range(4)]
    first, second = order(*same, *group("z", True, True))
    assert first == "z"  # two for one edit; the other resolves four by four
    assert second.endswith("(and 3 others in models/x)")


def test_an_edit_is_told_once_from_three_models_of_a_folder_on() -> None:
    two, three = (order(*(finding(f"m{n}", folder="models/x") for n in range(count))) for count in (2, 3))
    assert two == ["m0", "m1"]
    assert three == ["m0 (and 2 others in models/x)"]


# --- lineage: a table that comes in twice ----------------------------------------------------------


def test_a_table_that_comes_in_twice_lets_through_what_either_lets_through() -> None:
    once, again = ({"t": frozenset(names)} for names in ("ab", "bc"))
    outputs = Outputs()
    outputs.take(Outputs(stars=dict(once)))
    outputs.take(Outputs(stars=dict(again)))
    assert outputs.stars == {"t": frozenset("b")}
    outputs.take(Outputs(stars=dict(once)), without=frozenset("c"))
    assert outputs.stars == {"t": frozenset("b")}
    other = Outputs(stars={"t": frozenset("c")})
    other.take(Outputs(stars={"t": frozenset("a")}), without=frozenset("c"))
    assert other.stars == {"t": frozenset("c")}
    first = Outputs()
    first.take(Outputs(stars=dict(once)), without=frozenset("c"))
    assert first.stars == {"t": frozenset("abc")}


# --- diff: renames ---------------------------------------------------------------------------------

SAME = {"required_tests": ["x"]}


def kinds(before: dict[Setting, object], after: dict[Setting, object]) -> list[str]:
    return [change.kind for change in diff(artifact(before), artifact(after))]


def layers(*names: str) -> dict[Setting, object]:
    return {(LAYER_CONSTRAINTS, name): SAME for name in names}


def test_one_of_two_that_went_is_no_rename() -> None:
    assert kinds(layers("a"), layers("b")) == ["renamed"]
    assert kinds(layers("a", "b"), layers("c")) == ["removed", "removed", "added"]
    assert kinds(layers("a"), layers("b", "c")) == ["removed", "added", "added"]


def test_content_that_tells_nothing_makes_no_rename() -> None:
    empty: dict[str, object] = {"required_tests": []}
    found = kinds({(LAYER_CONSTRAINTS, "a"): empty}, {(LAYER_CONSTRAINTS, "b"): empty})
    assert "renamed" not in found


def test_equal_content_at_another_kind_of_place_is_no_rename() -> None:
    rule = {"minimum_test_coverage": 10}
    before = {(CLASSIFICATION, "rules", "internal"): rule}
    after = {(CLASSIFICATION, "rules", "confidential"): rule}
    assert "renamed" not in kinds(before, after)


# --- snapshots: SQL alone --------------------------------------------------------------------------


def test_only_sql_files_of_a_snapshot_folder_hold_snapshots(tmp_path: Path) -> None:
    block = "{% snapshot NAME %}select 1 as id{% endsnapshot %}"
    project = read(
        tmp_path,
        {
            "snapshots/a.sql": block.replace("NAME", "a"),
            "snapshots/b.csv": block.replace("NAME", "b"),
            "snapshots/c.py": block.replace("NAME", "c"),
            "snapshots/d.SQL": block.replace("NAME", "d"),
        },
    )
    assert [found.name for found in project.models] == ["a", "d"]


# --- waivers: what each kind does, and until when --------------------------------------------------

ALLOWING = a_platform(governance__waiver_policy={"allow_in_product": "allow", "max_days": 30})


def waiver(**fields: object) -> Waiver:
    settings = {"id": "w", "pattern": "stg_*", "reason": "r", "owner": "o", "expires": "2025-06-30"}
    return Waiver(**{**settings, **fields})  # type: ignore[arg-type]


def test_an_exclusion_takes_a_finding_out_and_leaves_its_severity() -> None:
    (excluded,) = found(judge(ALLOWING, model("stg_a"), waivers=[waiver()]), "E201")
    assert (excluded.severity, excluded.waived, excluded.blocking) == ("error", True, False)


def test_a_downgrade_leaves_a_finding_in_the_count_as_a_warning() -> None:
    lowered = [waiver(action="downgrade")]
    (finding_,) = found(judge(ALLOWING, model("stg_a"), waivers=lowered), "E201")
    assert (finding_.severity, finding_.waived, finding_.blocking) == ("warning", False, False)


def test_of_two_waivers_the_first_decides() -> None:
    both = [waiver(action="downgrade"), waiver(id="v")]
    (first,) = found(judge(ALLOWING, model("stg_a"), waivers=both), "E201")
    (second,) = found(judge(ALLOWING, model("stg_a"), waivers=both[::-1]), "E201")
    assert (first.waived, second.waived) == (False, True)


@pytest.mark.parametrize(("days", "holds"), [(-1, False), (0, True), (30, True), (31, False)])
def test_a_waiver_holds_from_its_last_day_back_to_the_longest_that_is_allowed(days: int, holds: bool) -> None:
    until = [waiver(expires=(TODAY + timedelta(days=days)).isoformat())]
    evaluation = judge(ALLOWING, model("stg_a"), waivers=until)
    assert evaluation.passed is holds
    assert [one.waived for one in found(evaluation, "E201")] == [holds]


def test_a_day_is_a_day_of_the_calendar() -> None:
    assert date(2025, 6, 1) == TODAY
    assert not judge(ALLOWING, model("stg_a"), waivers=[waiver(expires="2025-06-31")]).passed


def test_every_mutant_changes_a_line_that_is_there() -> None:
    root = Path(__file__).parents[2]
    mutants = runpy.run_path(str(root / "scripts" / "mutants.py"))["MUTANTS"]
    for file, line, _, _ in mutants:
        assert line in (root / "floe_engine" / file).read_text(encoding="utf-8"), (file, line)
