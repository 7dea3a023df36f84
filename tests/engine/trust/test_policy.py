"""trust.toml of the user and of the system: a repository may narrow it and never widen it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from floe_engine.errors import ConfigurationError
from floe_engine.fingerprint import parse_fingerprint
from floe_engine.registry.reference import Reference
from floe_engine.trust.policy import read_policy
from tests.engine.trust.here import data_team, floe
from tests.teams import PlatformTeam, fingerprint, manifest, new_key


def scope(match: str, *keys: Path | str, more: str = "") -> str:
    listed = ", ".join(f'"{key.with_suffix(".pub") if isinstance(key, Path) else key}"' for key in keys)
    return f'[[scope]]\nmatch = "{match}"\nkeys = [{listed}]\n{more}\n'


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One of the system's configuration directories: a variable may add some."""
    folder = tmp_path / "system" / "floe"
    folder.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(folder.parent))
    return folder


def write(folder: Path, *parts: str) -> Path:
    path = folder / "trust.toml"
    path.write_text("version = 1\n" + "".join(parts))
    return path


# --- outranking --------------------------------------------------------------------------------


def test_a_clone_that_lists_its_own_key_gets_nowhere(
    tmp_path: Path, platform: PlatformTeam, key: Path, other_key: Path, settings: Path
) -> None:
    platform.publish(key=other_key)
    path = write(settings, scope(platform.registry, key))
    clone = data_team(
        tmp_path / "clone", platform.registry, "v1.0.0", f"trusted_keys: [{other_key.with_suffix('.pub')}]"
    )
    ran = floe(clone, "platform", "pull")
    assert ran.code == 6 and str(path) in ran.err and "floe.yaml" in ran.err
    data_team(clone, platform.registry, "v1.0.0", "first_use: accept")
    ran = floe(clone, "platform", "pull")
    assert ran.code == 6 and not (clone / ".floe/platform").exists()


def test_a_lock_of_a_place_that_no_scope_holds_is_not_judged_there(
    tmp_path: Path, platform: PlatformTeam, key: Path, other_key: Path, settings: Path
) -> None:
    """All of .floe/ is pulled from the attacker's registry, and floe.yaml names the policy's again."""
    evil = PlatformTeam(tmp_path / "evil", f"oci-layout:{tmp_path / 'evil-registry'}")
    evil.publish(key=other_key)
    platform.publish(key=key)
    theirs = f"trusted_keys: [{other_key.with_suffix('.pub')}]"
    clone = data_team(tmp_path / "clone", evil.registry, "v1.0.0", theirs)
    assert floe(clone, "platform", "pull").code == 0
    write(settings, scope(platform.registry, key))
    for anchors in ((theirs,), ()):
        data_team(clone, platform.registry, "v1.0.0", *anchors)
        assert floe(clone, "platform", "verify", "--offline").code == 5
        assert floe(clone, "platform", "doctor", "--offline").code == 5
        assert floe(clone, "compile", "--offline", "--frozen").code in (5, 6)


def test_the_system_the_user_and_the_project_have_to_agree(
    tmp_path: Path, platform: PlatformTeam, key: Path, other_key: Path, settings: Path, system: Path
) -> None:
    platform.publish(key=key)
    write(system, scope(platform.registry, key, other_key))
    write(settings, scope(platform.registry, key, other_key))
    anchors = f"trusted_keys: [{key.with_suffix('.pub')}]"
    clone = data_team(tmp_path / "clone", platform.registry, "v1.0.0", anchors)
    assert floe(clone, "platform", "pull").code == 0
    assert floe(clone, "platform", "verify", "--offline").code == 0
    write(system, scope(platform.registry, other_key))
    for words in (("pull", "--force"), ("verify",), ("verify", "--offline"), ("pull", "--offline")):
        ran = floe(clone, "platform", *words)
        assert ran.code == 6 and "nobody in common" in ran.err, words


