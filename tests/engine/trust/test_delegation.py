"""A data team that trusts the enterprise's key alone, and a domain's platform by the domain's own key."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from floe_engine.artifact.pack import PLATFORM_NAME, VERSION
from floe_engine.files import canonical_json
from floe_engine.signing.keys import load_private
from floe_engine.signing.trust import sign
from tests.engine.trust.here import data_team, floe
from tests.registries import docker_registry
from tests.teams import PlatformTeam, fingerprint, manifest, new_key

SUPPRESSED = "suppressions:\n" + "".join(
    f'  - {{rule: {rule}, path: "*", reason: a story, owner: me@acme.example, expires: 2999-01-01,\n'
    "     acknowledge_security: true}\n"
    for rule in ("KEY001", "KEY009")
)


@dataclass(frozen=True)
class House:
    """An enterprise, its domain `sales`, and everybody's keys; both publish into one registry."""

    folder: Path
    registry: str

    def key(self, name: str) -> Path:
        path = self.folder / "keys" / f"{name}.key"
        return path if path.exists() else new_key(path)

    def team(self, name: str) -> PlatformTeam:
        return PlatformTeam(self.folder / name, f"{self.registry}/{name}")

    def enterprise(
        self,
        version: str,
        delegated: Mapping[str, Sequence[str]],
        *,
        revoked: Sequence[str] = (),
        name: str = "acme",
        by: str = "acme",
    ) -> None:
        """Publish a version of an enterprise platform that delegates to the keys `delegated`."""
        team = self.team(name)
        names = {"acme", by, *(key for keys in delegated.values() for key in keys)}
        team.requiring(*map(self.key, sorted(names)))
        listed = ", ".join(
            f"{domain}: [{', '.join(f'{key}.pub' for key in keys)}]" for domain, keys in delegated.items()
        )
        section = f"security: {{trusted_keys: [{', '.join(sorted({'acme.pub', f'{by}.pub'}))}]"
        section += f", delegated_keys: {{{listed}}}" if listed else ""
        section += f", revoked_keys: [{', '.join(map(repr, revoked))}]" if revoked else ""
        (team.directory / "floe-suppressions.yaml").write_text(SUPPRESSED)
        text = manifest(version, name=name, scope="enterprise", more=section + "}\n")
        team.publish(version, key=self.key(by), text=text)

    def domain(
        self,
        version: str,
        *,
        parent: str = "acme:v1.0.0",
        by: str = "sales",
        name: str = "sales",
        place: str = "",
    ) -> None:
        """Publish a version of a domain's platform; whoever signs need not be allowed to."""
        team = PlatformTeam(self.folder / f"{place or name}-team", f"{self.registry}/{place or name}")
        shutil.rmtree(team.directory, ignore_errors=True)
        team.directory.mkdir(parents=True)
        (team.directory / "floe-suppressions.yaml").write_text(SUPPRESSED)
        text = manifest(
            version, name=name, scope="domain", more=f"parent: {{ref: '{self.registry}/{parent}'}}\n"
        )
        team.publish(version, text=text)
        signer, repository = load_private(self.key(by).read_bytes()), team.repository
        sign(
            repository,
            repository.manifest(f"v{version}").digest,
            signer,
            docker_reference=repository.reference.docker_reference,
            annotations={PLATFORM_NAME: name, VERSION: version},
        )

    def product(self, version: str = "v1.0.0", name: str = "product") -> Path:
        """A data team's project, which trusts the enterprise's key alone."""
        anchor = f"trusted_keys: [{self.key('acme').with_suffix('.pub')}]"
        return data_team(self.folder / name, f"{self.registry}/sales", version, anchor)


