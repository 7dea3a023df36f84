"""Where signing keys come from, several at once, and what needs none."""

from __future__ import annotations

from pathlib import Path

import pytest

from floe_engine.errors import ConfigurationError, KeyUnusable, Unsigned, Untrusted, UsageError
from floe_engine.platform.publish import publish
from floe_engine.platform.sign_version import sign_version
from floe_engine.platform.signing_key import SigningOptions, keygen
from floe_engine.signing.keys import generate, load_public
from floe_engine.signing.trust import verify
from floe_engine.signing.verdict import Anchors
from tests.cli import Ran, floe, ok
from tests.teams import Heard, PlatformTeam, manifest


def public_of(key: Path):
    return load_public(key.with_suffix(".pub").read_bytes())


def formats_by(platform: PlatformTeam, digest: str, key: Path) -> list[str]:
    """The formats in which `key` alone vouches for `digest`."""
    verdict = verify(platform.repository, digest, Anchors(keys=(public_of(key),)), exhaustive=True)
    return sorted(signer.format for signer in verdict.signers)


def written(platform: PlatformTeam, text: str = "") -> PlatformTeam:
    platform.directory.mkdir(parents=True, exist_ok=True)
    (platform.directory / "manifest.yaml").write_text(text or manifest())
    return platform


# --- several keys ------------------------------------------------------------------------------


def test_each_of_several_keys_vouches_in_both_formats(
    platform: PlatformTeam, key: Path, other_key: Path
) -> None:
    options = SigningOptions(keys=(str(key), str(other_key)))
    published = publish(written(platform).workspace, "v1.0.0", options=options)
    for signer in (key, other_key):
        assert formats_by(platform, published.digest, signer) == ["bundle", "simple-signing"]
    assert len(published.signatures) == 4


def test_signing_again_with_two_keys_adds_what_is_missing_and_twice_changes_nothing(
    platform: PlatformTeam, key: Path, other_key: Path
) -> None:
    digest = platform.publish(key=key).digest
    for _ in range(2):
        sign_version(platform.workspace, "v1.0.0", options=SigningOptions(keys=(str(key), str(other_key))))
        assert len(platform.repository.referrers(digest)) == 2 + 3  # and three attestations
        for signer in (key, other_key):
            assert formats_by(platform, digest, signer) == ["bundle", "simple-signing"]


def test_a_key_that_the_platform_no_longer_lists_may_vouch_beside_one_that_it_does(
    platform: PlatformTeam, key: Path, other_key: Path
) -> None:
    written(platform, manifest(more=platform.requiring(key)))
    with pytest.raises(Untrusted, match="not one that the manifest trusts"):
        publish(platform.workspace, "v1.0.0", options=SigningOptions(keys=(str(other_key),)))
    both = SigningOptions(keys=(str(other_key), str(key)))
    digest = publish(platform.workspace, "v1.0.0", options=both).digest
    assert formats_by(platform, digest, other_key) == ["bundle", "simple-signing"]


# --- what needs no key -------------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A key whose password nobody here knows."""
    private, public = generate(b"secret")
    path = tmp_path / "locked" / "cosign.key"
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_bytes(private)
    path.with_suffix(".pub").write_bytes(public)
    return path


def test_a_dry_run_tells_whether_the_number_is_right_without_a_key_where_signatures_are_required(
    platform: PlatformTeam, key: Path, locked: Path
) -> None:
    required = platform.requiring(key)
    platform.publish("1.0.0", key=key, text=manifest(more=required))
    written(platform, manifest("1.0.1", coverage=95, more=required))
    env = {"FLOE_REGISTRY": platform.registry}
    refused = floe(platform.directory, "platform", "publish", "v1.0.1", "--dry-run", env=env)
    assert refused.code == 1 and "v2.0.0" in refused.err
    written(platform, manifest("2.0.0", coverage=95, more=required))
    right = ok(floe(platform.directory, "platform", "publish", "v2.0.0", "--dry-run", env=env))
    assert "would be published" in right.out and "publishing needs a key" in right.out
    for name in (str(locked), "env://NOT_SET_ANYWHERE"):
        refused = floe(
            platform.directory, "platform", "publish", "v2.0.0", "--dry-run", "--key", name, env=env
        )
        # A key that is known not to be listed is told; one that cannot be known is not asked for.
        assert refused.code == (6 if name == str(locked) else 0)
    really = floe(platform.directory, "platform", "publish", "v2.0.0", env=env)
    assert really.code == 6 and "there is no key to sign with" in really.err
    assert platform.repository.resolve("v2.0.0") is None


def test_publishing_the_same_again_needs_neither_key_nor_password(
    platform: PlatformTeam, key: Path, locked: Path
) -> None:
    required = manifest(more=platform.requiring(key))
    digest = platform.publish(key=key, text=required).digest
    for options in (
        SigningOptions(),
        SigningOptions(keys=(str(locked),)),
        SigningOptions(keys=("env://NOT_SET_ANYWHERE",)),
    ):
        again = publish(platform.workspace, "v1.0.0", options=options)
        assert again.state == "unchanged"
        assert platform.repository.resolve("v1.0.0").digest == digest


def test_a_version_that_is_refused_asks_for_no_password(platform: PlatformTeam, locked: Path) -> None:
    platform.publish("1.0.0")
    written(platform, manifest("1.0.1", coverage=95))

    def nobody(prompt: str) -> str:
        raise AssertionError(prompt)

    with pytest.raises(Exception, match="is a patch bump"):
        publish(platform.workspace, "v1.0.1", options=SigningOptions(keys=(str(locked),)), ask=nobody)


