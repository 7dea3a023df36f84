"""What lies in .floe/ is judged again at every use, without a network, whatever the lock says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from floe_engine.files import canonical_json, sha256_digest
from floe_engine.store import Store
from tests.engine.trust.here import data_team, elsewhere, floe
from tests.registries import docker_registry
from tests.teams import PlatformTeam, fingerprint, manifest, new_key

USES: dict[str, tuple[str, ...]] = {
    "compile": ("compile", "--offline"),
    "compile --frozen": ("compile", "--offline", "--frozen"),
    "pull": ("platform", "pull", "--offline"),
    "pull --frozen": ("platform", "pull", "--frozen", "--offline"),
    "pull online": ("platform", "pull"),
    "pull VERSION": ("platform", "pull", "v1.0.0", "--offline"),
    "verify --offline": ("platform", "verify", "--offline"),
    "outdated": ("outdated",),
    "upgrade": ("upgrade", "--to", "v1.1.0", "--dry-run"),
    "diff": ("platform", "diff", "v1.0.0", "v1.1.0"),
    "fix": ("fix", "--dry-run", "--offline"),
    "waive": ("waive", "E230 bronze_orders", "--reason", "r", "--owner", "me@acme.example", "--dry-run"),
}
"""Everything that uses the locked version."""


@pytest.fixture(scope="module")
def pulled(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the team's key, and a project that has v1.0.0 locked and names the key in floe.yaml."""
    folder = tmp_path_factory.mktemp("pulled")
    with elsewhere(folder / "home"):
        key = new_key(folder / "team.key")
        platform = PlatformTeam(folder / "platform", f"{server}/stored")
        for version in ("1.0.0", "1.1.0"):
            platform.publish(version, key=key)
        anchors = f"trusted_keys: [{key.with_suffix('.pub')}]"
        ran = floe(data_team(folder / "product", platform.registry, "v1.0.0", anchors), "platform", "pull")
    assert ran.code == 0, ran.err
    return folder


@pytest.fixture
def key(pulled: Path) -> Path:
    """The team's."""
    return pulled / "team.key"


@pytest.fixture
def product(pulled: Path, tmp_path: Path) -> Path:
    """The project, a copy for this test alone."""
    return shutil.copytree(pulled / "product", tmp_path / "product")


def lock_of(product: Path) -> Path:
    return product / ".floe/cache/artifacts.lock"


def kept_of(product: Path) -> Path:
    (found,) = (product / ".floe/cache/signatures").iterdir()
    return found


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text())
    change(document.get("platform", document))
    path.write_bytes(canonical_json(document))


def weaken(product: Path) -> bytes:
    """Lower a gate in the cached file; returns the file as it is now."""
    file = product / ".floe/platform/v1.0.0/policies/quality-gates.json"
    data = file.read_bytes().replace(b"80", b"10")
    assert data != file.read_bytes()
    file.write_bytes(data)
    return data


def weaken_with_its_digest(product: Path, *_: Path) -> None:
    data = weaken(product)
    entry = {"digest": sha256_digest(data), "size": len(data)}
    edit(lock_of(product), lambda lock: lock["files"].update({"policies/quality-gates.json": entry}))


def blank_signer(product: Path, *_: Path) -> None:
    edit(lock_of(product), lambda lock: lock["signer"].update(fingerprint=""))


def null_signer(product: Path, *_: Path) -> None:
    edit(lock_of(product), lambda lock: lock.update(signer=None))


def another_signer(product: Path, key: Path, other: Path) -> None:
    pem = other.with_suffix(".pub").read_text()
    edit(lock_of(product), lambda lock: lock["signer"].update(fingerprint=fingerprint(other), public_key=pem))


def another_name(product: Path, *_: Path) -> None:
    edit(lock_of(product), lambda lock: lock.update(name="acme-evil"))


def a_lower_version(product: Path, *_: Path) -> None:
    """So that a downgrade would look like an upgrade."""
    edit(lock_of(product), lambda lock: lock.update(version="0.9.0"))


def a_key_for_later(product: Path, key: Path, other: Path) -> None:
    edit(lock_of(product), lambda lock: lock.update(trusted_keys=[other.with_suffix(".pub").read_text()]))


