"""A clone is hostile: whatever git brings, no command writes, removes or leaves out what lies beyond it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli import Ran, floe, ok
from tests.engine.upgrade.projects import GOOD, write_project
from tests.teams import DataTeam, PlatformTeam, manifest

ENV = {"COSIGN_PASSWORD": "correct horse"}
TOUCHED = "$(touch PWNED)"
"""What somebody else's shell would run, had it come to stand in their file."""


@dataclass
class Attack:
    """A repository that somebody prepares, and the victim's home with the clone in it."""

    prepared: Path
    home: Path
    registry: str

    def link(self, name: str, target: str) -> None:
        path = self.prepared / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def clone(self) -> Path:
        """As git brings it: links and all, also those to nowhere, but no pipes."""
        git = ["git", "-c", "user.name=m", "-c", "user.email=m@example.com", "-C", str(self.prepared)]
        for command in (["init", "-q"], ["add", "-Af"], ["commit", "-qm", "a project"]):
            subprocess.run([*git, *command], check=True)
        target = self.home / "project"
        subprocess.run(["git", "clone", "-q", str(self.prepared), str(target)], check=True)
        return target

    def belongings(self) -> dict[str, bytes | None]:
        """Everything in the home but the clone."""
        return {
            path.relative_to(self.home).as_posix(): path.read_bytes() if path.is_file() else None
            for path in sorted(self.home.rglob("*"))
            if path.relative_to(self.home).parts[0] != "project"
        }


@pytest.fixture
def registry(tmp_path: Path) -> str:
    return f"oci-layout:{tmp_path / 'registry' / 'platform'}"


@pytest.fixture
def attack(tmp_path: Path, registry: str) -> Attack:
    """A good project on a good platform; each test adds what is bad about it."""
    PlatformTeam(tmp_path / "platform", registry).publish("1.0.0", text=manifest("1.0.0", coverage=50))
    prepared, home = tmp_path / "prepared", tmp_path / "home"
    write_project(prepared, {"bronze_a": GOOD})
    (prepared / "floe.yaml").write_text(
        "apiVersion: floe.dev/v1\nkind: DataProduct\n"
        f"platform:\n  ref: {registry}:v1.0.0\ntransforms: [{{type: dbt}}]\n"
    )
    (home / "Documents").mkdir(parents=True)
    (home / "Documents" / "thesis.txt").write_text("three years")
    (home / ".ssh").mkdir()
    (home / "victim" / "platform" / "v1.0.0").mkdir(parents=True)
    (home / "victim" / "platform" / "v1.0.0" / "manifest.json").write_text("{}")
    (home / "victim" / "platform" / ".staging-1").mkdir()
    return Attack(prepared, home, registry)


def refused(ran: Ran, *names: str) -> None:
    """Exit 2, and the component at fault is named."""
    assert ran.code == 2, (ran.code, ran.out, ran.err)
    for name in names:
        assert name in ran.err, ran.err


def held(attack: Attack, *names: str, command: str = "compile") -> Ran:
    """Run a command in the clone: refused, with the component named, and the home is as it was."""
    project, before = attack.clone(), attack.belongings()
    ran = floe(project, *command.split(), env=ENV)
    refused(ran, *names)
    assert attack.belongings() == before
    return ran


def test_a_profile_that_is_a_link_to_the_shells_own_file_is_not_written_through(attack: Attack) -> None:
    attack.link("profiles.yml", "../.bash_aliases")
    project = attack.prepared / "dbt_project.yml"
    project.write_text(f"{project.read_text()}profile: '{TOUCHED}'\n")
    held(attack, "profiles.yml", "../.bash_aliases")


@pytest.mark.parametrize("tag", ["Documents", "..", "latest", "v1", "../v1.0.0"])
def test_a_lock_whose_tag_is_no_version_is_refused(attack: Attack, tmp_path: Path, tag: str) -> None:
    data = DataTeam(attack.prepared, attack.registry)
    data.pull_pinned()
    lock = data.workspace.store.lock_path
    document = json.loads(lock.read_text())
    document["platform"]["tag"] = tag
    lock.write_text(json.dumps(document))
    shutil.rmtree(attack.prepared / ".floe" / "platform")
    attack.link(".floe/platform", "../..")
    ran = held(attack, "no version", "artifacts.lock")
    assert tag in ran.err


