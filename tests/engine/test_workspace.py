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
    credentials = workspace(tmp_path, **login).transport.credentials
    assert credentials.lookup("a.example", "b") is None
    assert credentials.lookup("other.example", "b") is not None


def test_every_error_about_the_registry_says_what_to_do(tmp_path: Path) -> None:
    for registry in ("oci://", "x", "https://a.example/b", "oci://a.example/b:v1"):
        with pytest.raises(FloeError) as caught:
            _ = workspace(tmp_path, registry=registry).registry
        assert caught.value.hint, registry
