"""Every way in that the five registries of the docs use, against a real docker-registry."""

from __future__ import annotations

import base64
import json
import os
import ssl
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from floe_engine.errors import (
    AccessDenied,
    AuthenticationFailed,
    ConfigurationError,
    RegistryError,
    RegistryUnreachable,
)
from floe_engine.registry.client import Repository
from floe_engine.registry.reference import Reference
from floe_engine.registry.transport import Transport
from tests.engine.registry.artifacts import publish
from tests.registries import PASSWORD, USERNAME, DockerRegistry

pytestmark = pytest.mark.interop

Start = Callable[..., DockerRegistry]


def docker_login(home: Path, registry: DockerRegistry, entry: dict[str, str] | None = None) -> None:
    pair = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    (home / ".docker").mkdir(exist_ok=True)
    auths = {"auths": {registry.host: entry or {"auth": pair}}}
    (home / ".docker" / "config.json").write_text(json.dumps(auths))


def publish_and_read_back(registry: DockerRegistry) -> Repository:
    writer = Repository(registry.reference(), push=True)
    assert writer.resolve("v1.0.0") is None
    published = publish(writer, "v1.0.0")
    assert Repository(registry.reference()).manifest("v1.0.0").digest == published.digest
    return writer


def test_basic_by_docker_config(start_registry: Start, isolated_environment: Path) -> None:
    registry = start_registry(auth="htpasswd")
    docker_login(isolated_environment, registry)
    writer = publish_and_read_back(registry)
    assert writer.requests == 20  # one more than without a login


