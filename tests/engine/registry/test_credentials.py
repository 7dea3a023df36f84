"""Where a login comes from, and that it goes nowhere else."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from floe_engine.errors import AuthenticationFailed, ConfigurationError, FloeError
from floe_engine.registry import credentials
from floe_engine.registry.credentials import Credential, Credentials
from floe_engine.registry.transport import Transport

HOST = "registry.example.com"
REPOSITORY = "acme/platform"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def write_config(folder: Path, config: Any, name: str = "config.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return path


@pytest.fixture
def docker(isolated_environment: Path) -> Path:
    return isolated_environment / ".docker"


@pytest.fixture
def helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "helpers"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def write_helper(folder: Path, name: str, script: str) -> None:
    program = folder / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def login(registry: str = HOST, repository: str = REPOSITORY) -> tuple[str, str] | None:
    found = Credentials().lookup(registry, repository)
    return (found.username, found.password) if found else None


def test_without_any_configuration_we_are_nobody() -> None:
    assert login() is None


@pytest.mark.parametrize(
    "key",
    [HOST, f"https://{HOST}", f"https://{HOST}/", f"http://{HOST}", f"https://{HOST}/v2/", f"{HOST}/v1"],
)
def test_docker_login_is_found_under_every_spelling_of_the_host(docker: Path, key: str) -> None:
    write_config(docker, {"auths": {key: {"auth": b64("me:s3:cret")}}})
    assert login() == ("me", "s3:cret")
    assert login("other.example.com") is None


def test_user_and_password_may_stand_in_fields_of_their_own(docker: Path) -> None:
    write_config(docker, {"auths": {HOST: {"username": "me", "password": "s3cret"}}})
    assert login() == ("me", "s3cret")


@pytest.mark.parametrize("name", ["robot$floe+ci", "robot$project+name$x", "_json_key", "AWS"])
def test_account_names_of_robots_are_taken_as_they_are(docker: Path, name: str) -> None:
    write_config(docker, {"auths": {HOST: {"auth": b64(f"{name}:$HOME%s${{x}}")}}})
    assert login() == (name, "$HOME%s${x}")


def test_docker_config_names_another_folder(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(docker, {"auths": {HOST: {"auth": b64("home:x")}}})
    write_config(tmp_path / "elsewhere", {"auths": {HOST: {"auth": b64("elsewhere:x")}}})
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "elsewhere"))
    assert login() == ("elsewhere", "x")


def test_registry_auth_file_goes_before_docker(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(docker, {"auths": {HOST: {"auth": b64("docker:x")}, "b.io": {"auth": b64("b:x")}}})
    path = write_config(tmp_path, {"auths": {HOST: {"auth": b64("podman:x")}}}, "auth.json")
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(path))
    assert login() == ("podman", "x")
    assert login("b.io") == ("b", "x")


def test_podmans_login_is_found_and_its_longest_path_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auths = {
        HOST: {"auth": b64("host:x")},
        f"{HOST}/acme": {"auth": b64("team:x")},
        f"{HOST}/acme/other": {"auth": b64("other:x")},
    }
    write_config(tmp_path / "containers", {"auths": auths}, "auth.json")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert login() == ("team", "x")
    assert login(repository="else/where") == ("host", "x")
    assert login(repository="acmes") == ("host", "x")


@pytest.mark.parametrize("registry", ["docker.io", "registry-1.docker.io"])
def test_docker_hub_is_found_under_its_old_name(docker: Path, registry: str) -> None:
    write_config(docker, {"auths": {"https://index.docker.io/v1/": {"auth": b64("me:x")}}})
    assert login(registry) == ("me", "x")


def test_an_identity_token_is_kept_apart_from_a_password(docker: Path) -> None:
    entry = {"auth": b64("00000000-0000-0000-0000-000000000000:"), "identitytoken": "refresh"}
    write_config(docker, {"auths": {HOST: entry}})
    found = Credentials().lookup(HOST, REPOSITORY)
    assert found is not None
    assert found.identity_token == "refresh"
    assert found.basic is None


def test_a_registry_token_is_a_bearer_token(docker: Path) -> None:
    write_config(docker, {"auths": {HOST: {"registrytoken": "bearer"}}})
    found = Credentials().lookup(HOST, REPOSITORY)
    assert found is not None
    assert found.registry_token == "bearer"


def test_a_helper_program_is_asked_for_its_own_host(docker: Path, helpers: Path, tmp_path: Path) -> None:
    write_helper(
        helpers, "ecr-login", f'cat > {tmp_path}/asked; echo \'{{"Username": "AWS", "Secret": "t"}}\''
    )
    write_config(docker, {"credHelpers": {HOST: "ecr-login"}, "auths": {"b.io": {"auth": b64("b:x")}}})
    assert login() == ("AWS", "t")
    assert (tmp_path / "asked").read_text() == HOST
    assert login("b.io") == ("b", "x")


def test_a_helper_program_may_give_an_identity_token(docker: Path, helpers: Path) -> None:
    write_helper(helpers, "acr-env", 'echo \'{"Username": "<token>", "Secret": "refresh"}\'')
    write_config(docker, {"credHelpers": {HOST: "acr-env"}})
    found = Credentials().lookup(HOST, REPOSITORY)
    assert found is not None
    assert (found.identity_token, found.source) == ("refresh", "docker-credential-acr-env")


def test_the_store_is_asked_for_hosts_that_have_no_entry(docker: Path, helpers: Path, tmp_path: Path) -> None:
    write_helper(helpers, "desktop", f'cat > {tmp_path}/asked; echo \'{{"Username": "me", "Secret": "t"}}\'')
    write_config(docker, {"credsStore": "desktop", "auths": {HOST: {}}})
    assert login() == ("me", "t")
    assert login("docker.io") == ("me", "t")
    assert (tmp_path / "asked").read_text() == "https://index.docker.io/v1/"


def test_a_store_that_knows_nothing_makes_us_nobody(docker: Path, helpers: Path) -> None:
    write_helper(helpers, "desktop", "echo credentials not found in native keychain; exit 1")
    write_config(docker, {"credsStore": "desktop"})
    assert login() is None


@pytest.mark.parametrize(
    "script",
    [
        "echo s3cret-in-stderr >&2; echo s3cret-in-stdout; exit 3",
        "echo s3cret-in-stdout; echo s3cret-in-stderr >&2",
        'echo \'{"Username": 3, "Secret": "s3cret"}\'',
    ],
)
def test_a_failing_helper_is_an_error_that_shows_nothing_it_printed(
    docker: Path, helpers: Path, script: str
) -> None:
    write_helper(helpers, "gcloud", script)
    write_config(docker, {"credHelpers": {HOST: "gcloud"}})
    with pytest.raises(AuthenticationFailed) as failure:
        login()
    assert "s3cret" not in f"{failure.value} {failure.value.hint} {failure.value!r}"
    assert "docker-credential-gcloud" in failure.value.title
    assert failure.value.__cause__ is None


def test_a_helper_that_hangs_is_given_up(
    docker: Path, helpers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "HELPER_TIMEOUT", 0.2)
    write_helper(helpers, "slow", "exec sleep 30")
    write_config(docker, {"credHelpers": {HOST: "slow"}})
    with pytest.raises(AuthenticationFailed, match="gave no credentials"):
        login()


def test_a_helper_that_is_not_installed_is_named(docker: Path) -> None:
    write_config(docker, {"credHelpers": {HOST: "nowhere"}})
    with pytest.raises(AuthenticationFailed, match="docker-credential-nowhere is not installed"):
        login()


@pytest.mark.parametrize("name", ["../x", "a b", 3, "$(x)"])
def test_a_helper_that_is_no_program_name_is_refused(docker: Path, name: object) -> None:
    write_config(docker, {"credHelpers": {HOST: name}})
    with pytest.raises(ConfigurationError):
        login()


@pytest.mark.parametrize(
    "content",
    ["{s3cret", "[]", '{"auths": {"registry.example.com": {"auth": "s3cret!"}}}', "\x00", "9" * 2_000_000],
)
def test_a_damaged_file_is_an_error_that_shows_nothing_of_it(docker: Path, content: str) -> None:
    path = write_config(docker, content)
    with pytest.raises(ConfigurationError) as failure:
        login()
    assert failure.value.where == str(path)
    assert "s3cret" not in f"{failure.value} {failure.value.hint}"
    assert failure.value.__cause__ is None


@pytest.mark.parametrize(
    "config",
    [{}, {"auths": None}, {"auths": {HOST: None}}, {"auths": {HOST: {"auth": ""}}}, {"credHelpers": []}],
)
def test_a_file_without_a_login_is_none(docker: Path, config: object) -> None:
    write_config(docker, config)
    assert login() is None


def test_the_environment_goes_before_every_file(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(docker, {"auths": {HOST: {"auth": b64("docker:x")}}})
    monkeypatch.setenv("FLOE_REGISTRY_HOST", HOST.upper())
    monkeypatch.setenv("FLOE_REGISTRY_USERNAME", "robot$floe+ci")
    monkeypatch.setenv("FLOE_REGISTRY_PASSWORD", "s3cret")
    assert login() == ("robot$floe+ci", "s3cret")
    monkeypatch.setenv("FLOE_REGISTRY_TOKEN", "bearer\n")
    found = Credentials().lookup(HOST, REPOSITORY)
    assert found is not None
    assert found.registry_token == "bearer"


def test_a_login_of_the_environment_that_names_no_host_is_shown_to_none(
    docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which host is asked may be the word of a floe.yaml that somebody has cloned."""
    write_config(docker, {"auths": {"b.io": {"auth": b64("b:x")}}})
    monkeypatch.setenv("FLOE_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("FLOE_REGISTRY_PASSWORD", "s3cret")
    with pytest.raises(ConfigurationError, match="not for which registry") as failure:
        login()
    assert failure.value.exit_code == 2
    assert "s3cret" not in f"{failure.value} {failure.value.hint}"
    assert login("b.io") == ("b", "x")
    name, _, value = failure.value.hint.rpartition(" ")[2].partition("=")
    monkeypatch.setenv(name, value)
    assert login() == ("me", "s3cret")


def test_the_host_that_is_named_for_a_login_goes_before_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOE_REGISTRY", "oci://a.example.com/acme/platform")
    monkeypatch.setenv("FLOE_REGISTRY_HOST", HOST)
    monkeypatch.setenv("FLOE_REGISTRY_TOKEN", "s3cret")
    assert Credentials().lookup(HOST, REPOSITORY) is not None
    assert Credentials().lookup("a.example.com", REPOSITORY) is None
    assert Credentials().lookup(f"{HOST}:8443", REPOSITORY) is None


@pytest.mark.parametrize("host", [f"oci://{HOST}", f"{HOST}/a", f"me@{HOST}", "a b"])
def test_a_host_for_a_login_that_is_none_is_said_so(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("FLOE_REGISTRY_HOST", host)
    monkeypatch.setenv("FLOE_REGISTRY_TOKEN", "s3cret")
    with pytest.raises(ConfigurationError, match="FLOE_REGISTRY_HOST"):
        login()


def test_podmans_login_is_found_where_it_outlives_the_session(
    isolated_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = isolated_environment / ".config" / "containers"
    write_config(folder, {"auths": {HOST: {"auth": b64("podman:x")}}}, "auth.json")
    assert login() == ("podman", "x")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert login() == ("podman", "x")


@pytest.mark.parametrize("content", ["", " \n"])
def test_a_file_without_a_byte_is_one_without_a_login(docker: Path, content: str) -> None:
    write_config(docker, content)
    assert login() is None


def test_a_helper_with_an_empty_name_is_none_for_that_host(docker: Path, helpers: Path) -> None:
    write_helper(helpers, "desktop", 'echo \'{"Username": "store", "Secret": "t"}\'')
    config = {"credHelpers": {HOST: ""}, "credsStore": "", "auths": {HOST: {"auth": b64("me:x")}}}
    write_config(docker, config)
    assert login() == ("me", "x")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_in_an_auth_entry_are_passed_over(docker: Path, end: str) -> None:
    encoded = b64("me:s3cret")
    write_config(docker, {"auths": {HOST: {"auth": f"{encoded[:4]}{end}{encoded[4:]}{end}"}}})
    assert login() == ("me", "s3cret")


@pytest.mark.parametrize(
    "home", [f"oci://{HOST}/acme/platform", f"{HOST}/acme/platform:v1.*.*", f"oci://{HOST}"]
)
def test_the_environments_login_is_for_the_environments_registry(
    monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("FLOE_REGISTRY", home)
    monkeypatch.setenv("FLOE_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("FLOE_REGISTRY_PASSWORD", "s3cret")
    assert login() == ("me", "s3cret")
    assert login("evil.example.com") is None


@pytest.mark.parametrize("home", ["oci-layout:/srv/layout", "not a reference"])
def test_where_the_environments_registry_is_no_host_its_login_goes_nowhere(
    monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("FLOE_REGISTRY", home)
    monkeypatch.setenv("FLOE_REGISTRY_USERNAME", "me")
    monkeypatch.setenv("FLOE_REGISTRY_PASSWORD", "s3cret")
    assert login() is None


def test_half_a_login_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOE_REGISTRY_USERNAME", "me")
    with pytest.raises(ConfigurationError, match="FLOE_REGISTRY_PASSWORD is not set"):
        login()


def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLOE_REGISTRY_TOKEN", "s3cret\r\nX: y")
    with pytest.raises(FloeError) as failure:
        login()
    assert "s3cret" not in f"{failure.value!r} {failure.value}"


def test_secrets_are_in_no_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOE_REGISTRY_PASSWORD", "s3cret")
    shown = Credential("x", "me", "s3cret", "s3cret", "s3cret")
    settings = Transport(credentials=Credentials({"FLOE_REGISTRY_PASSWORD": "s3cret"}))
    assert "s3cret" not in f"{shown!r} {shown} {settings!r} {Credentials()!r}"
