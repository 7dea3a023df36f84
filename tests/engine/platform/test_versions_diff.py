from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli import floe, ok
from tests.engine.upgrade.projects import GOOD, HALF, write_project
from tests.teams import PlatformTeam, manifest

STRICTER = manifest("2.0.0", coverage=100)


@pytest.fixture
def team(platform: PlatformTeam) -> PlatformTeam:
    """A team that has published v1.0.0 and works on something stricter."""
    platform.publish("1.0.0")
    (platform.directory / "manifest.yaml").write_text(STRICTER)
    return platform


def projects(folder: Path) -> Path:
    """Two projects, of which one has a model at half the coverage."""
    write_project(folder / "sales", {"bronze_a": HALF}, name="sales")
    write_project(folder / "hr", {"bronze_a": GOOD}, name="hr")
    return folder


def test_a_published_version_is_compared_with_the_working_copy_and_its_lines(team: PlatformTeam) -> None:
    out = ok(floe(team.directory, "platform", "diff", "v1.0.0", "--registry", team.registry)).out
    assert out.splitlines()[0] == "MAJOR  COV001  test coverage raised"
    assert "manifest.yaml:10:42: test coverage must reach 100% (was 80%)" in out
    assert out.splitlines()[-1] == "1 change; a major version is needed."


def test_a_side_may_be_a_tag_a_digest_a_reference_a_directory_or_a_manifest(team: PlatformTeam) -> None:
    old = team.repository.resolve("v1.0.0")
    assert old is not None
    artifacts = team.directory / ".floe" / "artifacts"  # what publishing v1.0.0 built
    elsewhere = team.directory.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "manifest.yaml").write_text(STRICTER)
    kinds = [
        ("v1.0.0", "manifest.yaml"),
        ("v1.*.*", "."),
        (old.digest, str(elsewhere)),
        (f"{team.registry}:v1.0.0", str(elsewhere / "manifest.yaml")),
        (str(artifacts), "manifest.yaml"),
    ]
    for first, second in kinds:
        ran = floe(
            team.directory, "platform", "diff", first, second, "-o", "json", "--registry", team.registry
        )
        changes = ok(ran).json["changes"]
        assert [change["rule"] for change in changes["changes"]] == ["COV001"], (first, second)
        assert changes["changes"][0]["oldPlace"] is None
        assert changes["changes"][0]["newPlace"]["line"] == 10


def test_two_manifests_show_the_line_of_both(team: PlatformTeam) -> None:
    other = team.directory.parent / "other"
    other.mkdir()
    (other / "manifest.yaml").write_text("# one line further down\n" + manifest("1.0.0"))
    arguments = ("platform", "diff", str(other), "manifest.yaml")
    change = ok(floe(team.directory, *arguments, "-o", "json")).json["changes"]["changes"][0]
    assert (change["oldPlace"]["line"], change["newPlace"]["line"]) == (11, 10)
    unified = ok(floe(team.directory, *arguments, "--unified")).out.splitlines()
    assert unified[2].endswith(f"-{other}/manifest.yaml:11:42 +manifest.yaml:10:42 @@ COV001 major")
    assert unified[3:5] == ["-80", "+100"]


@pytest.mark.parametrize("columns", ["59", "60", "100"])
def test_side_by_side_fits_the_terminal_and_is_unified_where_that_is_narrow(
    team: PlatformTeam, columns: str
) -> None:
    arguments = ("platform", "diff", "v1.0.0", "--side-by-side", "--registry", team.registry)
    lines = ok(floe(team.directory, *arguments, env={"COLUMNS": columns, "NO_COLOR": "1"})).out.splitlines()
    if columns == "59":
        assert lines[0] == "--- v1.0.0"
        assert {"-80", "+100"} <= set(lines)
    else:
        column = (int(columns) - 5) // 2
        assert f"~ {'80':<{column}} │ 100" in lines
        assert all(len(line) <= int(columns) for line in lines)


def test_a_manifest_that_is_not_there_is_said_to_be_missing(team: PlatformTeam, tmp_path: Path) -> None:
    for directory, arguments in ((tmp_path, ("v1.0.0",)), (team.directory, ("v1.0.0", "manifst.yaml"))):
        ran = floe(directory, "platform", "diff", *arguments, "--registry", team.registry)
        assert ran.code == 2
        assert f"there is no {arguments[-1] if len(arguments) > 1 else 'manifest.yaml'} here" in ran.err


