"""A registry that fails while signatures are looked for is an error, never "unsigned"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from floe_engine.distribution.browse import describe_versions
from floe_engine.distribution.verify import verify_version
from floe_engine.errors import AuthenticationFailed, RegistryError, Untrusted
from tests.cli import floe
from tests.faults.double import Call, Double, Reply, double, problem
from tests.teams import DataTeam, PlatformTeam


@pytest.fixture
def server() -> Iterator[Double]:
    with double() as running:
        yield running


@pytest.fixture
def registry(server: Double) -> str:
    return str(server.reference("acme/platform"))


def asks_for_signatures(call: Call) -> bool:
    return "/referrers/" in call.path or "/manifests/sha256-" in call.path


@pytest.mark.parametrize("status", [500, 503, 401, 403, 429])
@pytest.mark.parametrize("signed", [True, False])
def test_an_error_while_looking_for_signatures_stops_the_pull(
    server: Double, platform: PlatformTeam, data: DataTeam, key: Path, status: int, signed: bool
) -> None:
    platform.publish(key=key if signed else None)

    def bend(call: Call) -> Reply | None:
        if not asks_for_signatures(call):
            return None
        return problem(status, "UNAVAILABLE", **{"Retry-After": "0"})

    server.bend = bend
    with pytest.raises(RegistryError) as refused:
        data.pull("v1.0.0")
    assert refused.value.exit_code == 3
    assert isinstance(refused.value, AuthenticationFailed) == (status == 401)
    assert not data.workspace.store.lock_path.exists()
    with pytest.raises(RegistryError):
        verify_version(data.workspace, "v1.0.0")


def test_a_web_page_in_place_of_signatures_is_an_error_too(
    server: Double, platform: PlatformTeam, data: DataTeam
) -> None:
    from tests.faults.double import WEB_PAGE

    platform.publish()
    server.bend = lambda call: WEB_PAGE if asks_for_signatures(call) else None
    with pytest.raises(RegistryError):
        data.pull("v1.0.0")


def test_signatures_that_a_registry_lost_half_of_are_an_error(
    server: Double, platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    """The list of referrers names a manifest that is gone: somebody's signature, unknown whose."""
    platform.publish(key=key)
    subject = server.tags["v1.0.0"]
    gone = [
        digest
        for digest, (raw, _) in server.manifests.items()
        if (json.loads(raw).get("subject") or {}).get("digest") == subject
    ]
    assert gone
    for digest in gone:
        del server.manifests[digest]
    server.tags = {tag: digest for tag, digest in server.tags.items() if not tag.endswith(".sig")}
    with pytest.raises((RegistryError, Untrusted)):
        data.pull("v1.0.0")
    assert not data.workspace.store.lock_path.exists()


def test_a_tag_that_moves_between_resolving_and_downloading_yields_one_content(
    server: Double, platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    first = platform.publish("1.0.0", key=key)
    platform.publish("1.1.0", key=key)
    moved = server.tags["v1.1.0"]

    def bend(call: Call) -> Reply | None:
        if "/blobs/" in call.path:
            server.tags["v1.0.0"] = moved
        return None

    server.bend = bend
    pulled = data.pull("v1.0.0")
    assert (pulled.lock.digest, pulled.platform.version) == (first.digest, "1.0.0")


def test_a_list_with_details_shows_which_version_could_not_be_read(
    server: Double, platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish("1.0.0")
    platform.publish("1.1.0")
    server.bend = lambda call: problem(403, "DENIED") if call.path.endswith("/v1.0.0") else None
    repository = data.workspace.registry.reference
    facts = {
        entry.tag: entry for entry in describe_versions(data.workspace, repository, ["v1.1.0", "v1.0.0"])
    }
    assert facts["v1.1.0"].problem == "" and facts["v1.1.0"].verdict.status == "unsigned"
    assert facts["v1.0.0"].problem and facts["v1.0.0"].verdict is None


@pytest.mark.parametrize("step", ["blob", "manifest", "signature", "read back", "tag"])
def test_a_publication_that_fails_anywhere_leaves_no_tag(
    server: Double, platform: PlatformTeam, key: Path, step: str
) -> None:
    def hit(call: Call) -> bool:
        return {
            "blob": call.method == "PUT" and "/blobs/" in call.path,
            "manifest": call.method == "PUT" and "/manifests/sha256:" in call.path,
            "signature": call.method == "PUT" and "/manifests/sha256-" in call.path,
            "read back": call.method == "GET" and "/manifests/sha256-" in call.path,
            "tag": call.method == "PUT" and call.path.endswith("/v1.0.0"),
        }[step]

    server.bend = lambda call: problem(403, "DENIED") if hit(call) else None
    with pytest.raises(RegistryError):
        platform.publish(key=key)
    assert "v1.0.0" not in server.tags
    server.bend = lambda call: None
    assert platform.publish(key=key).state == "published"


def test_a_clone_cannot_have_the_environments_login_sent_to_its_own_host(
    server: Double, platform: PlatformTeam, tmp_path: Path
) -> None:
    platform.publish("1.2.3")
    server.login = ("somebody", "s3cret")
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "floe.yaml").write_text(
        f"apiVersion: floe.dev/v1\nkind: DataProduct\nmetadata: {{name: x, version: 1.0.0}}\n"
        f"platform: {{ref: '{server.reference('acme/platform')}:v1.2.3'}}\n"
    )
    login = {"FLOE_REGISTRY_USERNAME": "somebody", "FLOE_REGISTRY_PASSWORD": "s3cret"}
    ran = floe(clone, "platform", "list", env=login)
    assert ran.code == 2, ran.err
    assert all(call.authorization is None for call in server.calls)
    hint = ran.err.partition("set FLOE_REGISTRY_HOST=")[2].split()[0]
    assert floe(clone, "platform", "list", env={**login, "FLOE_REGISTRY_HOST": hint}).code == 0