EDITS = [
    weaken_with_its_digest,
    blank_signer,
    null_signer,
    another_signer,
    another_name,
    a_lower_version,
    a_key_for_later,
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("change", EDITS, ids=[change.__name__ for change in EDITS])
def test_an_edited_lock_is_caught_at_every_use(
    product: Path, key: Path, other_key: Path, change: Callable[..., None], use: str
) -> None:
    change(product, key, other_key)
    ran = floe(product, *USES[use])
    assert ran.code == 5, (ran.code, ran.out, ran.err)
    assert "lock" in ran.err


@pytest.mark.parametrize("use", USES)
def test_a_key_that_is_revoked_stops_every_use_whatever_the_lock_says(
    product: Path, key: Path, settings: Path, use: str
) -> None:
    (settings / "config.toml").write_text(f'revoked_keys = ["{fingerprint(key)}"]')
    ran = floe(product, *USES[use])
    assert ran.code == 6 and "revoked" in ran.err, (ran.code, ran.out, ran.err)


@pytest.mark.parametrize("change", EDITS, ids=[change.__name__ for change in EDITS])
def test_the_doctor_finds_what_the_next_use_would_refuse(
    product: Path, key: Path, other_key: Path, change: Callable[..., None]
) -> None:
    assert floe(product, "platform", "doctor", "--offline").code == 0
    change(product, key, other_key)
    ran = floe(product, "platform", "doctor", "--offline")
    assert ran.code == 5 and "✗" in ran.out, ran.out


def test_the_doctor_finds_a_signer_who_was_revoked(product: Path, key: Path, settings: Path) -> None:
    (settings / "config.toml").write_text(f'revoked_keys = ["{fingerprint(key)}"]')
    ran = floe(product, "platform", "doctor", "--offline")
    assert ran.code == 6 and "revoked" in ran.out, ran.out


def test_a_revoked_key_stops_a_compile_though_the_registry_is_gone(
    tmp_path: Path, key: Path, settings: Path
) -> None:
    with docker_registry(tmp_path / "server") as running:
        platform = PlatformTeam(tmp_path / "platform", f"oci://{running.host}/platform")
        platform.publish("1.0.0", key=key)
        product = data_team(tmp_path / "product", platform.registry, "v1.0.0")
        assert floe(product, "platform", "pull").code == 0
    assert floe(product, "compile", "--what-if=warn").code == 0
    (settings / "config.toml").write_text(f'revoked_keys = ["{fingerprint(key)}"]')
    ran = floe(product, "compile", "--what-if=warn")
    assert ran.code == 6 and "revoked" in ran.err, (ran.code, ran.err)


def test_content_of_an_attacker_is_not_believed_for_a_lock_that_names_the_team(
    tmp_path: Path, product: Path, key: Path, other_key: Path
) -> None:
    """The whole of .floe/ is the attacker's: made by a pull of their own, and the signer rewritten."""
    evil = PlatformTeam(tmp_path / "evil", f"oci-layout:{tmp_path / 'evil-registry'}")
    evil.publish("1.0.0", key=other_key, text=manifest("1.0.0", coverage=0))
    theirs = data_team(tmp_path / "theirs", evil.registry, "v1.0.0")
    assert floe(theirs, "platform", "pull").code == 0
    honest = json.loads(lock_of(product).read_text())["platform"]
    shutil.rmtree(product / ".floe")
    shutil.copytree(theirs / ".floe", product / ".floe")
    for field in ("reference", "signer"):
        edit(lock_of(product), lambda lock, field=field: lock.update({field: honest[field]}))
    for use in ("compile", "compile --frozen", "pull", "pull --frozen", "verify --offline"):
        assert floe(product, *USES[use]).code == 6, use


def test_kept_signatures_that_are_damaged_are_fetched_again_or_missed(product: Path) -> None:
    kept = kept_of(product)
    good = kept.read_bytes()
    for damage in (b"", b"{}", b"[1]", good.replace(b"evidenceVersion", b"other"), good[:-40]):
        kept.write_bytes(damage)
        offline = floe(product, "compile", "--offline")
        assert offline.code == 5 and "platform pull" in offline.err, offline.err
        assert floe(product, "platform", "pull").code == 0
        assert floe(product, "platform", "verify", "--offline").code == 0


def test_what_an_older_floe_pulled_is_fetched_once_more(product: Path) -> None:
    shutil.rmtree(product / ".floe/cache/signatures")
    before = lock_of(product).read_bytes()
    assert floe(product, "compile", "--offline").code == 5
    assert floe(product, "compile", "--what-if=warn").code == 0
    assert floe(product, "compile", "--offline", "--frozen", "--what-if=warn").code == 0
    assert lock_of(product).read_bytes() == before


def test_verify_offline_says_whom_it_trusts_and_what_it_found(product: Path, key: Path) -> None:
    ran = floe(product, "platform", "verify", "--offline")
    assert ran.code == 0 and "Signatures: verified" in ran.out and fingerprint(key) in ran.out
    assert "Trusting: floe.yaml" in ran.out
    assert floe(product, "platform", "verify", "v1.1.0", "--offline").code == 2


def test_an_unsigned_platform_has_digests_alone_and_verify_says_so(
    tmp_path: Path, platform: PlatformTeam
) -> None:
    platform.publish("1.0.0")
    product = data_team(tmp_path / "product", platform.registry, "v1.0.0")
    assert floe(product, "platform", "pull").code == 0
    assert floe(product, "compile", "--offline", "--what-if=warn").code == 0
    ran = floe(product, "platform", "verify", "--offline")
    assert ran.code == 6 and "nothing proves who published" in ran.out
    weaken_with_its_digest(product)
    assert floe(product, "compile", "--offline").code == 5


@pytest.mark.parametrize(
    "use", ["compile", "compile --frozen", "pull", "verify --offline", "fix", "outdated"]
)
def test_an_unsigned_lock_is_nobody_s_word_where_first_uses_are_refused(
    tmp_path: Path, platform: PlatformTeam, settings: Path, use: str
) -> None:
    """All of .floe/ comes with a clone, and nobody has signed what lies there."""
    platform.publish("1.0.0")
    product = data_team(tmp_path / "product", platform.registry, "v1.0.0")
    assert floe(product, "platform", "pull").code == 0
    (settings / "config.toml").write_text('first_use = "refuse"')
    ran = floe(product, *USES[use])
    assert ran.code == 6, (ran.code, ran.out, ran.err)


def test_clearing_the_cache_takes_the_signatures_along(product: Path) -> None:
    Store(product / ".floe").clear()
    assert not (product / ".floe/cache/signatures").exists()
    assert floe(product, "platform", "pull").code == 0
    assert kept_of(product).is_file()
