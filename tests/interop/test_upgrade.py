"""A platform that changes and a project that follows, against a real docker-registry and real signatures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli import MANIFEST, Ran, floe, ok, platform_directory
from tests.registries import DockerRegistry

pytestmark = pytest.mark.interop

PASSWORD = {"COSIGN_PASSWORD": "correct horse"}
PROJECT = Path(__file__).parents[2] / "examples" / "customer-analytics"


@pytest.fixture
def registry(docker_registry: DockerRegistry) -> str:
    return f"oci://{docker_registry.host}/floe-platform"


def test_a_version_is_bumped_published_previewed_refused_taken_and_undone(
    tmp_path: Path, registry: str, docker_registry: DockerRegistry
) -> None:
    team = platform_directory(tmp_path / "platform")
    product = tmp_path / "product"
    shutil.copytree(PROJECT, product)

    def platform(*arguments: str) -> Ran:
        return floe(team, "platform", *arguments, env={**PASSWORD, "FLOE_REGISTRY": registry})

    def requests() -> int:
        return len(docker_registry.request_lines())

    ok(platform("keygen"))
    ok(platform("publish", "v1.2.3"))
    ok(floe(product, "init", "--platform=v1.2.3", env={"FLOE_REGISTRY": registry}))
    ok(floe(product, "compile"))
    pinned = (product / "floe.yaml").read_bytes()
    lock = (product / ".floe/cache/artifacts.lock").read_bytes()

    # The platform team asks for more, sees whom that hits, and gets the number that says so.
    (team / "manifest.yaml").write_text(MANIFEST.replace("coverage: 80", "coverage: 100"))
    hit = platform("diff", "v1.2.3", "--breaking", "--exit-code", "--impact", str(product))
    assert hit.code == 1
    assert "✗ new                 FLOE-E210 bronze_customers" in hit.out and "by COV001" in hit.out
    assert platform("publish", "v1.2.3").code == 1
    assert ok(platform("bump")).out.splitlines()[-1] == "manifest.yaml: 1.2.3 → 2.0.0"
    ok(platform("publish", "v2.0.0"))
    assert "## v2.0.0 (" in ok(platform("changelog")).out

    # The data team's bot sees it in one request, and its upgrade is refused with the reason.
    before = requests()
    outdated = floe(product, "outdated", "--exit-code", "-o", "json")
    assert (outdated.code, outdated.json["latest"]) == (1, {"version": "v2.0.0", "level": "major"})
    assert requests() - before == 1
    assert floe(product, "outdated", "--offline", "-o", "json").json["latest"] == outdated.json["latest"]
    assert requests() - before == 1
    before = requests()
    refused = floe(product, "upgrade", "-o", "json")
    assert (refused.code, refused.json["state"], refused.json["impact"]["causes"]) == (
        1,
        "refused",
        {"COV001": 1},
    )
    assert requests() - before <= 1 + 9 + 5  # tags, a cold pull, its signatures
    assert (product / "floe.yaml").read_bytes() == pinned
    assert (product / ".floe/cache/artifacts.lock").read_bytes() == lock

    # Taken all the same: floe.yaml keeps its comments, the signer is the one of the first version.
    taken = ok(floe(product, "upgrade", "--accept-breaking"))
    assert "✓ Verifying signature" in taken.out
    moved = (product / "floe.yaml").read_bytes()
    assert moved == pinned.replace(b":v1.2.3\n", b":v2.0.0\n", 1)
    assert floe(product, "compile", "--frozen").code == 1
    ok(floe(product, "outdated", "--exit-code"))
    ok(floe(product, "upgrade", "--undo"))
    assert (product / "floe.yaml").read_bytes() == pinned
    assert (product / ".floe/cache/artifacts.lock").read_bytes() == lock
    ok(floe(product, "compile", "--frozen", "--offline"))


def test_a_version_of_another_signer_is_never_taken(tmp_path: Path, registry: str) -> None:
    product = tmp_path / "product"
    shutil.copytree(PROJECT, product)
    for number, version in enumerate(("v1.2.3", "v1.3.0")):
        team = platform_directory(tmp_path / f"team-{number}", MANIFEST.replace("1.2.3", version[1:]))
        ok(floe(team, "platform", "keygen", env=PASSWORD))
        ok(floe(team, "platform", "publish", version, env={**PASSWORD, "FLOE_REGISTRY": registry}))
        if not number:
            ok(floe(product, "init", "--platform=v1.2.3", env={"FLOE_REGISTRY": registry}))
    before = (product / "floe.yaml").read_bytes()
    for arguments in (("--dry-run",), ("--accept-breaking",)):
        assert floe(product, "upgrade", *arguments).code == 6
    assert floe(product, "pin", "v1.3.0").code == 6
    assert (product / "floe.yaml").read_bytes() == before
