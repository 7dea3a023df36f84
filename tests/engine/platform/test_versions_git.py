"""A side of `floe platform diff` that is in git: what has been committed, beside what is written now."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli import floe, ok
from tests.teams import manifest, new_key


def git(directory: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=ann", "-c", "user.email=ann@acme.example", *words],
        cwd=directory,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with a platform in a folder of it, committed, and stricter since."""
    root = tmp_path / "repository"
    home = root / "platform"
    home.mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    new_key(tmp_path / "first").with_suffix(".pub").rename(home / "cosign.pub")
    (home / "manifest.yaml").write_text(manifest(more="security: {trusted_keys: [cosign.pub]}\n"))
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=first")
    return home


def rules_of(home: Path, *sides: str) -> list[str]:
    changes = ok(floe(home, "platform", "diff", *sides, "-o", "json")).json["changes"]["changes"]
    return [change["rule"] for change in changes]


def test_what_is_not_committed_yet_is_compared_with_what_is(checkout: Path) -> None:
    assert rules_of(checkout, "HEAD:./manifest.yaml") == []
    (checkout / "manifest.yaml").write_text(
        manifest(coverage=100, more="security: {trusted_keys: [cosign.pub]}\n")
    )
    for side in ("HEAD:./manifest.yaml", "main:platform/manifest.yaml", "HEAD:../platform/manifest.yaml"):
        assert rules_of(checkout, side) == ["COV001"], side
    shown = ok(floe(checkout, "platform", "diff", "HEAD:./manifest.yaml", "--unified")).out
    assert "-HEAD:./manifest.yaml:10:42 +manifest.yaml:10:42" in shown


def test_two_revisions_are_compared_without_the_working_copy(checkout: Path) -> None:
    (checkout / "manifest.yaml").write_text(manifest(coverage=90))
    git(checkout, "commit", "--quiet", "--all", "--message=second")
    (checkout / "manifest.yaml").write_text("nonsense: [")
    found = rules_of(checkout, "HEAD~1:./manifest.yaml", "HEAD:./manifest.yaml")
    assert "COV001" in found


def test_a_key_that_a_manifest_names_is_the_one_of_that_revision(checkout: Path, tmp_path: Path) -> None:
    new_key(tmp_path / "second").with_suffix(".pub").replace(checkout / "cosign.pub")
    assert rules_of(checkout, "HEAD:./manifest.yaml") != []


def test_a_parent_in_another_directory_is_the_one_of_that_revision(checkout: Path) -> None:
    parent = checkout.parent / "enterprise"
    parent.mkdir()
    (parent / "manifest.yaml").write_text(manifest(name="above", scope="enterprise", coverage=80))
    child = "parent: ../enterprise/manifest.yaml\nmetadata: {name: acme, version: 1.0.0, scope: domain}\n"
    (checkout / "manifest.yaml").write_text(f"apiVersion: floe.dev/v1\nkind: Manifest\n{child}")
    git(checkout, "add", "..")
    git(checkout, "commit", "--quiet", "--message=a domain")
    (parent / "manifest.yaml").write_text(manifest(name="above", scope="enterprise", coverage=95))
    assert "COV001" in rules_of(checkout, "HEAD:./manifest.yaml")


@pytest.mark.parametrize(
    ("side", "said"),
    [
        ("nowhere:manifest.yaml", "nowhere"),
        ("HEAD:manifest.yaml", "has no file manifest.yaml"),
        ("HEAD:../../manifest.yaml", "out of the repository"),
        ("--output=x:manifest.yaml", "not a git revision"),
        (":manifest.yaml", "git has no"),
    ],
)
def test_what_git_does_not_have_is_said_plainly(checkout: Path, side: str, said: str) -> None:
    ran = floe(checkout, "platform", "diff", "--", side)
    assert ran.code == 2
    assert said in ran.err


def test_outside_of_a_repository_it_is_said_too(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text(manifest())
    ran = floe(tmp_path, "platform", "diff", "HEAD:manifest.yaml")
    assert ran.code == 2
    assert "not a git repository" in ran.err


def test_a_checkout_whose_work_tree_is_elsewhere_is_said_plainly(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    git(checkout, "config", "core.worktree", str(tmp_path / "elsewhere"))
    ran = floe(checkout, "platform", "diff", "HEAD:./manifest.yaml")
    assert ran.code == 2
    assert "not in the work tree" in ran.err


def test_a_revision_may_hold_a_colon(checkout: Path) -> None:
    assert rules_of(checkout, "HEAD^{/first}:./manifest.yaml") == []
    assert rules_of(checkout, ":/first:./manifest.yaml") == []


def test_no_filter_of_the_checkout_is_run(checkout: Path, tmp_path: Path) -> None:
    (checkout.parent / ".gitattributes").write_text("* filter=evil\n")
    git(checkout, "config", "filter.evil.smudge", f"touch {tmp_path}/ran; cat")
    git(checkout, "config", "filter.evil.clean", f"touch {tmp_path}/ran; cat")
    ok(floe(checkout, "platform", "diff", "HEAD:./manifest.yaml"))
    assert not (tmp_path / "ran").exists()


def test_a_link_that_is_committed_leads_nowhere(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (checkout.parent / "away").symlink_to(tmp_path / "outside")
    git(checkout, "add", "..")
    git(checkout, "commit", "--quiet", "--message=a link")
    ok(floe(checkout, "platform", "diff", "HEAD:./manifest.yaml"))
    assert list((tmp_path / "outside").iterdir()) == []