def test_a_fingerprint_is_enough_to_name_a_key(
    tmp_path: Path, platform: PlatformTeam, key: Path, other_key: Path, settings: Path
) -> None:
    platform.publish("1.0.0", key=key)
    platform.publish("1.0.1", key=other_key)
    digits = fingerprint(key).removeprefix("sha256:").upper()
    spaced = ":".join(digits[start : start + 2] for start in range(0, 64, 2))
    write(settings, scope(platform.registry, f"SHA256:{spaced}"))
    reader = tmp_path / "reader"
    reader.mkdir()
    assert floe(reader, "platform", "pull", f"{platform.registry}:v1.0.0").code == 0
    assert floe(reader, "platform", "verify", "--offline").code == 0
    assert floe(reader, "platform", "pull", f"{platform.registry}:v1.0.1").code == 6


def test_two_signers_are_two_keys_whatever_the_formats(
    tmp_path: Path, platform: PlatformTeam, key: Path, other_key: Path, settings: Path
) -> None:
    platform.publish(key=key)
    write(settings, scope(platform.registry, key, other_key, more="required = 2"))
    reader = tmp_path / "reader"
    reader.mkdir()
    asked = ("platform", "pull", f"{platform.registry}:v1.0.0")
    ran = floe(reader, *asked)
    assert ran.code == 6 and "1 of 2" in ran.err
    signed = floe(
        platform.directory, "platform", "sign", f"{platform.registry}:v1.0.0", "--key", str(other_key)
    )
    assert signed.code == 0, signed.err
    assert floe(reader, *asked).code == 0
    assert floe(reader, "platform", "verify", "--offline").code == 0


def test_what_is_revoked_anywhere_is_revoked(
    tmp_path: Path, platform: PlatformTeam, key: Path, settings: Path, system: Path
) -> None:
    platform.publish(key=key)
    write(settings, scope(platform.registry, key))
    digits = fingerprint(key).removeprefix("sha256:")
    write(system, f'[revoked]\nkeys = [" {digits.upper()}"]\n')
    reader = data_team(tmp_path / "reader", platform.registry, "v1.0.0")
    ran = floe(reader, "platform", "pull")
    assert ran.code == 6 and "revoked" in ran.err


def test_the_strictest_word_on_a_first_use_holds(
    tmp_path: Path, platform: PlatformTeam, key: Path, settings: Path, system: Path
) -> None:
    platform.publish(key=key)
    clone = data_team(tmp_path / "clone", platform.registry, "v1.0.0", "first_use: accept")
    write(settings, f'[[scope]]\nmatch = "{platform.registry}"\nfirst_use = "accept"\n')
    write(system, f'[[scope]]\nmatch = "{platform.registry}"\nfirst_use = "refuse"\n')
    assert floe(clone, "platform", "pull").code == 6


def test_a_lock_alone_does_not_vouch_where_the_reader_refuses_first_uses(
    tmp_path: Path, platform: PlatformTeam, key: Path, settings: Path
) -> None:
    platform.publish(key=key)
    clone = data_team(tmp_path / "clone", platform.registry, "v1.0.0")
    assert floe(clone, "platform", "pull").code == 0
    (settings / "config.toml").write_text('first_use = "refuse"')
    assert floe(clone, "compile", "--offline").code == 6
    assert floe(clone, "platform", "pull").code == 6


def test_where_the_default_is_to_refuse_only_scopes_open(
    tmp_path: Path, platform: PlatformTeam, key: Path, settings: Path
) -> None:
    platform.publish(key=key)
    write(settings, 'default = "refuse"\n', scope("registry.example.com/other", key))
    clone = data_team(
        tmp_path / "clone", platform.registry, "v1.0.0", f"trusted_keys: [{key.with_suffix('.pub')}]"
    )
    for words in (("pull",), ("verify",), ("copy", "v1.0.0", f"oci-layout:{tmp_path / 'out'}")):
        ran = floe(clone, "platform", *words)
        assert ran.code == 6 and "default is to refuse" in ran.err, words
    (row,) = json.loads(floe(clone, "platform", "list", "--details", "-o", "json").out)["versions"]
    assert row["signature"]["status"] == "untrusted" and "takes nothing" in str(row["signature"])
    write(settings, 'default = "refuse"\n', scope(platform.registry, key))
    assert floe(clone, "platform", "pull").code == 0