def test_exit_code_is_1_on_changes_only_where_it_is_asked_for(team: PlatformTeam) -> None:
    def code(*arguments: str) -> int:
        return floe(team.directory, "platform", "diff", *arguments, "--registry", team.registry).code

    assert code("v1.0.0") == 0
    assert code("v1.0.0", "--exit-code") == 1
    assert code("v1.0.0", "v1.0.0", "--exit-code") == 0
    (team.directory / "manifest.yaml").write_text(manifest("1.1.0", coverage=70))
    assert code("v1.0.0", "--exit-code") == 1
    assert code("v1.0.0", "--exit-code", "--breaking") == 0


def test_one_project_is_shown_in_detail_and_a_folder_of_them_as_a_table(
    team: PlatformTeam, tmp_path: Path
) -> None:
    folder = projects(tmp_path / "products")

    def diff(*arguments: str) -> str:
        ran = floe(team.directory, "platform", "diff", "v1.0.0", *arguments, "--registry", team.registry)
        assert ran.code == 0, ran.err
        return ran.out

    (team.directory / "manifest.yaml").write_text(manifest("2.0.0", coverage=40))
    resolved = diff("--impact", str(folder / "sales"))
    assert "1 resolved" in resolved and "FLOE-E210 bronze_a" in resolved and "by COV002" in resolved
    table = diff("--impact", str(folder))
    assert "0 of 2 projects would break (2 models)." in table
    several = diff("--impact", str(folder / "sales"), "--impact", str(folder / "hr"))
    assert "0 of 2 projects would break (2 models)." in several


def test_exit_code_with_breaking_and_impact_asks_whether_a_project_would_break(
    platform: PlatformTeam, tmp_path: Path
) -> None:
    platform.publish("1.0.0", text=manifest("1.0.0", coverage=50))
    (platform.directory / "manifest.yaml").write_text(manifest("2.0.0", coverage=80))
    folder = projects(tmp_path / "products")

    def diff(project: str, *arguments: str) -> tuple[int, str]:
        ran = floe(
            platform.directory, "platform", "diff", "v1.0.0", "--registry", platform.registry,
            "--exit-code", "--breaking", "--impact", str(folder / project), *arguments,
        )  # fmt: skip
        return ran.code, ran.out

    assert diff("hr")[0] == 0
    code, text = diff("sales")
    assert (code, "✗ new" in text, "by COV001" in text) == (1, True, True)
    code, markdown = diff(".", "-o", "markdown")
    assert (code, "**1 of 2 projects would break.**" in markdown) == (1, True)
    code, annotations = diff(".", "-o", "github")
    assert "::error title=breaks sales::1 finding would stop the build of sales (by COV001)" in annotations
    assert annotations.startswith("::error file=manifest.yaml,line=10,col=42,title=COV001")
    code, document = diff(".", "-o", "json")
    assert json.loads(document)["blastRadius"]["causes"] == [{"rule": "COV001", "projects": 1, "findings": 1}]


def test_what_cannot_be_compared_is_said_plainly(team: PlatformTeam, tmp_path: Path) -> None:
    def code(*arguments: str) -> tuple[int, str]:
        ran = floe(team.directory, "platform", "diff", *arguments, "--registry", team.registry)
        return ran.code, ran.err

    (tmp_path / "empty").mkdir()
    assert code("nonsense")[0] == 2
    assert code("v9.9.9")[0] == 3
    assert code("v1.0.0", str(tmp_path / "empty"))[0] == 2
    assert code("v1.0.0", "--unified", "--side-by-side")[0] == 2
    assert code("v1.0.0", "--executor", "tcp://127.0.0.1:1")[0] == 2
    answer, said = code("v1.0.0", "--impact", str(tmp_path / "empty"))
    assert (answer, "there is no project to judge" in said) == (4, True)
    (team.directory / "manifest.yaml").write_text("apiVersion: [\n")
    answer, said = code("v1.0.0")
    assert (answer, "manifest.yaml is not valid" in said) == (2, True)


def test_a_dask_cluster_judges_the_same_fleet(team: PlatformTeam, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    folder = projects(tmp_path / "products")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        cluster.wait_for_workers(2)
        ran = floe(
            team.directory, "platform", "diff", "v1.0.0", "--registry", team.registry,
            "--impact", str(folder), "--executor", cluster.scheduler_address, "-o", "json",
        )  # fmt: skip
    radius = ok(ran).json["blastRadius"]
    assert [(row["directory"], row["models"], row["problem"]) for row in radius["projects"]] == [
        ("hr", 1, ""), ("sales", 1, ""),
    ]  # fmt: skip