@pytest.fixture(params=["layout", "docker-registry"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    if request.param == "layout":
        yield House(tmp_path, f"oci-layout:{tmp_path / 'registry'}")
        return
    with docker_registry(tmp_path / "server") as running:
        yield House(tmp_path, f"oci://{running.host}")


@pytest.fixture
def here(tmp_path: Path) -> House:
    return House(tmp_path, f"oci-layout:{tmp_path / 'registry'}")


def locked(product: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((product / ".floe/cache/artifacts.lock").read_text())["platform"]
    return document


def test_a_domain_s_key_is_believed_on_the_enterprise_s_word_and_offline_ever_after(house: House) -> None:
    house.enterprise("1.0.0", {"sales": ["sales"]})
    house.domain("1.0.0")
    product = house.product()
    ran = floe(product, "platform", "pull")
    assert ran.code == 0 and "acme v1.0.0 lets them sign sales" in ran.err + ran.out, ran
    lock = locked(product)
    assert lock["signer"]["fingerprint"] == fingerprint(house.key("sales"))
    assert (lock["delegated_by"]["reference"], lock["delegated_by"]["version"]) == (
        f"{house.registry}/acme",
        "1.0.0",
    )
    verified = floe(product, "platform", "verify", "-o", "json")
    assert verified.code == 0 and verified.json["delegatedBy"].startswith("acme v1.0.0@sha256:")

    house.enterprise("1.1.0", {"sales": ["sales"]})
    house.domain("1.1.0")
    assert floe(product, "upgrade", "--to", "v1.1.0").code == 0
    assert locked(product)["delegated_by"]["version"] == "1.1.0", "the newest word counts"
    fresh = house.folder / "fresh"
    data_team(
        fresh, f"{house.registry}/sales", "v1.1.0", f"trusted_keys: [{house.key('acme').with_suffix('.pub')}]"
    )
    (fresh / "floe.yaml").unlink()
    ran = floe(
        fresh,
        "init",
        f"--platform={house.registry}/sales:v1.1.0",
        "--trusted-key",
        f"{house.key('acme').with_suffix('.pub')}",
    )
    assert ran.code == 0, ran.err

    shutil.move(
        str(house.folder / ("registry" if "layout" in house.registry else "server")), house.folder / "gone"
    )
    for words in (
        ("compile", "--offline"),
        ("compile", "--offline", "--frozen"),
        ("platform", "verify", "--offline"),
    ):
        ran = floe(product, *words)
        assert ran.code in (0, 1) and "signature" not in ran.err, (words, ran)


def not_delegated(house: House) -> None:
    house.domain("1.1.0", by="mallory")


def delegated_to_another_platform(house: House) -> None:
    house.domain("1.1.0", by="hr")


def removed_since(house: House) -> None:
    house.enterprise("1.1.0", {"hr": ["hr"]})
    house.domain("1.1.0")


def revoked_since(house: House) -> None:
    house.enterprise("1.1.0", {"sales": ["another"]}, revoked=[fingerprint(house.key("sales"))])
    house.domain("1.1.0")


def by_an_enterprise_version_of_a_stranger(house: House) -> None:
    house.enterprise("1.9.0", {"sales": ["mallory"]}, by="mallory")
    house.domain("1.1.0", by="mallory")


def by_an_enterprise_version_that_the_delegated_key_signed(house: House) -> None:
    house.enterprise("1.9.0", {"sales": ["mallory"]}, by="sales")
    house.domain("1.1.0", by="mallory")


def by_another_enterprise_of_the_thief_s(house: House) -> None:
    house.enterprise("1.0.0", {"sales": ["mallory"]}, name="evil", by="mallory")
    house.domain("1.1.0", parent="evil:v1.0.0", by="mallory")


def by_an_old_copy_elsewhere_where_the_removal_is_unknown(house: House) -> None:
    for tag in ("v1.0.0",):
        ran = floe(
            house.folder,
            "platform",
            "copy",
            f"{house.registry}/acme:{tag}",
            f"{house.registry}/old",
            "--no-require-trusted",
        )
        assert ran.code == 0, ran.err
    house.enterprise("1.1.0", {"hr": ["hr"]})
    house.domain("1.1.0", parent="old:v1.0.0")


BAD: list[Callable[[House], None]] = [
    not_delegated,
    delegated_to_another_platform,
    removed_since,
    revoked_since,
    by_an_enterprise_version_of_a_stranger,
    by_an_enterprise_version_that_the_delegated_key_signed,
    by_another_enterprise_of_the_thief_s,
    by_an_old_copy_elsewhere_where_the_removal_is_unknown,
]


@pytest.mark.parametrize(
    ("house", "spoil"),
    [*(("layout", spoil) for spoil in BAD), ("docker-registry", removed_since)],
    indirect=["house"],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_key_that_is_not_delegated_to_this_platform_now_signs_nothing(
    house: House, spoil: Callable[[House], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.enterprise("1.0.0", {"sales": ["sales"], "hr": ["hr"]})
    house.domain("1.0.0")
    product = house.product()
    assert floe(product, "platform", "pull").code == 0
    spoil(house)
    monkeypatch.setenv("XDG_CACHE_HOME", str(house.folder / "another-machine"))
    before = locked(product)
    bad = f"{house.registry}/sales:v1.1.0"
    for words in (
        ("upgrade", "--to", "v1.1.0", "--accept-breaking"),
        ("platform", "verify", bad),
        ("platform", "diff", "v1.0.0", "v1.1.0"),
        ("platform", "pull", bad),
        ("platform", "copy", bad, f"{house.registry}/elsewhere"),
    ):
        ran = floe(product, *words)
        assert ran.code == 6, (words, ran)
    assert locked(product) == before
    assert floe(product, "compile", "--offline").code in (0, 1)


def test_a_new_team_is_not_led_by_what_the_enterprise_no_longer_says(here: House) -> None:
    here.enterprise("1.0.0", {"sales": ["sales"]})
    here.domain("1.0.0")
    here.enterprise("1.1.0", {})
    ran = floe(here.product(), "platform", "pull")
    assert ran.code == 6 and "acme v1.1.0 lets no key of its own sign sales" in ran.err, ran.err


def test_an_enterprise_version_that_is_withheld_is_missed(here: House) -> None:
    here.enterprise("1.0.0", {"sales": ["sales"]})
    here.enterprise("1.1.0", {"sales": ["sales"]})
    here.domain("1.0.0", parent="acme:v1.1.0")
    here.team("acme").repository.delete_tag("v1.1.0")
    ran = floe(here.product(), "platform", "pull")
    assert ran.code == 6 and "built on v1.1.0" in ran.err, ran.err


def test_an_older_word_of_the_enterprise_s_than_the_locked_one_is_refused(here: House) -> None:
    here.enterprise("1.0.0", {"sales": ["sales"]})
    here.domain("1.0.0")
    here.enterprise("1.1.0", {"sales": ["sales"]})
    product = here.product()
    assert floe(product, "platform", "pull").code == 0
    here.domain("1.0.1")
    here.team("acme").repository.delete_tag("v1.1.0")
    ran = floe(product, "upgrade", "--to", "v1.0.1")
    assert ran.code == 6 and "v1.1.0" in ran.err, ran.err


def test_a_reader_who_revokes_either_key_stops_at_the_next_use(here: House, settings: Path) -> None:
    here.enterprise("1.0.0", {"sales": ["sales"]})
    here.domain("1.0.0")
    product = here.product()
    assert floe(product, "platform", "pull").code == 0
    for name in ("sales", "acme"):
        (settings / "config.toml").write_text(f'revoked_keys = ["{fingerprint(here.key(name))}"]')
        assert floe(product, "compile", "--offline").code == 6, name
    (settings / "config.toml").unlink()
    assert floe(product, "compile", "--offline").code in (0, 1)


def test_a_lock_or_a_kept_delegation_that_was_edited_is_found(here: House) -> None:
    here.enterprise("1.0.0", {"sales": ["sales"]})
    here.enterprise("1.1.0", {"sales": ["sales"]})
    here.domain("1.0.0")
    product = here.product()
    assert floe(product, "platform", "pull").code == 0
    lock, good = product / ".floe/cache/artifacts.lock", locked(product)
    for change in (
        {"delegated_by": None},
        {"delegated_by": {**good["delegated_by"], "digest": "sha256:" + "0" * 64}},
        {"delegated_by": {**good["delegated_by"], "version": "0.1.0"}},
        {"delegated_by": {**good["delegated_by"], "name": "evil"}},
        {"delegated_by": {**good["delegated_by"], "digest": "nonsense"}},
    ):
        lock.write_bytes(canonical_json({"lockVersion": 1, "platform": {**good, **change}}))
        assert floe(product, "compile", "--offline").code in (5, 6), change
    lock.write_bytes(canonical_json({"lockVersion": 1, "platform": good}))
    (kept,) = (product / ".floe/cache/signatures").iterdir()
    document = json.loads(kept.read_text())
    for spoilt in (
        {**document, "delegation": None},
        {**document, "delegation": {**document["delegation"], "blobs": []}},
    ):
        kept.write_bytes(canonical_json(spoilt))
        assert floe(product, "compile", "--offline").code in (5, 6)
    shutil.rmtree(product / ".floe/cache/signatures")
    restored = floe(product, "platform", "pull", "--frozen")
    assert restored.code == 0, restored.err
    assert locked(product) == good, "what the lock names is fetched, and nothing newer"


def test_no_policy_of_the_enterprise_s_own_place_is_gone_round(here: House, settings: Path) -> None:
    here.enterprise("1.0.0", {"sales": ["sales"]})
    here.domain("1.0.0")
    product, other = here.product(), fingerprint(here.key("other"))
    place = here.registry.removeprefix("oci-layout:")
    (settings / "trust.toml").write_text(
        f'version = 1\n[[scope]]\nmatch = "oci-layout:{place}/acme"\nkeys = ["{other}"]\n'
    )
    assert floe(product, "platform", "pull").code == 6


def test_no_other_registry_is_asked_on_a_platform_s_word(tmp_path: Path) -> None:
    """What is built on a folder, or on another host's platform, is looked for where it was pulled from."""
    here = House(tmp_path, f"oci-layout:{tmp_path / 'registry'}")
    here.enterprise("1.0.0", {"sales": ["sales"]})
    here.domain("1.0.0")
    with docker_registry(tmp_path / "server") as running:
        place = f"oci://{running.host}/sales"
        copied = floe(
            tmp_path, "platform", "copy", f"{here.registry}/sales:v1.0.0", place, "--no-require-trusted"
        )
        assert copied.code == 0, copied.err
        anchor = f"trusted_keys: [{here.key('acme').with_suffix('.pub')}]"
        ran = floe(data_team(tmp_path / "product", place, "v1.0.0", anchor), "platform", "pull")
    assert ran.code == 6 and "does not lie in this registry" in ran.err, ran.err