@pytest.mark.parametrize(
    ("link", "target"),
    [
        (".floe", "../victim"),
        (".floe/platform", "../../victim/platform"),
        (".floe/platform", "../../nowhere"),
        (".floe/cache", "../../Documents"),
        (".floe/cache/artifacts.lock", "../../../Documents/thesis.txt"),
        (".floe/cache/artifacts.lock", "artifacts.lock"),
        (".floe/cache/artifacts.lock", "../../../new"),
        (".floe/cache/.lock", "../../../new"),
        (".floe/.gitignore", "../../new"),
        (".floe/platform/v1.0.0", "../../../Documents"),
    ],
)
def test_no_link_below_floes_own_directory_leads_out(attack: Attack, link: str, target: str) -> None:
    attack.link(link, target)
    held(attack, link)


@pytest.mark.parametrize(
    ("link", "target"), [(".floe", "../victim"), (".floe/platform", "../../victim/platform")]
)
def test_clearing_the_cache_removes_nothing_of_anybody_elses(attack: Attack, link: str, target: str) -> None:
    attack.link(link, target)
    held(attack, link, command="platform cache clear")


def test_a_baseline_is_not_written_through_a_link(attack: Attack) -> None:
    attack.link("known.json", "../Documents/thesis.txt")
    attack.link("reports", "../Documents")
    project, before = attack.clone(), attack.belongings()
    refused(floe(project, "compile", "--baseline", "known.json"), "known.json")
    refused(floe(project, "compile", "--baseline", "reports/new.json"), "reports")
    assert attack.belongings() == before
    ok(floe(project, "compile", "--baseline", "../Documents/new.json"))  # as the user said


@pytest.mark.parametrize("named", ["../Documents", "/tmp", "models/../../Documents"])
def test_profiles_dir_stays_inside_unless_the_command_line_says_otherwise(attack: Attack, named: str) -> None:
    spec = attack.prepared / "floe.yaml"
    spec.write_text(spec.read_text().replace("{type: dbt}", f"{{type: dbt, profiles_dir: {named}}}"))
    ran = held(attack, "profiles_dir", named)
    assert "--profiles-dir" in ran.err
    ok(floe(attack.home / "project", "compile", "--profiles-dir", "../Documents"))
    assert (attack.home / "Documents" / "profiles.yml").exists()


def test_a_linked_profiles_dir_is_not_followed(attack: Attack) -> None:
    spec = attack.prepared / "floe.yaml"
    spec.write_text(spec.read_text().replace("{type: dbt}", "{type: dbt, profiles_dir: conf/dbt}"))
    attack.link("conf/dbt", "../../Documents")
    held(attack, "conf/dbt")


@pytest.mark.parametrize("name", ["cosign.key", "cosign.pub"])
def test_a_key_is_made_through_no_link(attack: Attack, name: str) -> None:
    attack.link(name, "../.ssh/authorized_keys")
    held(attack, name, command="platform keygen")


def test_a_key_that_is_a_link_to_nowhere_is_no_wish_to_publish_unsigned(attack: Attack) -> None:
    attack.link("cosign.key", "nowhere")
    (attack.prepared / "manifest.yaml").write_text(manifest("1.1.0", coverage=50))
    ran = floe(attack.clone(), "platform", "publish", "v1.1.0", "--registry", attack.registry, env=ENV)
    assert ran.code in (2, 6), ran.err
    assert "cosign.key" in ran.err


@pytest.mark.parametrize("kind", ["outside", "link"])
def test_a_manifest_sends_no_folder_registry_outside(attack: Attack, kind: str) -> None:
    where = "oci-layout:../Documents/registry" if kind == "outside" else "oci-layout:./registry"
    (attack.prepared / "manifest.yaml").write_text(
        manifest("1.0.0", more=f"artifacts: {{registry: {{uri: '{where}'}}}}\n")
    )
    attack.link("registry", "../Documents/new")
    held(attack, "registry", command="platform publish v1.0.0 --no-sign")


