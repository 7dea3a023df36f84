"""`floe login`, `logout`, `config` and `version`, against registries that are locked."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.support.configuration import VARIABLES
from tests.cli import Ran, floe, ok
from tests.registries import PASSWORD, USERNAME, Auth, DockerRegistry
from tests.teams import PlatformTeam

ROOT = Path(__file__).parents[3]

StartRegistry = Callable[..., DockerRegistry]


def log_in(directory: Path, host: str, home: Path, password: str = PASSWORD, user: str = USERNAME) -> Ran:
    words = ("login", host, "--username", user, "--password-stdin")
    return floe(directory, *words, env={"HOME": str(home), "DOCKER_CONFIG": ""}, stdin=f"{password}\n")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.mark.parametrize("auth", ["htpasswd", "token"])
def test_a_login_is_tried_kept_used_by_every_command_and_forgotten(
    tmp_path: Path, home: Path, start_registry: StartRegistry, auth: Auth
) -> None:
    registry = start_registry(auth=auth)
    host, env = registry.host, {"HOME": str(home), "DOCKER_CONFIG": ""}
    place = tmp_path / "team"
    place.mkdir()
    repository = f"oci://{host}/team/platform"
    assert floe(place, "platform", "list", "--registry", repository, env=env).code == 3

    done = ok(log_in(place, host, home))
    config = home / ".docker" / "config.json"
    assert str(config) in done.out
    assert PASSWORD not in done.out + done.err
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    PlatformTeam(tmp_path / "platform", repository, {**os.environ, **env}).publish()
    assert "v1.0.0" in ok(floe(place, "platform", "list", "--registry", repository, env=env)).out

    ok(floe(place, "logout", host, env=env))
    assert host not in config.read_text()
    assert floe(place, "platform", "list", "--registry", repository, env=env).code == 3


@pytest.mark.parametrize("auth", ["htpasswd", "token"])
def test_a_login_that_the_registry_refuses_is_not_kept(
    tmp_path: Path, home: Path, start_registry: StartRegistry, auth: Auth
) -> None:
    ran = log_in(tmp_path, start_registry(auth=auth).host, home, password="wrong-secret")
    assert ran.code == 3, ran.err
    assert "wrong-secret" not in ran.out + ran.err
    assert not (home / ".docker").exists()


def test_a_registry_that_lets_anybody_in_is_said_to_have_tried_nothing(
    tmp_path: Path, home: Path, docker_registry: DockerRegistry
) -> None:
    ran = ok(log_in(tmp_path, docker_registry.host, home))
    assert "lets anybody in" in ran.err
    words = ("login", docker_registry.host, "-u", "ann", "--password-stdin", "-o", "json")
    document = ok(floe(tmp_path, *words, env={"HOME": str(home), "DOCKER_CONFIG": ""}, stdin="secret")).json
    assert (document["command"], document["ok"], document["tried"]) == ("login", True, False)


def test_what_else_is_in_dockers_file_stays_and_a_link_to_it_too(
    tmp_path: Path, home: Path, docker_registry: DockerRegistry
) -> None:
    host = docker_registry.host
    dotfiles = tmp_path / "dotfiles.json"
    dotfiles.write_text(
        json.dumps({"psFormat": "x", "auths": {"other": {"auth": "YTpi"}, f"http://{host}": {}}})
    )
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").symlink_to(dotfiles)
    ok(log_in(tmp_path, host, home))
    kept = json.loads(dotfiles.read_text())
    assert (home / ".docker" / "config.json").is_symlink()
    assert kept["psFormat"] == "x"
    assert set(kept["auths"]) == {"other", host}


def test_a_helper_that_docker_names_keeps_the_login(
    tmp_path: Path, home: Path, docker_registry: DockerRegistry
) -> None:
    """The helper stands for docker's own, of which none is packaged: it speaks their protocol to a file."""
    host, programs = docker_registry.host, tmp_path / "programs"
    programs.mkdir()
    helper = programs / "docker-credential-drawer"
    helper.write_text(
        "#!/bin/sh\nkept=$0.json\ncase $1 in\nstore) cat > $kept;;\n"
        "get) [ -f $kept ] && cat $kept || { echo credentials not found in native keychain; exit 1; };;\n"
        "erase) rm $kept;;\nesac\n"
    )
    helper.chmod(0o755)
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps({"credsStore": "drawer"}))
    env = {"HOME": str(home), "DOCKER_CONFIG": "", "PATH": f"{programs}:{os.environ['PATH']}"}
    words = ("login", host, "-u", "ann", "--password-stdin")
    assert "docker-credential-drawer" in ok(floe(tmp_path, *words, env=env, stdin="secret")).out
    kept = json.loads(helper.with_name(f"{helper.name}.json").read_text())
    assert kept == {"ServerURL": host, "Username": "ann", "Secret": "secret"}
    assert "secret" not in (home / ".docker" / "config.json").read_text()
    assert "docker-credential-drawer" in ok(floe(tmp_path, "logout", host, env=env)).out
    assert "No login" in ok(floe(tmp_path, "logout", host, env=env)).out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("login", "not a host", "-u", "a", "--password-stdin"), 2, "is not a registry"),
        (("login", "localhost:5000"), 2, "--password-stdin"),
        (("login", "localhost:5000", "--password-stdin"), 2, "--username"),
        (("login", "-u", "a", "--password-stdin"), 2, "wants no login"),
        (("login", "localhost:1", "-u", "a", "--password-stdin"), 3, "localhost:1"),
        (("login", "localhost:1", "-u", "a:b", "--password-stdin"), 3, "localhost:1"),
        (("logout", "a/../b"), 0, "No login for a"),
    ],
)
def test_what_cannot_be_logged_in_to_is_said(
    tmp_path: Path, home: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    env = {"HOME": str(home), "DOCKER_CONFIG": "", "FLOE_REGISTRY": ""}
    ran = floe(tmp_path, *words, env=env, stdin="secret")
    assert ran.code == code, ran.err
    assert said in ran.out + ran.err
    assert "secret" not in ran.out + ran.err


def test_docker_files_that_are_damaged_are_left_as_they_are(
    tmp_path: Path, home: Path, docker_registry: DockerRegistry
) -> None:
    (home / ".docker").mkdir()
    config = home / ".docker" / "config.json"
    config.write_text("{not json")
    ran = log_in(tmp_path, docker_registry.host, home)
    assert ran.code == 2 and str(config) in ran.err
    assert config.read_text() == "{not json"


def test_oras_takes_the_login_that_floe_keeps(
    tmp_path: Path, home: Path, start_registry: StartRegistry
) -> None:
    from tests.binaries import require_binary

    oras = require_binary("oras")
    registry = start_registry(auth="htpasswd")
    ok(log_in(tmp_path, registry.host, home))
    config = str(home / ".docker" / "config.json")
    done = subprocess.run(
        [oras, "repo", "ls", "--plain-http", "--registry-config", config, registry.host],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# --- config and version --------------------------------------------------------------------------


def test_what_is_set_is_shown_with_where_it_is_from_and_no_secret(tmp_path: Path, home: Path) -> None:
    env = {
        "HOME": str(home),
        "FLOE_REGISTRY": "oci://registry.example.com/team",
        "FLOE_REGISTRY_PASSWORD": "hidden-1",
        "COSIGN_PASSWORD": "hidden-2",
        "HTTPS_PROXY": "http://ann:hidden-3@proxy.example.com:3128",
        "FLOE_SIGNING_KEY": "env://MY_KEY",
    }
    ran = ok(floe(tmp_path, "config", env=env))
    assert "hidden" not in ran.out
    rows = {
        setting["name"]: setting
        for setting in ok(floe(tmp_path, "config", "-o", "json", env=env)).json["settings"]
    }
    assert rows["registry"]["value"] == "oci://registry.example.com/team"
    assert rows["registry"]["source"] == "FLOE_REGISTRY"
    assert rows["signing key"] == {
        "name": "signing key",
        "value": "env://MY_KEY",
        "source": "FLOE_SIGNING_KEY",
    }
    assert rows["HTTPS_PROXY"]["value"] == "http://proxy.example.com:3128"
    chosen = ok(floe(tmp_path, "config", "--registry", "oci-layout:here", "-o", "json", env=env)).json
    assert chosen["settings"][0]["source"] == "--registry"


def test_every_variable_that_the_page_names_is_one_that_config_shows() -> None:
    page = (ROOT / "docs" / "environment.md").read_text()
    assert [name for name in VARIABLES if f"`{name}" not in page] == []


def test_the_version_is_told_with_what_decides_how_floe_behaves(tmp_path: Path) -> None:
    from floe_engine import __version__

    document = ok(floe(tmp_path, "version", "-o", "json")).json
    assert document["version"] == __version__
    assert all(document["libraries"].values())
    assert ok(floe(tmp_path, "version", "--quiet")).out == f"floe {__version__}\n"
