"""The main job word for word, against a real docker-registry, the real cosign and the real ORAS."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from floe_engine.artifact.paths import FILES
from floe_engine.files import human_size
from tests.cli import MANIFEST, Ran, floe, ok, platform_directory
from tests.registries import DockerRegistry

pytestmark = pytest.mark.interop

PASSWORD = {"COSIGN_PASSWORD": "correct horse"}
PROJECT = Path(__file__).parents[2] / "examples" / "customer-analytics"


@pytest.fixture
def registry(docker_registry: DockerRegistry) -> str:
    return f"oci://{docker_registry.host}/floe-platform"


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A platform team's directory with the seed's manifest and a key pair."""
    directory = platform_directory(tmp_path / "platform")
    ok(floe(directory, "platform", "keygen", env=PASSWORD))
    return directory


def publish(directory: Path, registry: str, *more: str, version: str = "v1.2.3") -> Ran:
    return floe(directory, "platform", "publish", version, *more, env={**PASSWORD, "FLOE_REGISTRY": registry})


def digest_of(ran: Ran) -> str:
    return next(line.split()[-1] for line in ran.out.splitlines() if line.startswith("Digest: "))


@pytest.mark.parametrize("program", ["floe", "floe-engine"])
@pytest.mark.parametrize("where", ["registry", "embedded"])
def test_every_command_of_the_seed_runs_word_for_word(
    tmp_path: Path, docker_registry: DockerRegistry, program: str, where: str
) -> None:
    team = platform_directory(tmp_path / "platform")
    env = dict(PASSWORD)
    if where == "registry":
        env["FLOE_REGISTRY"] = f"oci://{docker_registry.host}/floe-platform"

    def run(directory: Path, command: str) -> str:
        return ok(floe(directory, *command.split(), env=env, program=program)).out

    run(team, "platform keygen")
    compiled = run(team, "platform compile")
    assert compiled.splitlines() == [
        "[1/4] Validating manifest.yaml",
        "      ✓ Schema validation passed",
        "      ✓ Plugin references valid",
        "",
        "[2/4] Resolving plugin charts",
        "      ✓ floe-orchestrator-dagster@1.0.0",
        "      ✓ floe-catalog-polaris@1.0.0",
        "      ✓ floe-compute-duckdb@1.0.0",
        "",
        "[3/4] Building governance policies",
        "      ✓ classification.json",
        "      ✓ access-control.json",
        "      ✓ quality-gates.json",
        "",
        "[4/4] Building architecture rules",
        "      ✓ naming-rules.json",
        "      ✓ layer-constraints.json",
        "",
        "Artifacts built: .floe/artifacts/",
    ]
    assert run(team, "platform test").splitlines() == [
        "Running policy tests...",
        "  ✓ Naming convention enforcement",
        "  ✓ Quality gate validation",
        "  ✓ Classification propagation",
        "  ✓ Access control rules",
        "",
        "All 4 tests passed",
    ]
    published = run(team, "platform publish v1.2.3").splitlines()
    built = team / ".floe" / "artifacts"
    assert published[0].startswith("Publishing to oci") and published[0].endswith("floe-platform:v1.2.3")
    assert (
        published[1]
        == f"  ✓ Uploading manifest.json ({human_size((built / 'manifest.json').stat().st_size)})"
    )
    sizes = {
        folder: human_size(sum(file.stat().st_size for file in (built / folder).iterdir()))
        for folder in ("policies", "catalog", "architecture")
    }
    assert published[2:5] == [f"  ✓ Uploading {folder}/ ({size})" for folder, size in sizes.items()]
    assert "Signing artifact with cosign..." in published
    digest = published[-1].removeprefix("Digest: ")
    assert f"  ✓ Signed: {digest}" in published
    assert published[-2] == published[0].replace("Publishing to", "Published:")

    product = tmp_path / "product"
    shutil.copytree(PROJECT, product)
    initialised = run(product, "init --platform=v1.2.3").splitlines()
    assert "  ✓ Verifying signature" in initialised
    assert initialised[-3:] == ["Created:", "  floe.yaml", "  .floe/platform/v1.2.3/"]
    start = initialised.index("Platform: acme-data-platform v1.2.3")
    assert initialised[start + 1 : start + 5] == [
        "  Compute: duckdb",
        "  Orchestrator: dagster",
        "  Catalog: polaris",
        "  Pattern: medallion (strict enforcement)",
    ]
    assert {
        path.relative_to(product / ".floe/platform/v1.2.3").as_posix()
        for path in (product / ".floe/platform/v1.2.3").rglob("*.json")
    } == set(FILES)
    stages = run(product, "compile")
    for line in (
        "[1/4] Loading platform artifacts\n      ✓ Platform: acme-data-platform v1.2.3\n"
        "      ✓ Cached at: .floe/platform/v1.2.3/\n",
        "[2/4] Validating against platform\n      ✓ Naming conventions\n      ✓ Quality gates\n",
        "[3/4] Generating dbt profile\n      ✓ profiles.yml (target: duckdb)\n",
        "[4/4] Compilation successful",
    ):
        assert line in stages
    run(product, "platform pull --force")
    run(product, "platform cache clear")
    assert (product / ".floe/cache/artifacts.lock").exists()
    assert not (product / ".floe/platform").exists()