def test_basic_by_the_environment(start_registry: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = start_registry(auth="htpasswd")
    monkeypatch.setenv("FLOE_REGISTRY_HOST", registry.host)
    monkeypatch.setenv("FLOE_REGISTRY_USERNAME", USERNAME)
    monkeypatch.setenv("FLOE_REGISTRY_PASSWORD", PASSWORD)
    publish_and_read_back(registry)


def test_basic_by_a_credential_helper(
    start_registry: Start, isolated_environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = start_registry(auth="htpasswd")
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps({"Username": USERNAME, "Secret": PASSWORD}))
    helper = tmp_path / "docker-credential-cloud"
    helper.write_text(f"#!/bin/sh\ncat {answer}\n")
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (isolated_environment / ".docker").mkdir()
    config = {"credHelpers": {registry.host: "cloud"}}
    (isolated_environment / ".docker" / "config.json").write_text(json.dumps(config))
    publish_and_read_back(registry)


def test_wrong_password(start_registry: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = start_registry(auth="htpasswd")
    monkeypatch.setenv("FLOE_REGISTRY_HOST", registry.host)
    monkeypatch.setenv("FLOE_REGISTRY_USERNAME", USERNAME)
    monkeypatch.setenv("FLOE_REGISTRY_PASSWORD", "wr0ng")
    repository = Repository(registry.reference())
    with pytest.raises(AuthenticationFailed, match="refused the credentials of FLOE_REGISTRY_USERNAME"):
        repository.resolve("v1.0.0")
    assert repository.requests == 2


def test_one_bearer_token_serves_a_whole_publish(start_registry: Start, isolated_environment: Path) -> None:
    registry = start_registry(auth="token")
    docker_login(isolated_environment, registry)
    assert registry.tokens is not None
    writer = Repository(registry.reference(), push=True)
    assert writer.resolve("v1.0.0") is None
    publish(writer, "v1.0.0")
    assert [scope for _, scope, _ in registry.tokens.asked] == ["repository:team/platform:pull,push"]
    assert writer.requests == 21  # the first refusal and the token


def test_reading_asks_for_no_more_than_reading(start_registry: Start, isolated_environment: Path) -> None:
    registry = start_registry(auth="token")
    docker_login(isolated_environment, registry)
    assert registry.tokens is not None
    publish(Repository(registry.reference(), push=True), "v1.0.0")
    registry.tokens.asked.clear()
    reader = Repository(registry.reference())
    manifest = reader.manifest("v1.0.0")
    reader.blobs(manifest.layers)
    assert reader.tags() == ["v1.0.0"]
    assert [scope for _, scope, _ in registry.tokens.asked] == ["repository:team/platform:pull"]


def test_a_reader_that_starts_to_write_gets_the_token_for_it(
    start_registry: Start, isolated_environment: Path
) -> None:
    registry = start_registry(auth="token")
    docker_login(isolated_environment, registry)
    assert registry.tokens is not None
    repository = Repository(registry.reference())
    assert repository.resolve("v1.0.0") is None
    publish(repository, "v1.0.0")
    repository.delete_tag("v1.0.0")
    asked = [scope.rpartition(":")[2] for _, scope, _ in registry.tokens.asked]
    assert asked == ["pull", "pull,push", "delete,pull,push"]


def test_an_identity_token_is_exchanged_by_post(start_registry: Start, isolated_environment: Path) -> None:
    registry = start_registry(auth="token")
    assert registry.tokens is not None
    null_user = base64.b64encode(b"00000000-0000-0000-0000-000000000000:").decode()
    entry = {"auth": null_user, "identitytoken": registry.tokens.refresh_token}
    docker_login(isolated_environment, registry, entry)
    publish_and_read_back(registry)
    assert {method for method, _, _ in registry.tokens.asked} == {"POST"}


def test_a_ready_made_bearer_token_from_the_environment(
    start_registry: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = start_registry(auth="token")
    assert registry.tokens is not None
    token = registry.tokens.token_for("floe-registry", "repository:team/platform:pull,push")
    monkeypatch.setenv("FLOE_REGISTRY_HOST", registry.host)
    monkeypatch.setenv("FLOE_REGISTRY_TOKEN", token)
    publish_and_read_back(registry)
    assert registry.tokens.asked == []


def test_a_public_repository_is_read_without_a_login(
    start_registry: Start, isolated_environment: Path
) -> None:
    registry = start_registry(auth="token")
    assert registry.tokens is not None
    docker_login(isolated_environment, registry)
    published = publish(Repository(registry.reference(), push=True), "v1.0.0")
    (isolated_environment / ".docker" / "config.json").unlink()
    registry.tokens.anonymous = True
    assert Repository(registry.reference()).manifest("v1.0.0").digest == published.digest


def test_a_token_service_that_refuses_the_login(start_registry: Start, isolated_environment: Path) -> None:
    registry = start_registry(auth="token")
    docker_login(isolated_environment, registry, {"username": "me", "password": "wr0ng-s3cret"})
    with pytest.raises(AuthenticationFailed, match="refused the credentials of") as failure:
        Repository(registry.reference()).tags()
    assert "wr0ng-s3cret" not in f"{failure.value!r} {failure.value} {failure.value.hint}"
    with pytest.raises(AuthenticationFailed):
        (isolated_environment / ".docker" / "config.json").unlink()
        Repository(registry.reference()).tags()


def test_an_account_that_may_only_read_is_denied_writing(
    start_registry: Start, isolated_environment: Path
) -> None:
    registry = start_registry(auth="token")
    docker_login(isolated_environment, registry)
    assert registry.tokens is not None
    registry.tokens.grant = frozenset({"pull"})
    repository = Repository(registry.reference(), push=True)
    assert repository.resolve("v1.0.0") is None
    with pytest.raises(AccessDenied, match="does not permit this"):
        repository.push_blob(b"x", "application/octet-stream")
    assert repository.requests < 10


# TLS


def test_an_own_certificate_authority(start_registry: Start) -> None:
    registry = start_registry(tls=True)
    repository = Repository(
        registry.reference(), settings=Transport(ca_file=registry.ca_file, plain_http=False)
    )
    published = publish(repository, "v1.0.0")
    assert repository.manifest("v1.0.0").digest == published.digest


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_certificate_authority_by_the_environment(
    start_registry: Start, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    registry = start_registry(tls=True)
    monkeypatch.setenv(variable, str(registry.ca_file))
    assert Repository(registry.reference(), settings=Transport(plain_http=False)).resolve("v1") is None


def test_an_unknown_certificate_authority_is_refused_at_once_with_what_to_do(start_registry: Start) -> None:
    registry = start_registry(tls=True)
    repository = Repository(registry.reference(), settings=Transport(plain_http=False))
    with pytest.raises(RegistryUnreachable) as failure:
        repository.resolve("v1.0.0")
    assert "certificate is not trusted" in failure.value.message
    assert "FLOE_CA_FILE" in failure.value.hint
    assert repository.requests == 1


def test_plain_http_to_a_tls_registry_says_so(start_registry: Start) -> None:
    repository = Repository(start_registry(tls=True).reference())
    for ask in (repository.tags, lambda: repository.resolve("v1.0.0")):
        with pytest.raises(RegistryError) as failure:
            ask()
        assert "speaks HTTPS" in failure.value.title


def test_tls_to_a_plain_registry_says_so(docker_registry: DockerRegistry) -> None:
    with pytest.raises(RegistryUnreachable) as failure:
        Repository(docker_registry.reference(), settings=Transport(plain_http=False)).tags()
    assert "does not speak TLS" in failure.value.message


@pytest.mark.parametrize("content", [None, "not PEM"])
def test_a_file_of_authorities_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    repository = Repository(Reference.parse("oci://h.invalid/a"), settings=Transport(ca_file=path))
    with pytest.raises(ConfigurationError, match="certificate authorities") as failure:
        repository.resolve("v1.0.0")
    assert str(path) in str(failure.value)


def test_nobody_s_certificates_are_read_for_plain_http(
    docker_registry: DockerRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssl, "create_default_context", lambda *_: pytest.fail("certificates were read"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    assert Repository(docker_registry.reference("team/absent")).resolve("v1.0.0") is None


def test_plain_http_is_for_loopback_unless_it_is_switched_on() -> None:
    def home(text: str, plain_http: frozenset[str] | Literal[False] = frozenset()) -> str:
        repository = Repository(Reference.parse(text), settings=Transport(plain_http=plain_http))
        return repository._session.home

    listed = frozenset({"registry.example.com", "b.example.com:5000"})

    assert home("oci://registry.example.com/a") == "https://registry.example.com"
    assert home("oci://localhost:5000/a") == "http://localhost:5000"
    assert home("oci://registry.example.com/a", listed) == "http://registry.example.com"
    assert home("oci://registry.example.com:8080/a", listed) == "http://registry.example.com:8080"
    assert home("oci://b.example.com:5000/a", listed) == "http://b.example.com:5000"
    assert home("oci://b.example.com/a", listed) == "https://b.example.com"
    assert home("oci://localhost:5000/a", listed) == "http://localhost:5000"
    assert home("oci://localhost:5000/a", plain_http=False) == "https://localhost:5000"
    assert home("oci://docker.io/acme/platform") == "https://registry-1.docker.io"


def test_no_proxy_stands_before_this_machine_itself(
    docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert Repository(docker_registry.reference("team/absent")).resolve("v1.0.0") is None
