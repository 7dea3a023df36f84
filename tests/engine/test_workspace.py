"""Which registry a command works with, and who it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.errors import ConfigurationError, FloeError, UsageError
from floe_engine.workspace import Workspace


def workspace(path: Path, *, registry: str | None = None, **environ: str) -> Workspace:
    return Workspace.open(path, registry=registry, environ=environ)


@pytest.mark.parametrize(
    "artifacts", ["{registry: 12}", "{registry: {url: oci://a.example/b}}", "{registri: x}", "x"]
)
def test_a_mistake_in_the_registry_of_a_manifest_is_not_taken_for_the_default(
    tmp_path: Path, artifacts: str
) -> None:
    (tmp_path / "manifest.yaml").write_text(f"artifacts: {artifacts}\n")
    with pytest.raises(ConfigurationError) as caught:
        _ = workspace(tmp_path).registry
    assert "artifacts.registry" in caught.value.message
    assert workspace(tmp_path, registry="oci://a.example/b").registry.source == "--registry"


@pytest.mark.parametrize("platform", ["{reff: oci://a.example/b:v1.2.3}", "12", ""])
def test_a_mistake_in_the_platform_of_floe_yaml_is_not_taken_for_the_default(
    tmp_path: Path, platform: str
) -> None:
    (tmp_path / "floe.yaml").write_text(f"platform: {platform}\n")
    with pytest.raises(ConfigurationError) as caught:
        _ = workspace(tmp_path).registry
    assert "platform.ref" in caught.value.message


def test_files_that_name_no_registry_leave_the_choice_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text("artifacts: {}\n")
    (tmp_path / "floe.yaml").write_text("platform: {manifest: ../platform/manifest.yaml}\n")
    assert workspace(tmp_path).registry.source == "the embedded default"


@pytest.mark.parametrize("registry", ["", " ", "oci://"])
def test_an_empty_registry_option_is_refused_and_not_ignored(tmp_path: Path, registry: str) -> None:
    with pytest.raises(UsageError):
        _ = workspace(tmp_path, registry=registry).registry


def test_a_manifest_can_ask_its_registry_without_credentials(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text(
        "artifacts: {registry: {uri: 'oci://a.example/b', auth: {type: anonymous}}}\n"
    )
    login = {"FLOE_REGISTRY_USERNAME": "me", "FLOE_REGISTRY_PASSWORD": "secret"}
    for host in ("a.example", "other.example"):
        credentials = workspace(tmp_path, FLOE_REGISTRY_HOST=host, **login).transport.credentials
        assert (credentials.lookup(host, "b") is None) == (host == "a.example")


@pytest.mark.parametrize(
    ("value", "hosts"),
    [
        ("a.example", {"a.example"}),
        ("A.example:5000, b.example  [::1]:80", {"a.example:5000", "b.example", "[::1]:80"}),
        ("1", {"home.example"}),
        ("0", False),
        ("", set()),
    ],
)
def test_plain_http_is_for_the_hosts_that_are_named(tmp_path: Path, value: str, hosts: object) -> None:
    environ = {"FLOE_REGISTRY": "oci://home.example/b", "FLOE_PLAIN_HTTP": value}
    assert workspace(tmp_path, **environ).transport.plain_http == hosts


@pytest.mark.parametrize("environ", [{}, {"FLOE_REGISTRY": "oci-layout:x"}])
def test_a_bare_yes_to_plain_http_has_to_stand_beside_a_registry(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match="FLOE_PLAIN_HTTP does not say which") as failure:
        _ = workspace(tmp_path, FLOE_PLAIN_HTTP="1", **environ).transport
    assert failure.value.hint


@pytest.mark.parametrize("value", ["http://a.example", "a.example/b", "maybe, a b/c"])
def test_plain_http_for_what_is_no_host_is_said_so(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigurationError, match="FLOE_PLAIN_HTTP must be hosts"):
        _ = workspace(tmp_path, FLOE_PLAIN_HTTP=value).transport


@pytest.mark.parametrize(
    ("setting", "hosts"),
    [('["a.example"]', {"a.example"}), ("true", {"home.example"}), ("false", False)],
)
def test_the_users_settings_name_hosts_of_plain_http_too(tmp_path: Path, setting: str, hosts: object) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'registry = "oci://home.example/b"\nplain_http = {setting}\n')
    assert workspace(tmp_path, FLOE_CONFIG=str(settings)).transport.plain_http == hosts


def test_every_error_about_the_registry_says_what_to_do(tmp_path: Path) -> None:
    for registry in ("oci://", "x", "https://a.example/b", "oci://a.example/b:v1"):
        with pytest.raises(FloeError) as caught:
            _ = workspace(tmp_path, registry=registry).registry
        assert caught.value.hint, registry
