"""Whom a data team trusts: first use, anchors and their order, rotation, revocation, demands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from floe_engine.distribution.pull import PullOptions, load_or_pull
from floe_engine.distribution.request import VersionRequest
from floe_engine.distribution.verify import verify_version
from floe_engine.errors import ConfigurationError, LockMismatch, Unsigned, Untrusted
from floe_engine.platform.sign_version import sign_version
from floe_engine.platform.signing_key import SigningOptions
from floe_engine.project.spec_file import load_spec
from tests.teams import DataTeam, Heard, PlatformTeam, fingerprint, manifest


def public(key: Path) -> Path:
    return key.with_suffix(".pub")


# --- first use ---------------------------------------------------------------------------------


def test_the_first_signer_is_accepted_in_a_script_with_a_warning_and_recorded(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish(key=key)
    lock = data.init("v1.0.0").lock
    assert lock.signer is not None and lock.signer.first_use
    assert lock.signer.fingerprint == fingerprint(key)
    assert f"first use: trusting {fingerprint(key)}" in data.heard.warnings
    assert fingerprint(key) in data.lock


def test_somebody_at_a_terminal_is_asked_and_may_say_no(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish(key=key)
    asked = []

    def no(name: str, signer: str) -> bool:
        asked.append((name, signer))
        return False

    with pytest.raises(Untrusted, match="nothing vouches"):
        data.init("v1.0.0", ask=no)
    assert asked == [("acme v1.0.0", fingerprint(key))]
    assert not (data.directory / "floe.yaml").exists()
    assert not data.workspace.store.lock_path.exists()
    data.init("v1.0.0", ask=lambda name, signer: True)
    assert fingerprint(key) in data.lock
    assert data.heard.warnings.count("first use") == 0  # they said so themselves


@pytest.mark.parametrize("where", ["settings", "floe.yaml"])
def test_first_use_can_be_refused_by_a_setting(
    platform: PlatformTeam, data: DataTeam, key: Path, where: str
) -> None:
    platform.publish(key=key)
    if where == "settings":
        data.settings('first_use = "refuse"')
        data.pin("v1.0.0")
    else:
        data.pin("v1.0.0", "first_use: refuse")
    with pytest.raises(Untrusted, match="nothing vouches"):
        data.pull_pinned()


def test_a_project_cannot_accept_a_first_use_that_its_reader_refuses(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish(key=key)
    data.settings('first_use = "refuse"')
    data.pin("v1.0.0", "first_use: accept")
    with pytest.raises(Untrusted, match="nothing vouches"):
        data.pull_pinned()


def test_where_a_first_use_is_refused_an_unsigned_version_is_no_way_round_it(
    platform: PlatformTeam, data: DataTeam
) -> None:
    platform.publish()
    data.settings('first_use = "refuse"')
    with pytest.raises(Unsigned):
        data.pull("v1.0.0")


def test_a_later_version_by_another_signer_is_refused_and_the_store_stays(
    platform: PlatformTeam, data: DataTeam, key: Path, other_key: Path
) -> None:
    platform.publish("1.0.0", key=key)
    platform.publish("1.0.1", key=other_key)
    data.pull("v1.0.0")
    before = data.lock
    with pytest.raises(Untrusted, match="by somebody you trust"):
        data.pull("v1.0.1")
    with pytest.raises(Untrusted):
        data.pull("v1.0.1", force=True)  # force is about tags, never about trust
    assert data.lock == before
    assert data.workspace.store.cached_tags() == ("v1.0.0",)


def test_a_signature_cannot_be_taken_away_from_a_later_version(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish("1.0.0", key=key)
    platform.publish("1.0.1")
    data.pull("v1.0.0")
    with pytest.raises(Unsigned):
        data.pull("v1.0.1")


def test_keys_change_hands_through_the_list_of_the_locked_version(
    platform: PlatformTeam, data: DataTeam, key: Path, other_key: Path
) -> None:
    both = platform.requiring(key, other_key)
    only_new = platform.requiring(other_key)
    platform.publish("1.0.0", key=key, text=manifest("1.0.0", more=both))
    platform.publish("2.0.0", key=other_key, text=manifest("2.0.0", more=only_new))
    platform.publish("2.0.1", key=other_key, text=manifest("2.0.1", more=only_new))
    data.pull("v1.0.0")
    assert data.pull("v2.0.0").lock.signer.fingerprint == fingerprint(other_key)
    data.pull("v2.0.1")
    with pytest.raises(Untrusted):  # the old key is no longer one that the locked version trusts
        data.pull("v1.0.0", allow_downgrade=True)


# --- anchors -----------------------------------------------------------------------------------


def test_floe_yaml_narrows_what_the_settings_trust_and_both_outrank_the_lock(
    platform: PlatformTeam, data: DataTeam, key: Path, other_key: Path
) -> None:
    platform.publish("1.0.0", key=key)
    data.pull("v1.0.0")
    assert verify_version(data.workspace, "v1.0.0").trust_source == "artifacts.lock"
    data.settings(f'trusted_keys = ["{public(key)}", "{public(other_key)}"]')
    assert verify_version(data.workspace, "v1.0.0").trust_source.endswith("config.toml")
    data.pin("v1.0.0", f"trusted_keys: [{public(key)}]")
    assert data.pull_pinned(force=True).lock.signer.fingerprint == fingerprint(key)
    data.settings(f'trusted_keys = ["{public(other_key)}"]')
    with pytest.raises(Untrusted, match=r"nobody in common") as refused:
        data.pull_pinned(force=True)
    assert "config.toml and floe.yaml" in refused.value.message
    data.pin("v1.0.0")
    with pytest.raises(Untrusted):
        data.pull_pinned(force=True)


def test_configured_anchors_are_no_first_use(platform: PlatformTeam, data: DataTeam, key: Path) -> None:
    platform.publish(key=key)
    data.pin("v1.0.0", f"trusted_keys: [{public(key)}]", "first_use: refuse")
    assert data.pull_pinned().lock.signer.first_use is False
    assert data.heard.warnings == ""


def test_keys_are_looked_for_beside_the_file_that_lists_them(
    platform: PlatformTeam, data: DataTeam, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.publish(key=key)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    data.pin("v1.0.0", "trusted_keys: [keys/team.pub]")
    (data.directory / "keys").mkdir()
    (data.directory / "keys/team.pub").write_bytes(public(key).read_bytes())
    assert data.pull_pinned().lock.signer.fingerprint == fingerprint(key)

    reader = DataTeam(tmp_path / "reader", data.registry)
    reader.workspace  # noqa: B018 - makes the directory
    reader.settings('trusted_keys = ["team.pub"]')
    (tmp_path / "reader-settings/team.pub").write_bytes(public(key).read_bytes())
    assert reader.pull("v1.0.0").lock.signer.first_use is False


def test_a_trusted_key_that_is_not_there_is_a_mistake_in_the_configuration(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish(key=key)
    data.pin("v1.0.0", "trusted_keys: [absent.pub]")
    with pytest.raises(ConfigurationError, match="not found"):
        data.pull_pinned()


def test_the_artifact_s_own_words_never_count_where_somebody_is_trusted(
    platform: PlatformTeam, data: DataTeam, key: Path, other_key: Path
) -> None:
    # It lists its own key, carries it in an annotation, and is signed by it.
    platform.publish(key=other_key, text=manifest(more=platform.requiring(other_key)))
    data.pin("v1.0.0", f"trusted_keys: [{public(key)}]")
    with pytest.raises(Untrusted):
        data.pull_pinned()


def test_a_revoked_key_is_refused_whoever_lists_it(platform: PlatformTeam, data: DataTeam, key: Path) -> None:
    platform.publish(key=key)
    data.settings(f'revoked_keys = ["{fingerprint(key)}"]')
    with pytest.raises(Untrusted):
        data.pull("v1.0.0")  # on first use
    data.pin("v1.0.0", f"trusted_keys: [{public(key)}]")
    with pytest.raises(Untrusted, match="revoked"):
        data.pull_pinned()  # though floe.yaml lists it


def test_a_key_that_is_revoked_later_is_refused_at_the_next_pull(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish("1.0.0", key=key)
    platform.publish("1.0.1", key=key)
    data.pull("v1.0.0")
    data.settings(f'revoked_keys = ["{fingerprint(key)}"]')
    with pytest.raises(Untrusted):
        data.pull("v1.0.1")


def test_trust_that_changes_after_the_lock_is_enforced_at_once(
    platform: PlatformTeam, data: DataTeam, key: Path, other_key: Path
) -> None:
    platform.publish(key=key)
    data.pin("v1.0.0")
    data.pull_pinned()
    data.pin("v1.0.0", f"trusted_keys: [{public(other_key)}]")
    for offline in (False, True):
        with pytest.raises(Untrusted):
            data.pull_pinned(offline=offline)
    spec = load_spec(data.workspace.spec_path)
    wanted = VersionRequest.demanded(spec, data.workspace)
    with pytest.raises(Untrusted):
        load_or_pull(data.workspace, wanted, options=PullOptions(spec=spec))
    data.pin("v1.0.0", f"trusted_keys: [{public(key)}, {public(other_key)}]")
    assert data.pull_pinned(offline=True).changed is False


def test_a_platform_that_was_pulled_unsigned_is_looked_at_again_once_somebody_is_trusted(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish()
    data.pin("v1.0.0")
    data.pull_pinned()
    data.pin("v1.0.0", f"trusted_keys: [{public(key)}]")
    with pytest.raises(Unsigned):
        data.pull_pinned()
    sign_version(platform.workspace, "v1.0.0", options=SigningOptions(keys=(str(key),)))
    with pytest.raises(LockMismatch, match="another signer"):
        data.pull_pinned(frozen=True)
    assert data.pull_pinned().lock.signer.fingerprint == fingerprint(key)
    assert data.pull_pinned(frozen=True, offline=True).changed is False


def test_a_key_that_is_revoked_after_the_lock_is_refused_even_from_the_cache(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish(key=key)
    data.pin("v1.0.0")
    data.pull_pinned()
    data.settings(f'revoked_keys = ["{fingerprint(key)}"]')
    for offline in (False, True):
        with pytest.raises(Untrusted):
            data.pull_pinned(offline=offline)


# --- what the platform demands -----------------------------------------------------------------


def test_an_unsigned_platform_is_taken_with_a_warning_where_nothing_demands_more(
    platform: PlatformTeam, data: DataTeam
) -> None:
    heard = Heard()
    platform.publish(heard=heard)
    assert "without a signature" in heard.warnings
    assert data.pull("v1.0.0").lock.signer is None
    assert "is not signed" in data.heard.warnings


def test_a_platform_that_requires_signatures_cannot_be_published_without_one(
    platform: PlatformTeam, key: Path
) -> None:
    with pytest.raises(Unsigned) as refused:
        platform.publish(text=manifest(more=platform.requiring(key)))
    assert refused.value.exit_code == 6
    assert not Path(platform.registry.removeprefix("oci-layout:")).exists()  # nothing was pushed


def test_a_platform_that_requires_signatures_takes_only_a_listed_key(
    platform: PlatformTeam, key: Path, other_key: Path
) -> None:
    with pytest.raises(Untrusted, match="not one that the manifest trusts"):
        platform.publish(key=other_key, text=manifest(more=platform.requiring(key)))
    assert not Path(platform.registry.removeprefix("oci-layout:")).exists()


def test_the_lock_keeps_demanding_signatures_when_a_later_version_no_longer_does(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish("1.0.0", key=key, text=manifest("1.0.0", more=platform.requiring(key)))
    platform.publish("2.0.0")
    lock = data.pull("v1.0.0").lock
    assert lock.require_signed and len(lock.trusted_keys) == 1
    with pytest.raises(Unsigned):
        data.pull("v2.0.0")


def test_an_artifact_that_requires_signatures_and_lost_its_own_is_refused(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish(key=key, text=manifest(more=platform.requiring(key)))
    layout = Path(platform.registry.removeprefix("oci-layout:"))
    index = json.loads((layout / "index.json").read_text())
    name = "org.opencontainers.image.ref.name"
    kept = [entry for entry in index["manifests"] if entry.get("annotations", {}).get(name) == "v1.0.0"]
    assert len(kept) == 1 < len(index["manifests"])
    (layout / "index.json").write_text(json.dumps({**index, "manifests": kept}))
    with pytest.raises(Unsigned, match="requires it"):
        data.pull("v1.0.0")


def test_without_anchors_a_verdict_is_never_verified(
    platform: PlatformTeam, data: DataTeam, key: Path
) -> None:
    platform.publish(key=key)
    data.workspace  # noqa: B018 - makes the directory
    assert verify_version(data.workspace, "v1.0.0").verdict.status == "untrusted"
    found = verify_version(data.workspace, "v1.0.0", keys=[str(public(key))])
    assert (found.verdict.status, found.trust_source) == ("verified", "--key")
    assert {signer.format for signer in found.verdict.signers} == {"bundle", "simple-signing"}