# --- where a key lies --------------------------------------------------------------------------


def run(platform: PlatformTeam, *arguments: str, **env: str) -> Ran:
    written(platform)
    return floe(platform.directory, "platform", *arguments, env={"FLOE_REGISTRY": platform.registry, **env})


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_key_is_taken_from_an_environment_variable(platform: PlatformTeam, key: Path, way: str) -> None:
    told = ["--key", "env://TEAM_KEY"] if way == "option" else []
    env = {} if told else {"FLOE_SIGNING_KEY": "env://TEAM_KEY"}
    published = ok(run(platform, "publish", "v1.0.0", *told, "-o", "json", TEAM_KEY=key.read_text(), **env))
    assert formats_by(platform, published.json["digest"], key) == ["bundle", "simple-signing"]


def test_a_locked_key_in_a_variable_opens_with_the_password(platform: PlatformTeam, locked: Path) -> None:
    env = {"TEAM_KEY": locked.read_text()}
    wrong = run(platform, "publish", "v1.0.0", "--key", "env://TEAM_KEY", COSIGN_PASSWORD="no", **env)
    assert wrong.code == 6 and "password does not open" in wrong.err
    published = ok(
        run(
            platform,
            "publish",
            "v1.0.0",
            "--key",
            "env://TEAM_KEY",
            "-o",
            "json",
            COSIGN_PASSWORD="secret",
            **env,
        )
    )
    assert formats_by(platform, published.json["digest"], locked) == ["bundle", "simple-signing"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("env://NOT_THERE", "NOT_THERE is not set"),
        ("env://", "no environment variable"),
        ("env://A B", "no env"),
    ],
)
def test_a_variable_that_holds_no_key_is_named(platform: PlatformTeam, name: str, says: str) -> None:
    refused = run(platform, "publish", "v1.0.0", "--key", name)
    assert refused.code == 2 and says in refused.err


@pytest.mark.parametrize("way", ["option", "variable"])
def test_the_text_of_a_key_in_place_of_its_name_is_never_shown(
    platform: PlatformTeam, key: Path, locked: Path, way: str
) -> None:
    for text in (key.read_text(), locked.read_text()):
        told = ["--key", text] if way == "option" else []
        env = {} if told else {"FLOE_SIGNING_KEY": text}
        refused = run(platform, "publish", "v1.0.0", *told, **env)
        assert refused.code == 2 and "env://SIGNING_KEY" in refused.err
        assert not any(line in refused.out + refused.err for line in text.splitlines() if line)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused_unless_that_is_said(
    platform: PlatformTeam, key: Path, mode: int
) -> None:
    key.chmod(mode)
    refused = run(platform, "publish", "v1.0.0", "--key", str(key))
    assert refused.code == 6 and f"chmod 600 {key}" in refused.err
    assert platform.repository.resolve("v1.0.0") is None
    if mode == 0o644:
        ok(run(platform, "publish", "v1.0.0", "--key", str(key), FLOE_ALLOW_READABLE_KEY="1"))
    else:
        ok(run(platform, "publish", "v1.0.0", "--key", str(key), "--allow-readable-key"))


def test_a_link_to_a_key_that_is_gone_does_not_publish_unsigned(platform: PlatformTeam) -> None:
    written(platform)
    (platform.directory / "cosign.key").symlink_to("/nowhere/cosign.key")
    refused = run(platform, "publish", "v1.0.0")
    assert refused.code == 2 and "key not found" in refused.err
    assert platform.repository.resolve("v1.0.0") is None


def test_a_missing_key_file_is_no_wish_to_publish_without(platform: PlatformTeam) -> None:
    with pytest.raises(ConfigurationError, match="key not found"):
        publish(written(platform).workspace, "v1.0.0", options=SigningOptions(keys=("gone.key",)))
    written(platform, manifest(more="security: {require_signed_artifacts: true}\n"))
    with pytest.raises(Unsigned, match="no key to sign with"):
        publish(platform.workspace, "v1.0.0")


# --- passwords ---------------------------------------------------------------------------------


def test_an_empty_password_is_asked_for_twice_and_warned_of_in_a_script(platform: PlatformTeam) -> None:
    workspace = written(platform).workspace
    answers = iter(["", "changed my mind"])
    with pytest.raises(KeyUnusable, match="not the same"):
        keygen(workspace, ask=lambda prompt: next(answers))
    assert not (platform.directory / "cosign.key").exists()
    prompts: list[str] = []

    def empty(prompt: str) -> str:
        prompts.append(prompt)
        return ""

    keygen(workspace, ask=empty)
    assert len(prompts) == 2 and "could sign" in prompts[1]

    platform.environ = {"COSIGN_PASSWORD": ""}
    heard = Heard()
    keygen(platform.workspace, directory=platform.directory / "other", report=heard)
    assert "nothing protects the new key" in heard.warnings
    with pytest.raises(UsageError, match="exists already"):
        keygen(platform.workspace)


def test_two_names_of_one_key_sign_once(platform: PlatformTeam, key: Path) -> None:
    options = SigningOptions(keys=(str(key), f"{key.parent}/./{key.name}", "env://TEAM_KEY"))
    platform.environ = {"TEAM_KEY": key.read_text()}
    assert len(publish(written(platform).workspace, "v1.0.0", options=options).signatures) == 2
