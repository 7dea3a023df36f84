"""A version promoted between real registries and through a file, judged by cosign and ORAS."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.artifact.paths import FILES
from tests.cli import floe, ok, platform_directory
from tests.registries import DockerRegistry

pytestmark = pytest.mark.interop

PASSWORD = {"COSIGN_PASSWORD": "correct horse"}


@pytest.fixture
def team(tmp_path: Path) -> Path:
    directory = platform_directory(tmp_path / "platform")
    ok(floe(directory, "platform", "keygen", env=PASSWORD))
    return directory


def published(team: Path, where: str) -> str:
    ran = ok(floe(team, "platform", "publish", "v1.2.3", "--registry", where, "-o", "json", env=PASSWORD))
    return str(ran.json["digest"])


def cosign_verifies(program: str, team: Path, host: str, name: str) -> None:
    done = subprocess.run(
        [program, "verify", "--key", "cosign.pub", "--insecure-ignore-tlog=true", f"{host}/{name}:v1.2.3"],
        cwd=team, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("source", ["registry", "layout"])
def test_a_promoted_version_has_its_digest_and_signatures_that_cosign_verifies(
    team: Path,
    tmp_path: Path,
    start_registry: Callable[[], DockerRegistry],
    require_binary: Callable[[str], str],
    source: str,
) -> None:
    cosigns = [require_binary("cosign2"), require_binary("cosign3")]
    production = start_registry().host
    there = f"oci://{production}/prod/platform"
    here = (
        f"oci://{start_registry().host}/dev/platform"
        if source == "registry"
        else f"oci-layout:{tmp_path}/dev"
    )
    digest = published(team, here)
    done = ok(floe(team, "platform", "copy", f"{here}:v1.2.3", there, "-o", "json")).json
    assert (done["digest"], done["signatures"], done["changed"]) == (digest, 2, True)
    for cosign in cosigns:
        cosign_verifies(cosign, team, production, "prod/platform")
    verified = ok(floe(team, "platform", "verify", f"{there}:v1.2.3", "-o", "json")).json
    assert verified["digest"] == digest
    assert {signer["format"] for signer in verified["signers"]} == {"bundle", "simple-signing"}
    again = ok(floe(team, "platform", "copy", f"{here}:v1.2.3", there, "-o", "json")).json
    assert again["changed"] is False


def test_a_file_carries_a_version_over_the_air_gap(
    team: Path,
    tmp_path: Path,
    start_registry: Callable[[], DockerRegistry],
    require_binary: Callable[[str], str],
) -> None:
    cosign = require_binary("cosign3")
    outside, inside = start_registry().host, start_registry().host
    digest = published(team, f"oci://{outside}/platform")
    file = tmp_path / "v1.2.3.tar"
    ok(floe(team, "platform", "export", str(file), f"oci://{outside}/platform:v1.2.3"))
    done = ok(floe(team, "platform", "import", str(file), f"oci://{inside}/platform"))
    assert done.out.splitlines()[-1] == f"Digest: {digest}"
    cosign_verifies(cosign, team, inside, "platform")
    product = tmp_path / "product"
    product.mkdir()
    env = {"FLOE_REGISTRY": f"oci://{inside}/platform"}
    ok(floe(product, "init", "--platform=v1.2.3", "--trusted-key", str(team / "cosign.pub"), env=env))


def test_oras_reads_the_file_and_floe_reads_what_oras_writes(
    team: Path, tmp_path: Path, docker_registry: DockerRegistry, require_binary: Callable[[str], str]
) -> None:
    oras = require_binary("oras")

    def run(*arguments: str, cwd: Path = tmp_path) -> str:
        done = subprocess.run(
            [oras, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    digest = published(team, f"oci-layout:{tmp_path}/dev")
    file = tmp_path / "v1.2.3.tar"
    ok(floe(team, "platform", "export", str(file), f"oci-layout:{tmp_path}/dev:v1.2.3"))
    descriptor = json.loads(run("manifest", "fetch", "--descriptor", "--oci-layout", f"{file}:v1.2.3"))
    assert descriptor["digest"] == digest
    referrers = json.loads(run("discover", "--format", "json", "--oci-layout", f"{file}:v1.2.3"))
    assert len(referrers["referrers"]) == 1 + 3  # the signature and three attestations
    pulled = tmp_path / "pulled"
    pulled.mkdir()
    run("pull", "--oci-layout", f"{file}:v1.2.3", cwd=pulled)
    assert {path.relative_to(pulled).as_posix() for path in pulled.rglob("*.json")} == set(FILES)
    there = f"{docker_registry.host}/platform"
    run("copy", "--to-plain-http", "--from-oci-layout", "-r", f"{file}:v1.2.3", f"{there}:v1.2.3")
    assert (
        ok(floe(team, "platform", "verify", f"oci://{there}:v1.2.3", "-o", "json")).json["digest"] == digest
    )

    layout = tmp_path / "by-oras"
    run("copy", "--from-plain-http", "--to-oci-layout", "-r", f"{there}:v1.2.3", f"{layout}:v1.2.3")
    by_hand = Path(shutil.make_archive(str(tmp_path / "by-oras"), "tar", layout))
    target = f"oci://{docker_registry.host}/imported"
    (done,) = ok(floe(team, "platform", "import", str(by_hand), target, "-o", "json")).json["imported"]
    assert (done["digest"], done["signatures"]) == (digest, 1)  # ORAS leaves the older .sig tag behind
    ok(floe(team, "platform", "verify", f"{target}:v1.2.3"))