def test_the_key_of_the_command_line_narrows_too(
    tmp_path: Path, platform: PlatformTeam, key: Path, other_key: Path, settings: Path
) -> None:
    platform.publish(key=other_key)
    write(settings, scope(platform.registry, key))
    reader = tmp_path / "reader"
    reader.mkdir()
    named = str(other_key.with_suffix(".pub"))
    assert floe(reader, "platform", "verify", f"{platform.registry}:v1.0.0", "--key", named).code == 6
    asked = ("init", "--platform", f"{platform.registry}:v1.0.0", "--trusted-key", named)
    assert floe(reader, *asked).code == 6


def test_a_cosign_pub_in_a_clone_is_nobody_s_word(tmp_path: Path, platform: PlatformTeam, key: Path) -> None:
    platform.publish(key=key)
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "cosign.pub").write_bytes(key.with_suffix(".pub").read_bytes())
    ran = floe(clone, "platform", "verify", f"{platform.registry}:v1.0.0")
    assert ran.code == 6 and "nobody" in ran.out
    (platform.directory / "cosign.pub").write_bytes(key.with_suffix(".pub").read_bytes())
    assert floe(platform.directory, "platform", "verify", f"{platform.registry}:v1.0.0").code == 6
    (platform.directory / "cosign.key").write_bytes(key.read_bytes())
    ran = floe(platform.directory, "platform", "verify", f"{platform.registry}:v1.0.0")
    assert ran.code == 0 and "Trusting: cosign.pub" in ran.out


def test_a_manifest_that_nobody_signs_is_no_way_round_a_policy(tmp_path: Path, settings: Path) -> None:
    """floe.yaml names a manifest.yaml of the clone in the place of a version."""
    clone = data_team(tmp_path / "clone", "oci-layout:nowhere", "v1.0.0")
    text = (clone / "floe.yaml").read_text()
    (clone / "floe.yaml").write_text(
        text.replace("ref: oci-layout:nowhere:v1.0.0", "manifest: manifest.yaml")
    )
    (clone / "manifest.yaml").write_text(manifest())
    assert floe(clone, "compile").code == 1, "judged, for nobody says otherwise"
    assert floe(clone, "compile", "--frozen").code == 5
    path = write(settings, 'default = "refuse"\n')
    for words in (("compile",), ("fix",), ("waive", "E220 x", "--reason", "r", "--owner", "me@acme.example")):
        ran = floe(clone, *words)
        assert ran.code == 6 and str(path) in ran.err, (words, ran)
    write(
        settings, 'default = "refuse"\n', f'[[scope]]\nmatch = "oci-layout:{clone}"\nfirst_use = "accept"\n'
    )
    assert floe(clone, "compile").code == 1
    path.unlink()
    (settings / "config.toml").write_text('first_use = "refuse"')
    ran = floe(clone, "compile")
    assert ran.code == 6 and "nothing vouches for a manifest.yaml" in ran.err


# --- scopes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "repository", "holds"),
    [
        ("reg.example.com/acme", "oci://reg.example.com/acme/platform", True),
        ("reg.example.com/acme", "oci://reg.example.com/acme", True),
        ("reg.example.com/acme", "oci://reg.example.com/acme-evil/platform", False),
        ("reg.example.com/acme/", "oci://REG.example.com/acme/platform", True),
        ("oci://REG.Example.com", "oci://reg.example.com/any", True),
        ("reg.example.com", "oci://reg.example.com:5000/any", False),
        ("reg.example.com:5000", "oci://reg.example.com:5000/any", True),
        ("reg.example.com", "oci://reg.example.com.evil.org/any", False),
        ("example.com", "oci://reg.example.com/any", False),
        ("oci-layout:/srv/platforms", "oci-layout:/srv/platforms/acme", True),
        ("oci-layout:/srv/platforms", "oci-layout:/srv/platforms-evil", False),
    ],
)
def test_a_scope_is_compared_in_whole_components(
    tmp_path: Path, settings: Path, match: str, repository: str, holds: bool
) -> None:
    path = write(settings, f'[[scope]]\nmatch = "{match}"\nfirst_use = "refuse"\n')
    found = read_policy(path, tmp_path).scope_for(Reference.parse(repository))
    assert (found is not None) is holds


def test_the_longest_scope_decides_alone(tmp_path: Path, settings: Path) -> None:
    path = write(
        settings,
        scope("reg.example.com", "11" * 32),
        scope("reg.example.com/acme/special", "22" * 32),
        scope("reg.example.com/acme", "33" * 32),
    )
    policy = read_policy(path, tmp_path)
    found = policy.scope_for(Reference.parse("oci://reg.example.com/acme/special"))
    assert found is not None and found.keys == ("22" * 32,)