def test_cosign_2_and_3_verify_what_we_publish(
    team: Path, registry: str, require_binary: Callable[[str], str]
) -> None:
    cosigns = [require_binary("cosign2"), require_binary("cosign3")]
    ok(publish(team, registry))
    name = registry.removeprefix("oci://")
    for cosign in cosigns:
        done = subprocess.run(
            [cosign, "verify", "--key", "cosign.pub", "--insecure-ignore-tlog=true", f"{name}:v1.2.3"],
            cwd=team, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert name.partition("/")[2] in done.stdout or "sha256" in done.stdout


def test_oras_rebuilds_the_same_eight_files(
    team: Path, registry: str, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    oras = require_binary("oras")
    ok(publish(team, registry))
    target = tmp_path / "pulled"
    target.mkdir()
    subprocess.run(
        [oras, "pull", "--plain-http", f"{registry.removeprefix('oci://')}:v1.2.3"],
        cwd=target, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    pulled = {p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*") if p.is_file()}
    assert pulled == {path: (team / ".floe/artifacts" / path).read_bytes() for path in FILES}


def test_what_cosign_3_signs_by_hand_is_accepted(
    team: Path, registry: str, require_binary: Callable[[str], str]
) -> None:
    cosign = require_binary("cosign3")
    digest = digest_of(ok(publish(team, registry, "--no-sign")))
    env = {"FLOE_REGISTRY": registry}
    unsigned = floe(team, "platform", "verify", "v1.2.3", env=env)
    assert unsigned.code == 6
    assert "no signature" in unsigned.err
    config = team / "empty.json"
    made = subprocess.run([cosign, "signing-config", "create"], capture_output=True, text=True, check=True)
    config.write_text(made.stdout)
    subprocess.run(
        [cosign, "sign", "--key", "cosign.key", "--signing-config", str(config), "-y", f"{registry.removeprefix('oci://')}@{digest}"],
        cwd=team, env={**os.environ, **PASSWORD}, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert "Signatures: verified" in ok(floe(team, "platform", "verify", "v1.2.3", env=env)).out


def test_publishing_again_is_a_no_op_and_other_content_is_refused(
    team: Path, registry: str, docker_registry: DockerRegistry
) -> None:
    first = ok(publish(team, registry))
    before = len(docker_registry.request_lines())
    again = ok(publish(team, registry))
    assert digest_of(again) == digest_of(first)
    assert "nothing to do" in again.out
    assert len(docker_registry.request_lines()) - before == 1

    (team / "manifest.yaml").write_text(MANIFEST.replace("coverage: 80", "coverage: 70"))
    refused = publish(team, registry)
    assert refused.code == 1
    assert "published already, with other content" in refused.err
    shutil.rmtree(team / ".floe")
    (team / "manifest.yaml").write_text(MANIFEST)
    assert "nothing to do" in ok(publish(team, registry)).out  # another build time is not other content


def test_a_published_version_takes_as_many_requests_as_the_design_says(
    team: Path, registry: str, docker_registry: DockerRegistry, tmp_path: Path
) -> None:
    def requests(work: Callable[[], Ran]) -> int:
        before = len(docker_registry.request_lines())
        ok(work())
        return len(docker_registry.request_lines()) - before

    # Six of them make sure that nobody else has published the version meanwhile, and that it stays.
    attested = registry.replace("floe-platform", "attested-platform")
    assert requests(lambda: publish(team, attested)) <= 64  # three attestations, in both formats, looked at
    assert requests(lambda: publish(team, registry, "--no-attest")) <= 42
    unsigned = platform_directory(tmp_path / "unsigned")
    other = registry.replace("floe-platform", "unsigned-platform")
    assert requests(lambda: publish(unsigned, other, "--no-sign")) <= 26

    product = tmp_path / "product"
    shutil.copytree(PROJECT, product)
    env = {"FLOE_REGISTRY": registry}
    assert requests(lambda: floe(product, "init", "--platform=v1.2.3", env=env)) <= 9 + 5
    assert requests(lambda: floe(product, "platform", "pull")) == 1
    assert requests(lambda: floe(product, "compile")) == 0
    bare = tmp_path / "bare"
    bare.mkdir()
    assert requests(lambda: floe(bare, "platform", "pull", "v1.2.3", env={"FLOE_REGISTRY": other})) <= 9 + 3


@pytest.mark.parametrize("delay", [0.35, 0.5, 0.65, 0.8, 1.0, 1.3])
def test_killing_a_publication_leaves_no_tag_or_a_whole_signed_version(
    team: Path, registry: str, docker_registry: DockerRegistry, delay: float
) -> None:
    program = Path(sys.executable).with_name("floe")
    process = subprocess.Popen(
        [str(program), "platform", "publish", "v1.2.3"],
        cwd=team, env={**os.environ, **PASSWORD, "FLOE_REGISTRY": registry},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    listed = floe(team, "platform", "list", "-o", "json", env={"FLOE_REGISTRY": registry})
    tags = [entry["tag"] for entry in listed.json["versions"]] if listed.code == 0 else []
    assert tags in ([], ["v1.2.3"])
    if tags:
        ok(floe(team, "platform", "verify", "v1.2.3", env={"FLOE_REGISTRY": registry}))
    ok(publish(team, registry))
    ok(floe(team, "platform", "verify", "v1.2.3", env={"FLOE_REGISTRY": registry}))


def test_dbt_builds_the_example_with_the_generated_profile(
    team: Path, registry: str, tmp_path: Path, require_binary: Callable[[str], str]
) -> None:
    dbt = require_binary("dbt")
    ok(publish(team, registry))
    product = tmp_path / "product"
    shutil.copytree(PROJECT, product)
    ok(floe(product, "init", "--platform=v1.2.3", env={"FLOE_REGISTRY": registry}))
    ok(floe(product, "compile"))
    built = subprocess.run(
        [dbt, "build"], cwd=product, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "0"},
    )  # fmt: skip
    assert built.returncode == 0, built.stdout
    assert "ERROR=0" in built.stdout
    document = ok(floe(product, "compile", "-o", "json")).json
    assert document["ok"] is True
    assert json.loads((product / "target/manifest.json").read_text())["metadata"]["adapter_type"] == "duckdb"