def test_a_file_that_is_a_link_is_read_and_not_written_through(attack: Attack) -> None:
    """People share a manifest.yaml by a link; whoever changes it is told where it lies."""
    shared = attack.home / "shared.yaml"
    shared.write_text(manifest("1.0.0").replace("minimum_test_coverage: 80", 'minimum_test_coverage: "80"'))
    attack.link("manifest.yaml", "../shared.yaml")
    ran = held(attack, "manifest.yaml", "../shared.yaml", command="platform check --fix")
    assert "symbolic link" in ran.err


# --- what the machine may hold in a name's place ------------------------------------------------

Place = Callable[[Path], None]

PLACES: dict[str, Place] = {
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a loop": lambda path: path.symlink_to(path.name),
    "a pipe": lambda path: os.mkfifo(path),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("name", ["profiles.yml", "floe.yaml", ".floe/cache/artifacts.lock", "known.json"])
def test_what_cannot_be_read_is_named_and_never_taken_for_absent(
    attack: Attack, name: str, place: Place
) -> None:
    project = attack.clone()
    (project / name).unlink(missing_ok=True)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    place(project / name)
    refused(floe(project, "compile", "--baseline", "known.json", timeout=60), name)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("globs", ["", "policy_tests: [tests/policies/x.yaml]\n"])
def test_a_policy_test_that_cannot_be_read_never_counts_as_passed(
    tmp_path: Path, place: Place, globs: str
) -> None:
    (tmp_path / "manifest.yaml").write_text(manifest("1.0.0", more=globs))
    (tmp_path / "tests" / "policies").mkdir(parents=True)
    place(tmp_path / "tests" / "policies" / "x.yaml")
    ran = floe(tmp_path, "platform", "test", timeout=60)
    refused(ran, "x.yaml")
    assert "passed" not in ran.out.splitlines()[-1:]


@pytest.mark.parametrize("file", ["/dev/null", "pipe", "-", "folder"])
def test_an_export_writes_to_a_file_and_to_nothing_else(attack: Attack, file: str) -> None:
    project = attack.clone()
    os.mkfifo(project / "pipe")
    (project / "folder").mkdir()
    before = sorted(project.iterdir())
    refused(
        floe(project, "platform", "export", file, "v1.0.0", "--registry", attack.registry, timeout=60), file
    )
    assert sorted(project.iterdir()) == before


def test_a_folder_that_passes_for_a_bare_repository_is_none(attack: Attack) -> None:
    """git carries such a folder as files, and its config names the program that fetches what is missing."""
    project, bare = attack.clone(), attack.home / "bare"
    subprocess.run(["git", "clone", "-q", "--bare", str(project), str(bare)], check=True)
    shutil.rmtree(project / ".git")
    shutil.copytree(bare, project, dirs_exist_ok=True)
    with (project / "config").open("a") as config:
        config.write(f'[remote "origin"]\n promisor = true\n uploadpack = "{TOUCHED}; git-upload-pack"\n')
    ran = floe(project, "compile", "--state", "HEAD", env=ENV)
    assert ran.code == 2 and "bare repository" in ran.err, (ran.code, ran.err)
    assert not (project / "PWNED").exists()


def test_a_home_that_nobody_has_is_named(tmp_path: Path) -> None:
    ran = floe(tmp_path, "platform", "list", "--registry", "oci-layout:~nouser/x")
    refused(ran, "~nouser")


def test_a_working_directory_that_is_gone_is_an_error_and_no_crash(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    program = Path(sys.executable).with_name("floe")
    done = subprocess.run(
        ["sh", "-c", f'cd "{gone}" && rmdir "{gone}" && exec "{program}" compile'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", [".dbtignore", "packages.yml"])
def test_a_file_without_an_end_is_not_read_for_ever(attack: Attack, name: str) -> None:
    attack.link(name, "/dev/zero")
    ran = floe(attack.prepared, "compile", timeout=20)
    assert ran.code in (0, 1, 2), ran
    (attack.prepared / name).unlink()
    os.mkfifo(attack.prepared / name)
    assert floe(attack.prepared, "compile", timeout=20).code in (0, 1, 2), ran
    if name == ".dbtignore":
        refused(ran, ".dbtignore")
