"""Who may sign, as manifest.yaml says it: keys and identities, those that are revoked, a domain's own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from floe_engine.artifact.content import Artifact, content_digest
from floe_engine.artifact.pack import IMAGE_MANIFEST, pack
from floe_engine.artifact.paths import MANIFEST
from floe_engine.files import canonical_json
from floe_engine.platform.publish import publish
from floe_engine.platform.sign_version import sign_version
from floe_engine.platform.signing_key import SigningOptions
from floe_engine.signing.keys import load_private
from floe_engine.signing.trust import sign
from tests.engine.trust.here import data_team, floe
from tests.faults.sigstore_double import SUBJECT, SigstoreDouble
from tests.teams import PlatformTeam, fingerprint, manifest, new_key

OTHER = "https://floe.test/acme/platform/.github/workflows/release.yml@refs/heads/main"
STRANGER = "https://floe.test/mallory"
RULES = [f"KEY{number:03}" for number in range(1, 11)] + ["SGN001", "SGN002"]
SUPPRESSED = "suppressions:\n" + "".join(
    f'  - {{rule: {rule}, path: "*", reason: a rotation, owner: me@acme.example, expires: 2999-01-01,\n'
    "     acknowledge_security: true}\n"
    for rule in RULES
)


@pytest.fixture
def sigstore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SigstoreDouble]:
    with SigstoreDouble() as running:
        root = tmp_path / "sigstore.json"
        root.write_text(json.dumps(running.client_config()))
        monkeypatch.setenv("FLOE_TRUST_ROOT", str(root))
        yield running


def people(sigstore: SigstoreDouble, *subjects: str) -> str:
    listed = ", ".join(f"{{identity: '{subject}', issuer: '{sigstore.url}'}}" for subject in subjects)
    return f"security: {{require_signed_artifacts: true, trusted_identities: [{listed}]}}\n"


def by(sigstore: SigstoreDouble, subject: str) -> SigningOptions:
    return SigningOptions(keyless=True, identity_token=sigstore.token(subject=subject))


def release(platform: PlatformTeam, version: str, security: str, *signers: SigningOptions) -> None:
    """Publish `version` with a section `security` as the first of `signers`; the others sign as well."""
    platform.directory.mkdir(parents=True, exist_ok=True)
    (platform.directory / "manifest.yaml").write_text(manifest(version, more=security))
    (platform.directory / "floe-suppressions.yaml").write_text(SUPPRESSED)
    platform.environ = dict(os.environ)
    publish(platform.workspace, f"v{version}", options=signers[0])
    for other in signers[1:]:
        sign_version(platform.workspace, f"v{version}", options=other)


def locked(directory: Path) -> dict[str, Any]:
    return dict(json.loads((directory / ".floe/cache/artifacts.lock").read_text())["platform"])


def keyed(key: Path) -> SigningOptions:
    return SigningOptions(keys=(str(key),))


# --- identities --------------------------------------------------------------------------------


def test_a_platform_that_lists_an_identity_needs_no_key(
    platform: PlatformTeam, sigstore: SigstoreDouble, tmp_path: Path
) -> None:
    release(platform, "1.0.0", people(sigstore, SUBJECT), by(sigstore, SUBJECT))
    checked = floe(platform.directory, "platform", "check")
    assert checked.code == 0 and "M043" not in checked.out + checked.err
    directory = data_team(tmp_path / "product", platform.registry, "v1.0.0")
    assert floe(directory, "platform", "pull").code == 0
    assert locked(directory)["trusted_identities"] == [{"identity": SUBJECT, "issuer": sigstore.url}]
    assert floe(directory, "compile", "--frozen", "--offline", "--what-if=warn").code == 0
    release(platform, "1.0.1", people(sigstore, STRANGER), by(sigstore, STRANGER))
    assert floe(directory, "upgrade", "--to", "v1.0.1", "--accept-breaking").code == 6
    release(platform, "1.0.2", people(sigstore, SUBJECT), by(sigstore, SUBJECT))
    assert floe(directory, "upgrade", "--to", "v1.0.2", "--accept-breaking").code == 0


def test_whom_the_manifest_does_not_list_publishes_nothing(
    platform: PlatformTeam, sigstore: SigstoreDouble, key: Path
) -> None:
    platform.directory.mkdir()
    (platform.directory / "manifest.yaml").write_text(manifest("1.0.0", more=people(sigstore, SUBJECT)))
    token = sigstore.token(subject=STRANGER)
    stranger = ("--keyless", "--identity-token", token, "--registry", platform.registry)
    ran = floe(platform.directory, "platform", "publish", "v1.0.0", *stranger)
    assert ran.code == 6 and "not one whom the manifest trusts" in ran.err, ran.err
    ran = floe(
        platform.directory,
        "platform",
        "publish",
        "v1.0.0",
        "--key",
        str(key),
        "--registry",
        platform.registry,
    )
    assert ran.code == 6 and "trusted_identities" in ran.err, ran.err
    assert not [tag for tag in platform.repository.tags() if tag.startswith("v")]


def test_who_signs_a_first_version_has_to_be_whom_it_names(
    platform: PlatformTeam, sigstore: SigstoreDouble, tmp_path: Path
) -> None:
    """Somebody with push rights replaced the signatures of a version that names the team."""
    release(platform, "1.0.0", people(sigstore, SUBJECT), by(sigstore, SUBJECT))
    elsewhere = PlatformTeam(tmp_path / "mirror", f"oci-layout:{tmp_path / 'mirror-registry'}")
    ran = floe(platform.directory, "platform", "copy", f"{platform.registry}:v1.0.0", elsewhere.registry)
    assert ran.code == 0, ran.err
    mirror, digest = elsewhere.repository, elsewhere.repository.manifest("v1.0.0").digest
    blobs = tmp_path / "mirror-registry"
    for referrer in mirror.referrers(digest):
        (blobs / "blobs" / "sha256" / referrer.digest.removeprefix("sha256:")).unlink(missing_ok=True)
    mallory = load_private(new_key(tmp_path / "mallory.key").read_bytes())
    sign(mirror, digest, mallory, docker_reference="x/y", annotations={})
    directory = data_team(tmp_path / "product", elsewhere.registry, "v1.0.0")
    assert floe(directory, "platform", "pull").code != 0
    assert not (directory / ".floe/cache/artifacts.lock").exists()


@pytest.mark.parametrize(("before", "after"), [("person", "person"), ("key", "person"), ("person", "key")])
def test_signers_of_both_kinds_hand_on_and_every_command_says_so(
    platform: PlatformTeam, sigstore: SigstoreDouble, tmp_path: Path, key: Path, before: str, after: str
) -> None:
    (platform.directory).mkdir()
    (platform.directory / "team.pub").write_bytes(key.with_suffix(".pub").read_bytes())
    person = f"{{identity: '{SUBJECT}', issuer: '{sigstore.url}'}}"
    other = f"{{identity: '{OTHER}', issuer: '{sigstore.url}'}}"
    sides = {
        "key": ("trusted_keys: [team.pub]", keyed(key), fingerprint(key)),
        "person": (f"trusted_identities: [{person}]", by(sigstore, SUBJECT), SUBJECT),
    }
    old = sides[before]
    new = sides[after] if after != before else (f"trusted_identities: [{other}]", by(sigstore, OTHER), OTHER)
    both = f"{old[0]}, {new[0]}" if before != after else f"trusted_identities: [{person}, {other}]"
    section = "security: {{require_signed_artifacts: true, {}}}\n"
    release(platform, "1.0.0", section.format(old[0]), old[1])
    directory = data_team(tmp_path / "product", platform.registry, "v1.0.0")
    assert floe(directory, "platform", "pull").code == 0
    release(platform, "1.1.0", section.format(both), old[1], new[1])
    release(platform, "2.0.0", section.format(new[0]), new[1])
    reference = f"{platform.registry}:v2.0.0"

    verified = floe(directory, "platform", "verify", reference, "--output", "json")
    assert verified.code == 0, verified.out
    hops = json.loads(verified.out)["rotations"]
    assert [hop.partition("@")[0] for hop in hops] == ["v1.1.0"]
    inspected = floe(directory, "platform", "inspect", reference, "--output", "json")
    assert json.loads(inspected.out)["rotations"] == hops
    assert json.loads(inspected.out)["signature"]["status"] == "verified"
    listed = floe(
        directory, "platform", "list", "--details", "--registry", platform.registry, "--output", "json"
    )
    rows = {row["tag"]: row for row in json.loads(listed.out)["versions"]}
    assert rows["v2.0.0"]["rotations"] == hops and rows["v2.0.0"]["signature"]["status"] == "verified"
    assert rows["v1.1.0"]["rotations"] == []
    assert (
        "keys changed by v1.1.0"
        in floe(directory, "platform", "list", "--details", "--registry", platform.registry).out
    )

    ran = floe(directory, "upgrade", "--to", "v2.0.0", "--accept-breaking")
    assert ran.code == 0, ran.err
    assert f"v1.1.0 adds {new[2]}" in ran.err
    assert locked(directory)["rotations"] == hops
    assert floe(directory, "compile", "--frozen", "--offline", "--what-if=warn").code == 0


def test_a_bridge_that_the_new_identity_has_not_signed_leads_nowhere_in_any_command(
    platform: PlatformTeam, sigstore: SigstoreDouble, tmp_path: Path
) -> None:
    release(platform, "1.0.0", people(sigstore, SUBJECT), by(sigstore, SUBJECT))
    directory = data_team(tmp_path / "product", platform.registry, "v1.0.0")
    assert floe(directory, "platform", "pull").code == 0
    release(platform, "1.1.0", people(sigstore, SUBJECT, STRANGER), by(sigstore, SUBJECT))
    release(platform, "2.0.0", people(sigstore, STRANGER), by(sigstore, STRANGER))
    reference = f"{platform.registry}:v2.0.0"
    assert floe(directory, "platform", "verify", reference).code == 6
    assert floe(directory, "upgrade", "--to", "v2.0.0", "--accept-breaking").code == 6
    row = floe(directory, "platform", "list", "--details", "--registry", platform.registry).out
    assert "untrusted" in next(line for line in row.splitlines() if "v2.0.0" in line)


# --- revoked -----------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["in the manifest", "in config.toml", "in trust.toml"])
def test_a_revoked_key_goes_without_a_major_version(
    platform: PlatformTeam, key: Path, other_key: Path, settings: Path, said: str
) -> None:
    platform.publish("1.0.0", key=key, text=manifest("1.0.0", more=platform.requiring(key, other_key)))
    stolen = fingerprint(other_key)
    more = platform.requiring(key)
    if said == "in the manifest":
        more = more.replace("}\n", f", revoked_keys: ['{stolen.upper()}']}}\n")
    elif said == "in config.toml":
        (settings / "config.toml").write_text(f'revoked_keys = ["{stolen}"]')
    else:
        (settings / "trust.toml").write_text(f'version = 1\n[revoked]\nkeys = ["{stolen}"]\n')
    (platform.directory / "manifest.yaml").write_text(manifest("1.1.0", more=more))
    here = ("--registry", platform.registry)
    told = floe(platform.directory, "platform", "diff", "v1.0.0", "manifest.yaml", *here)
    assert "KEY003" in told.out and "KEY001" not in told.out, told.out
    ran = floe(platform.directory, "platform", "publish", "v1.1.0", "--key", str(key), *here)
    assert ran.code == 0, ran.err
    assert "KEY003 touches security" in ran.err


def test_a_key_that_goes_unrevoked_is_still_major(platform: PlatformTeam, key: Path, other_key: Path) -> None:
    platform.publish("1.0.0", key=key, text=manifest("1.0.0", more=platform.requiring(key, other_key)))
    (platform.directory / "manifest.yaml").write_text(manifest("1.1.0", more=platform.requiring(key)))
    here = ("--registry", platform.registry, "--key", str(key))
    ran = floe(platform.directory, "platform", "publish", "v1.1.0", *here)
    assert ran.code == 1 and "KEY001" in ran.err, ran.err


def test_who_has_taken_the_revocation_takes_nothing_more_by_that_key(
    platform: PlatformTeam, key: Path, other_key: Path, tmp_path: Path
) -> None:
    """Though floe.yaml still lists both: what the platform revokes narrows whatever else is said."""
    section = platform.requiring(key, other_key)
    platform.publish("1.0.0", key=key, text=manifest("1.0.0", more=section))
    revoking = platform.requiring(key).replace("}\n", f", revoked_keys: ['{fingerprint(other_key)}']}}\n")
    platform.publish("1.1.0", key=key, text=manifest("1.1.0", more=revoking))
    thief = PlatformTeam(tmp_path / "thief", platform.registry)
    section = thief.requiring(other_key)
    (thief.directory / "floe-suppressions.yaml").write_text(SUPPRESSED)
    thief.publish("1.2.0", key=other_key, text=manifest("1.2.0", more=section))
    keys = f"trusted_keys: [{key.with_suffix('.pub')}, {other_key.with_suffix('.pub')}]"
    directory = data_team(tmp_path / "product", platform.registry, "v1.1.0", keys)
    assert floe(directory, "platform", "pull").code == 0
    ran = floe(directory, "upgrade", "--to", "v1.2.0", "--accept-breaking")
    assert ran.code == 6 and "revoked key" in ran.err, ran.err
    assert floe(directory, "platform", "verify", f"{platform.registry}:v1.2.0").code == 6
    lock = directory / ".floe/cache/artifacts.lock"
    document = json.loads(lock.read_text())
    del document["platform"]["revoked_keys"]
    lock.write_text(json.dumps(document))
    assert floe(directory, "compile", "--frozen", "--offline").code == 5


def test_a_fast_forward_by_a_stolen_key_is_left_by_revoking_it(
    platform: PlatformTeam, key: Path, other_key: Path, tmp_path: Path, settings: Path
) -> None:
    """The thief published 999.0.0: the lock must not hold the team up there once the key is revoked."""
    platform.publish("1.0.0", key=key)
    thief = PlatformTeam(tmp_path / "thief", platform.registry)
    thief.publish("999.0.0", key=other_key)
    keys = f"trusted_keys: [{key.with_suffix('.pub')}, {other_key.with_suffix('.pub')}]"
    directory = data_team(tmp_path / "product", platform.registry, "v999.0.0", keys)
    assert floe(directory, "platform", "pull").code == 0
    data_team(directory, platform.registry, "v1.0.0", keys)
    held = floe(directory, "platform", "pull")
    assert held.code == 1 and "--allow-downgrade" in held.err
    (settings / "config.toml").write_text(f'revoked_keys = ["{fingerprint(other_key)}"]')
    left = floe(directory, "platform", "pull")
    assert left.code == 0, left.err
    assert "v999.0.0 was signed by" in left.err
    assert locked(directory)["tag"] == "v1.0.0"


def test_an_upgrade_leads_away_from_a_thief_s_version_too(
    platform: PlatformTeam, key: Path, other_key: Path, tmp_path: Path, settings: Path
) -> None:
    platform.publish("1.0.0", key=key)
    thief = PlatformTeam(tmp_path / "thief", platform.registry)
    thief.publish("999.0.0", key=other_key)
    keys = f"trusted_keys: [{key.with_suffix('.pub')}, {other_key.with_suffix('.pub')}]"
    directory = data_team(tmp_path / "product", platform.registry, "v999.0.0", keys)
    assert floe(directory, "platform", "pull").code == 0
    assert floe(directory, "upgrade").code == 0, "as long as nobody knows"
    (settings / "config.toml").write_text(f'revoked_keys = ["{fingerprint(other_key)}"]')
    stuck = floe(directory, "upgrade")
    assert stuck.code == 6 and "floe upgrade --to VERSION" in stuck.err, stuck.err
    listed = floe(directory, "platform", "list", "--details")
    assert "verified" in next(line for line in listed.out.splitlines() if "v1.0.0" in line)
    left = floe(directory, "upgrade", "--to", "v1.0.0", "--accept-breaking")
    assert left.code == 0, left.err
    assert locked(directory)["tag"] == "v1.0.0" and ":v1.0.0" in (directory / "floe.yaml").read_text()
    assert floe(directory, "compile", "--offline").code in (0, 1)
    assert floe(directory, "upgrade", "--to", "v999.0.0", "--accept-breaking").code == 6


# --- a domain's own key ------------------------------------------------------------------------


def domain(name: str, enterprise: PlatformTeam, more: str) -> str:
    parent = f"parent: {{ref: '{enterprise.registry}:v1.0.0'}}\n"
    return manifest("1.0.0", name=name, scope="domain", more=parent + more)


def test_a_delegated_key_signs_its_domain_and_nothing_else(
    platform: PlatformTeam, key: Path, other_key: Path, tmp_path: Path
) -> None:
    sales_key, enterprise = other_key, platform
    enterprise.directory.mkdir()
    for name, each in (("acme.pub", key), ("sales.pub", sales_key)):
        (enterprise.directory / name).write_bytes(each.with_suffix(".pub").read_bytes())
    section = (
        "security: {require_signed_artifacts: true, trusted_keys: [acme.pub], "
        "delegated_keys: {sales: [sales.pub]}}\n"
    )
    text = manifest("1.0.0", scope="enterprise", more=section)
    enterprise.publish("1.0.0", key=key, text=text)

    (enterprise.directory / "manifest.yaml").write_text(text.replace("1.0.0", "1.0.1"))
    stranger = ("publish", "v1.0.1", "--key", str(sales_key), "--registry", enterprise.registry)
    assert floe(enterprise.directory, "platform", *stranger).code == 6

    sales = PlatformTeam(tmp_path / "sales", f"oci-layout:{tmp_path / 'registry' / 'sales'}")
    sales.directory.mkdir()
    (sales.directory / "sales.pub").write_bytes(sales_key.with_suffix(".pub").read_bytes())
    sales.publish(
        "1.0.0", key=sales_key, text=domain("sales", enterprise, "security: {trusted_keys: [sales.pub]}\n")
    )
    directory = data_team(tmp_path / "product", sales.registry, "v1.0.0")
    assert floe(directory, "platform", "pull").code == 0
    assert locked(directory)["signer"]["fingerprint"] == fingerprint(sales_key)

    hr = PlatformTeam(tmp_path / "hr", f"oci-layout:{tmp_path / 'registry' / 'hr'}")
    hr.directory.mkdir()
    (hr.directory / "sales.pub").write_bytes(sales_key.with_suffix(".pub").read_bytes())
    for more in ("security: {trusted_keys: [sales.pub]}\n", ""):
        (hr.directory / "manifest.yaml").write_text(domain("hr", enterprise, more))
        ran = floe(
            hr.directory, "platform", "publish", "v1.0.0", "--key", str(sales_key), "--registry", hr.registry
        )
        assert ran.code == (2 if more else 6), ran.err
        assert "FLOE-M056" in ran.err if more else "not one that the manifest trusts" in ran.err


# --- at the door -------------------------------------------------------------------------------


@pytest.mark.parametrize("flaw", ["not a key", "another key's fingerprint"])
def test_an_artifact_that_lists_a_key_that_is_none_is_refused_at_the_door(
    platform: PlatformTeam, key: Path, other_key: Path, tmp_path: Path, flaw: str
) -> None:
    platform.publish("1.0.0", key=key, text=manifest("1.0.0", more=platform.requiring(key)))
    good = platform.workspace.store.load_built()
    assert good is not None
    document = json.loads(good.files[MANIFEST])
    entry = document["security"]["trusted_keys"][0]
    if flaw == "not a key":
        entry["pem"] = "-----BEGIN PUBLIC KEY-----\n\x1b[31mAAAA\n-----END PUBLIC KEY-----\n"
    else:
        entry["fingerprint"] = fingerprint(other_key)
    document["metadata"]["version"] = "1.0.0"
    files = {**good.files, MANIFEST: canonical_json(document)}
    assert content_digest(files)  # the digest of the other seven is as it was
    packed = pack(Artifact(files), annotations={})
    bad = PlatformTeam(tmp_path / "bad", f"oci-layout:{tmp_path / 'bad-registry'}")
    repository = bad.repository
    for data in files.values():
        repository.push_blob(data, "application/vnd.floe.platform.file.v1+json")
    repository.push_manifest(packed.manifest, IMAGE_MANIFEST, tag="v1.0.0")
    directory = data_team(
        tmp_path / "product", bad.registry, "v1.0.0", f"trusted_keys: [{key.with_suffix('.pub')}]"
    )
    for words in (
        ("platform", "pull"),
        ("init", "--platform", f"{bad.registry}:v1.0.0"),
        ("compile",),
        ("platform", "verify"),
        ("platform", "inspect", f"{bad.registry}:v1.0.0"),
    ):
        ran = floe(directory, *words)
        assert ran.code == 5, (words, ran.code, ran.err)
        assert "security.trusted_keys[0]" in ran.err and "\x1b" not in ran.err + ran.out


# --- the changelog -----------------------------------------------------------------------------


def test_a_changelog_tells_nothing_that_init_would_refuse(
    platform: PlatformTeam, key: Path, other_key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.publish("1.0.0", key=key, text=manifest("1.0.0", coverage=80))
    thief = PlatformTeam(tmp_path / "thief", platform.registry)
    with monkeypatch.context() as elsewhere:  # on another machine: this one remembers what it published
        elsewhere.setenv("XDG_CACHE_HOME", str(tmp_path / "thief-cache"))
        thief.publish("1.0.1", key=other_key, text=manifest("1.0.1", coverage=80))
    text = manifest("1.1.0", coverage=60)
    (platform.directory / "manifest.yaml").write_text(text)
    (platform.directory / "floe-suppressions.yaml").write_text(SUPPRESSED)
    publish(platform.workspace, "v1.1.0", options=keyed(key))
    platform.retag("v1.0.0", "v1.0.2")
    keys = f"trusted_keys: [{key.with_suffix('.pub')}]"
    directory = data_team(tmp_path / "product", platform.registry, "v1.0.0", keys)
    here = ("--registry", platform.registry)
    ran = floe(directory, "platform", "changelog", *here)
    assert ran.code == 0, ran.err
    assert "v1.0.1 is left out" in ran.err and "v1.0.2 is left out" in ran.err
    assert "v1.0.1" not in ran.out and "v1.0.2" not in ran.out
    assert "Test coverage must reach 60% only" in ran.out
    for bad in ("v1.0.1", "v1.0.2"):
        assert floe(directory, "platform", "changelog", "v1.0.0", bad, *here).code in (5, 6)
        assert floe(directory, "platform", "changelog", bad, "v1.1.0", *here).code in (5, 6)
