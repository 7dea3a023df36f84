"""Keys change hands over bridging versions, without a data team noticing; and nobody else's do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from floe_engine.platform.sign_version import sign_version
from floe_engine.platform.signing_key import SigningOptions
from tests.cli import Ran
from tests.engine.trust.here import data_team, floe
from tests.teams import PlatformTeam, fingerprint, manifest, new_key

SUPPRESSED = """\
suppressions:
  - {rule: KEY001, path: "*", reason: a rotation, owner: me@acme.example, expires: 2999-01-01,
     acknowledge_security: true}
  - {rule: KEY002, path: "*", reason: a rotation, owner: me@acme.example, expires: 2999-01-01,
     acknowledge_security: true}
  - {rule: SGN001, path: "*", reason: a rotation, owner: me@acme.example, expires: 2999-01-01,
     acknowledge_security: true}
  - {rule: SGN002, path: "*", reason: a rotation, owner: me@acme.example, expires: 2999-01-01,
     acknowledge_security: true}
"""
"""What the version number has to promise is another story."""


class Life:
    """A platform that changes its keys, and a project that stays behind."""

    def __init__(self, folder: Path, platform: PlatformTeam) -> None:
        self.folder, self.platform = folder, platform
        self.product = folder / "product"

    def key(self, name: str) -> Path:
        path = self.folder / "life" / f"{name}.key"
        return path if path.exists() else new_key(path)

    def release(self, version: str, trusts: str, by: str, *, name: str = "acme") -> None:
        """Publish `version`, which trusts and is signed by keys of these names (blank: none)."""
        listed = [self.key(word) for word in trusts.split()]
        text = manifest(version, name=name, more=self.platform.requiring(*listed) if listed else "")
        first, *others = by.split()
        publisher = self.platform
        publisher.directory.mkdir(parents=True, exist_ok=True)
        (publisher.directory / "floe-suppressions.yaml").write_text(SUPPRESSED)
        publisher.publish(version, key=self.key(first), text=text)
        for other in others:
            self.sign(version, other)

    def sign(self, version: str, name: str) -> None:
        options = SigningOptions(keys=(str(self.key(name)),))
        sign_version(self.platform.workspace, f"v{version}", options=options)

    def lock(self, version: str, *trust: str) -> None:
        data_team(self.product, self.platform.registry, f"v{version}", *trust)
        ran = floe(self.product, "platform", "pull")
        assert ran.code == 0, ran.err

    def upgrade(self, version: str) -> Ran:
        return floe(self.product, "upgrade", "--to", f"v{version}", "--accept-breaking")

    @property
    def locked(self) -> dict[str, object]:
        document = json.loads((self.product / ".floe/cache/artifacts.lock").read_text())
        return dict(document["platform"])


@pytest.fixture
def life(tmp_path: Path, platform: PlatformTeam) -> Life:
    return Life(tmp_path, platform)


def test_a_team_that_skipped_the_bridge_follows_it_and_is_told(life: Life) -> None:
    life.release("1.0.0", "old", "old")
    life.lock("1.0.0")
    life.release("1.1.0", "old new", "old new")
    life.release("2.0.0", "new", "new")
    ran = life.upgrade("2.0.0")
    assert ran.code == 0, ran.err
    assert "keys have changed since v1.0.0: v1.1.0 adds" in ran.err
    assert fingerprint(life.key("new")) in ran.err
    assert life.locked["tag"] == "v2.0.0" and len(life.locked["rotations"]) == 1  # type: ignore[arg-type]
    assert floe(life.product, "compile", "--offline", "--frozen", "--what-if=warn").code == 0


def test_several_rotations_in_a_row_are_followed_one_by_one(life: Life) -> None:
    life.release("1.0.0", "a", "a")
    life.lock("1.0.0")
    for number, (before, after) in enumerate([("a", "b"), ("b", "c"), ("c", "d")], 1):
        life.release(f"1.{number}.0", f"{before} {after}", f"{before} {after}")
    life.release("2.0.0", "d", "d")
    assert life.upgrade("2.0.0").code == 0
    assert [str(entry).partition("@")[0] for entry in life.locked["rotations"]] == [  # type: ignore[attr-defined]
        "v1.1.0",
        "v1.2.0",
        "v1.3.0",
    ]


def test_a_jump_that_the_old_key_has_signed_as_well_needs_no_bridge(life: Life) -> None:
    life.release("1.0.0", "old", "old")
    life.lock("1.0.0")
    life.release("2.0.0", "new", "new")
    assert life.upgrade("2.0.0").code == 6
    life.sign("2.0.0", "old")
    assert life.upgrade("2.0.0").code == 0
    assert "rotations" not in life.locked


@pytest.mark.parametrize(
    ("bridge", "by"),
    [
        ("old new", "new"),  # by the new key alone: anybody could
        ("old new", "old"),  # the new key never showed that it is there
        ("", "old"),  # names no key
        ("evil new", "evil"),  # by a stranger
    ],
)
def test_a_bridge_that_does_not_hold_leads_nowhere(life: Life, bridge: str, by: str) -> None:
    life.release("1.0.0", "old", "old")
    life.lock("1.0.0")
    life.release("1.1.0", bridge, by)
    life.release("2.0.0", "new", "new")
    before = life.locked
    assert life.upgrade("2.0.0").code == 6
    assert life.locked == before


def test_a_key_that_was_dropped_cannot_bring_in_another(life: Life) -> None:
    """The old key was stolen, and 1.2.0 says so: what it signs afterwards proves nothing."""
    life.release("1.0.0", "old", "old")
    life.lock("1.0.0")
    life.release("1.1.0", "old new", "old new")
    life.release("1.2.0", "new", "new old")
    life.release("1.9.0", "evil old", "old evil")
    life.release("2.0.0", "evil", "evil")
    assert life.upgrade("2.0.0").code == 6
    life.release("2.1.0", "new", "new")
    assert life.upgrade("2.1.0").code == 0


def test_a_key_that_the_reader_revoked_hands_nothing_on(life: Life, settings: Path) -> None:
    life.release("1.0.0", "old", "old")
    life.lock("1.0.0")
    life.release("1.1.0", "old new", "old new")
    life.release("2.0.0", "new", "new")
    (settings / "config.toml").write_text(f'revoked_keys = ["{fingerprint(life.key("old"))}"]')
    assert life.upgrade("2.0.0").code == 6


def test_where_somebody_outside_names_the_keys_no_walk_widens_them(life: Life, settings: Path) -> None:
    life.release("1.0.0", "old", "old")
    life.lock("1.0.0")
    life.release("1.1.0", "old new", "old new")
    life.release("2.0.0", "new", "new")
    scope = f'[[scope]]\nmatch = "{life.platform.registry}"\nkeys = ["{fingerprint(life.key("old"))}"]\n'
    (settings / "trust.toml").write_text(f"version = 1\n{scope}")
    assert life.upgrade("2.0.0").code == 6
    assert life.upgrade("1.1.0").code == 0


def test_more_rotations_than_any_key_has_are_not_followed(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chain without end would be work without end: past so many the walk stops, and nothing is taken."""
    monkeypatch.setattr("floe_engine.trust.rotation.MAX_HOPS", 2)
    life.release("1.0.0", "a", "a")
    life.lock("1.0.0")
    for number, (old, new) in enumerate(("ab", "bc", "cd"), 1):
        life.release(f"1.{number}.0", f"{old} {new}", f"{old} {new}")
    life.release("2.0.0", "d", "d")
    ran = floe(life.product, "upgrade", "--to", "v2.0.0", "--accept-breaking")
    assert ran.code == 6, ran.err


def test_junk_between_is_passed_over(life: Life) -> None:
    life.release("1.0.0", "old", "old")
    life.lock("1.0.0")
    for number in range(1, 6):
        life.release(f"1.0.{number}", "evil", "evil")
    life.release("1.1.0", "old new", "old new")
    life.release("2.0.0", "new", "new")
    life.platform.retag("v1.0.0", "v1.0.9")
    assert life.upgrade("2.0.0").code == 0


def test_a_rotation_takes_nobody_back(life: Life) -> None:
    life.release("1.0.0", "old", "old")
    life.release("1.1.0", "old new", "old new")
    life.release("2.0.0", "new", "new")
    life.lock("2.0.0")
    assert life.upgrade("1.0.0").code == 1
    ran = floe(life.product, "upgrade", "--to", "v1.0.0", "--allow-downgrade", "--accept-breaking")
    assert ran.code == 6