# --- mistakes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version = 2",
        "version = true",
        "version = 1\ndefualt = 'refuse'",
        "version = 1\ndefault = 'maybe'",
        "version = 1\nscope = 3",
        "version = 1\n[[scope]]\nkeys = []",
        "version = 1\n[[scope]]\nmatch = ''",
        "version = 1\n[[scope]]\nmatch = 'reg.example.com/acme:v1'",
        "version = 1\n[[scope]]\nmatch = 'reg.example.com'\nkey = ['a.pub']",
        "version = 1\n[[scope]]\nmatch = 'reg.example.com'\nrequired = 0",
        "version = 1\n[[scope]]\nmatch = 'reg.example.com'\nrequired = 2\nkeys = ['a.pub']",
        "version = 1\n[[scope]]\nmatch = 'r.example.com'\n[[scope]]\nmatch = 'R.example.com/'",
        "version = 1\n[revoked]\nkeys = ['sha256:12']",
        "version = 1\n[revoked]\nkeys = ['nonsense']",
        "version = 1\n[revoked]\nkey = []",
        "version = 1\n[[scope]]\nmatch = 'r.io'\nidentities = [{subject = 'me'}]",
        "version = 1\n[[scope]]\nmatch = 'r.io'\nidentities = [{subject = 'm', issuer = 'x', a = 1}]",
        "version = 1\nnot toml",
        "version = " + "[" * 5000,
    ],
)
def test_a_policy_that_is_not_understood_is_an_error_and_not_absent(
    tmp_path: Path, settings: Path, text: str
) -> None:
    path = settings / "trust.toml"
    path.write_text(text)
    reader = tmp_path / "reader"
    reader.mkdir()
    ran = floe(reader, "platform", "trust", "oci://reg.example.com/acme")
    assert ran.code == 2 and "trust.toml" in ran.err, ran.err


@pytest.mark.parametrize("key", ["absent.pub", "sha256:1234", "not-a-key.pub"])
def test_a_key_of_a_policy_that_cannot_be_read_is_an_error(tmp_path: Path, settings: Path, key: str) -> None:
    (settings / "not-a-key.pub").write_text("nothing")
    write(settings, scope("reg.example.com", key))
    ran = floe(tmp_path, "platform", "trust", "oci://reg.example.com/acme")
    assert ran.code == 2, ran.err


def test_a_policy_that_others_can_write_or_that_leads_nowhere_is_an_error(
    tmp_path: Path, settings: Path
) -> None:
    path = write(settings)
    path.chmod(0o666)
    ran = floe(tmp_path, "platform", "trust", "oci://reg.example.com/acme")
    assert ran.code == 2 and "others can write" in ran.err
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    assert floe(tmp_path, "platform", "trust", "oci://reg.example.com/acme").code == 2


def test_a_home_inside_the_project_brings_no_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: PlatformTeam, other_key: Path
) -> None:
    platform.publish(key=other_key)
    clone = data_team(tmp_path / "clone", platform.registry, "v1.0.0")
    (clone / ".config" / "floe").mkdir(parents=True)
    write(clone / ".config" / "floe", scope(platform.registry, other_key))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(clone / ".config"))
    ran = floe(clone, "platform", "pull")
    assert ran.code == 2 and "inside the project" in ran.err


# --- spellings ---------------------------------------------------------------------------------

DIGITS = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text",
    [
        DIGITS,
        DIGITS.upper(),
        f"sha256:{DIGITS}",
        f"SHA256:{DIGITS.upper()}",
        f"  sha256:{DIGITS}\n",
        f"SHA-256 = {DIGITS}",
        f"SHA256 Fingerprint={':'.join(DIGITS[i : i + 2] for i in range(0, 64, 2)).upper()}",
        " ".join(DIGITS[i : i + 4] for i in range(0, 64, 4)),
        "SHA256:ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8",
        "ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8=",
    ],
)
def test_a_fingerprint_is_read_in_any_usual_spelling(text: str) -> None:
    assert parse_fingerprint(text) == f"sha256:{DIGITS}"


