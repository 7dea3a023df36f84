"""Other clients on the same registry, and many writers at once."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from floe_engine.descriptor import Descriptor
from floe_engine.errors import FloeError
from floe_engine.registry.client import Repository
from tests.engine.registry.artifacts import FILE_TYPE, files, manifest_of, publish
from tests.registries import PASSWORD, USERNAME, DockerRegistry

pytestmark = pytest.mark.interop


def run(*command: str, cwd: Path | None = None) -> str:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


def test_oras_pulls_our_files_and_finds_our_referrers(
    docker_registry: DockerRegistry, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    oras = require_binary("oras")
    repository = Repository(docker_registry.reference(), push=True)
    titled = [
        Descriptor(d.media_type, d.digest, d.size, {"org.opencontainers.image.title": f"policies/{n}.json"})
        for n, d in enumerate(repository.push_blobs(files()))
    ]
    subject = repository.push_manifest(manifest_of(titled), tag="v1.0.0")
    referrer = repository.attach(manifest_of([titled[0]], subject), subject)
    name = f"{docker_registry.host}/team/platform:v1.0.0"
    run(oras, "pull", "--plain-http", name, "--output", str(tmp_path))
    assert (tmp_path / "policies" / "3.json").read_bytes() == files()[3][0]
    assert referrer.digest in run(oras, "discover", "--plain-http", name)


def test_we_read_what_oras_pushes_and_attaches(
    docker_registry: DockerRegistry, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    oras = require_binary("oras")
    name = f"{docker_registry.host}/team/platform:v1.0.0"
    (tmp_path / "a.txt").write_text("from oras")
    run(oras, "push", "--plain-http", name, "a.txt", "--artifact-type", "application/vnd.x", cwd=tmp_path)
    run(oras, "attach", "--plain-http", name, "a.txt", "--artifact-type", "application/vnd.y", cwd=tmp_path)
    repository = Repository(docker_registry.reference())
    manifest = repository.manifest("v1.0.0")
    assert repository.blobs(manifest.layers) == [b"from oras"]
    (referrer,) = repository.referrers(manifest.digest)
    assert repository.manifest(referrer.digest).artifact_type == "application/vnd.y"


def test_of_many_that_attach_at_once_every_entry_stays(docker_registry: DockerRegistry) -> None:
    repository = Repository(docker_registry.reference(), push=True)
    subject = publish(repository, "v1.0.0").descriptor
    blob = repository.push_blob(b"signature", FILE_TYPE)

    def attach(number: int) -> str:
        raw = manifest_of([blob], subject, annotations={"n": str(number)})
        return Repository(docker_registry.reference(), push=True).attach(raw, subject).digest

    with ThreadPoolExecutor(4) as pool:
        attached = set(pool.map(attach, range(4)))
    assert {found.digest for found in repository.referrers(subject.digest)} == attached


def test_a_thousand_tags_are_one_request_of_a_registry_that_does_not_page(
    docker_registry: DockerRegistry,
) -> None:
    repository = Repository(docker_registry.reference(), push=True)
    published = publish(repository, None, count=1)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: repository.push_manifest(published.raw, tag=f"v1.{n}.0"), range(150)))
    reader = Repository(docker_registry.reference())
    assert len(reader.tags()) == 150
    assert reader.requests == 1
    reader.delete_tag("v1.7.0")
    assert len(reader.tags()) == 149


def test_crane_agrees_on_digest_and_tags(
    docker_registry: DockerRegistry, require_binary: Callable[[str], str]
) -> None:
    crane = require_binary("crane")
    published = publish(Repository(docker_registry.reference()), "v1.0.0")
    name = f"{docker_registry.host}/team/platform"
    assert run(crane, "digest", "--insecure", f"{name}:v1.0.0").strip() == published.digest
    assert run(crane, "ls", "--insecure", name).split() == ["v1.0.0"]


def test_the_page_s_copy_for_readers_of_tar_layers_holds_the_files(
    docker_registry: DockerRegistry, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    """The lines of docs/registries.md between pulling and signing, for this registry."""
    page = (Path(__file__).parents[3] / "docs" / "registries.md").read_text()
    lines = page.split("## For readers of tar layers")[1].split("```sh\n")[1].split("```")[0].splitlines()
    policies = tmp_path / ".floe/platform/v1.2.3/policies"
    policies.mkdir(parents=True)
    (policies / "classification.json").write_text("{}")
    copy = f"{docker_registry.host}/acme/floe-platform-files"
    for line in (line for line in lines if line.startswith(("tar ", "crane "))):
        command = line.replace("ghcr.io/acme/floe-platform-files", copy).split()
        program = require_binary("crane") if command[0] == "crane" else command[0]
        run(program, *(["--insecure"] if command[0] == "crane" else []), *command[1:], cwd=tmp_path)
    manifest = Repository(docker_registry.reference("acme/floe-platform-files")).manifest("v1.2.3")
    (layer,) = manifest.layers
    assert layer.media_type == "application/vnd.oci.image.layer.v1.tar+gzip"
    (content,) = Repository(docker_registry.reference("acme/floe-platform-files")).blobs(manifest.layers)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files_inside = {name.removeprefix("./") for name in archive.getnames()}
    assert "policies/classification.json" in files_inside


@pytest.mark.parametrize(
    ("config", "goes_in"),
    [
        ("", False),
        ("{}", False),
        ('{"auths": {"HOST": {"auth": "AUTH"}}}', True),
        ('{"auths": {"HOST": {"auth": "AUTH\\n"}}}', True),
        ('{"auths": {"HOST": {"auth": "AUTH"}}, "credHelpers": {"HOST": ""}}', True),
        ('{"auths": {"HOST": {"auth": "AUTH"}}, "credsStore": ""}', True),
        ('{"auths": {"HOST": {"auth": "AUTH"}}, "credHelpers": {"HOST": "floe-absent"}}', False),
        ('{"auths": {"HOST": {"auth": "no base64"}}}', False),
        ("{", False),
    ],
)
def test_a_docker_config_lets_us_in_where_it_lets_crane_and_oras_in(
    start_registry: Callable[..., DockerRegistry],
    isolated_environment: Path,
    require_binary: Callable[[str], str],
    config: str,
    goes_in: bool,
) -> None:
    registry = start_registry(auth="htpasswd")
    login = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    folder = isolated_environment / ".docker"
    folder.mkdir()
    (folder / "config.json").write_text(config.replace("HOST", registry.host).replace("AUTH", login))
    name = f"{registry.host}/team/platform"
    peers = {
        "crane": [require_binary("crane"), "manifest", "--insecure", f"{name}:v1"],
        "oras": [require_binary("oras"), "manifest", "fetch", "--plain-http", f"{name}:v1"],
    }
    for peer, command in peers.items():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        let_in = re.search("MANIFEST_UNKNOWN|:v1: not found", done.stderr) is not None
        assert let_in == goes_in, (peer, done.stderr)
    try:
        assert Repository(registry.reference()).resolve("v1") is None
    except FloeError:
        assert not goes_in
    else:
        assert goes_in