@pytest.mark.parametrize("text", ["", "sha256:", DIGITS[1:], DIGITS + "0", "sha512:" + DIGITS, "g" * 64])
def test_a_fingerprint_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_fingerprint(text)


@pytest.mark.parametrize("spelling", [str, str.upper, lambda text: " " + text.removeprefix("sha256:")])
def test_a_revocation_holds_however_it_is_spelled(
    tmp_path: Path, platform: PlatformTeam, key: Path, settings: Path, spelling: type
) -> None:
    platform.publish(key=key)
    (settings / "config.toml").write_text(f'revoked_keys = ["{spelling(fingerprint(key))}"]')
    reader = tmp_path / "reader"
    reader.mkdir()
    ran = floe(reader, "platform", "pull", f"{platform.registry}:v1.0.0")
    assert ran.code == 6, ran.err


@pytest.mark.parametrize(
    "text", ['revoked_keys = ["sha256:12"]', 'trusted_identities = [{identity = "me", isuer = "x"}]']
)
def test_settings_about_trust_that_are_not_understood_are_errors(
    tmp_path: Path, platform: PlatformTeam, key: Path, settings: Path, text: str
) -> None:
    platform.publish(key=key)
    (settings / "config.toml").write_text(text)
    ran = floe(tmp_path, "platform", "verify", f"{platform.registry}:v1.0.0")
    assert ran.code == 2, ran.err


# --- shown -------------------------------------------------------------------------------------


def test_trust_shows_who_decides_and_why(
    tmp_path: Path, platform: PlatformTeam, key: Path, other_key: Path, settings: Path
) -> None:
    path = write(settings, scope(platform.registry, key, more="required = 1"))
    product = data_team(
        tmp_path / "product", platform.registry, "v1.0.0", f"trusted_keys: [{key.with_suffix('.pub')}]"
    )
    ran = floe(product, "platform", "trust")
    assert ran.code == 0
    assert f"Deciding: {path}" in ran.out and "floe.yaml" in ran.out
    assert f"✓ {fingerprint(key)}" in ran.out and "Signers needed: 1" in ran.out
    document = floe(product, "platform", "trust", "--output", "json").json
    assert document["trusted"] == [fingerprint(key)] and len(document["deciding"]) == 2


def test_fingerprint_prints_a_key_s(tmp_path: Path, key: Path) -> None:
    ran = floe(tmp_path, "platform", "fingerprint", str(key.with_suffix(".pub")))
    assert ran.out == f"{fingerprint(key)}\n"
    assert floe(tmp_path, "platform", "fingerprint", str(key)).code == 6


def test_inspect_prints_whole_fingerprints(tmp_path: Path, platform: PlatformTeam, key: Path) -> None:
    platform.publish(key=key)
    ran = floe(tmp_path, "platform", "inspect", f"{platform.registry}:v1.0.0")
    assert f"dev.floe.signing.key: {fingerprint(key)}" in ran.out


def test_sign_vouches_for_what_was_built_here_or_for_a_digest_that_is_confirmed(
    tmp_path: Path, platform: PlatformTeam, key: Path, other_key: Path
) -> None:
    digest = platform.publish(key=other_key).digest
    asked = ("platform", "sign", f"{platform.registry}:v1.0.0", "--key", str(key))
    assert floe(platform.directory, *asked).code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert floe(elsewhere, *asked).code == 6
    named = (
        "platform",
        "sign",
        f"{platform.registry}@{digest}",
        "--key",
        str(new_key(tmp_path / "third.key")),
    )
    assert floe(elsewhere, *named).code == 2
    assert floe(elsewhere, *named, "--yes").code == 0
    (platform.directory / "manifest.yaml").write_text(manifest("1.0.0", coverage=99))
    assert floe(platform.directory, "platform", "compile").code == 0
    assert floe(platform.directory, *asked).code == 6


def test_what_was_published_from_here_can_be_compared_though_it_is_not_signed(
    platform: PlatformTeam, key: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    platform.publish()
    text = manifest("1.1.0", coverage=70, more=platform.requiring(key))
    (platform.directory / "manifest.yaml").write_text(text)
    asked = ("platform", "diff", f"{platform.registry}:v1.0.0", "manifest.yaml")
    assert floe(platform.directory, *asked).code == 0
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another-machine"))
    assert floe(platform.directory, *asked).code == 6
