"""What a person may write for a registry, a folder, a tag or a digest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from floe_engine.errors import UsageError
from floe_engine.registry.reference import Reference, is_loopback

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("oci://reg.example.com/floe-platform:v1.2.3", "reg.example.com", "floe-platform", "v1.2.3", None),
        ("reg.example.com/floe-platform:v1.2.3", "reg.example.com", "floe-platform", "v1.2.3", None),
        ("localhost/a", "localhost", "a", None, None),
        ("localhost:5000/a/b/c", "localhost:5000", "a/b/c", None, None),
        ("oci://h/a/b:x", "h", "a/b", "x", None),
        (f"ghcr.io/acme/platform@{DIGEST}", "ghcr.io", "acme/platform", None, DIGEST),
        (f"oci://ghcr.io/acme/platform:v1@{DIGEST}", "ghcr.io", "acme/platform", "v1", DIGEST),
        ("oci://[::1]:5000/a:b", "[::1]:5000", "a", "b", None),
        ("oci://REGISTRY.Example.com/a", "registry.example.com", "a", None, None),
        ("  oci://r.io/a:b \n", "r.io", "a", "b", None),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/platform:v1",
         "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "acme/platform", "v1", None),
        ("europe-west1-docker.pkg.dev/project-1/repo/platform:v1",
         "europe-west1-docker.pkg.dev", "project-1/repo/platform", "v1", None),
    ],
)  # fmt: skip
def test_references_to_registries(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    found = Reference.parse(text)
    assert (found.scheme, found.root) == ("oci", None)
    assert (found.registry, found.repository, found.tag, found.digest) == (registry, repository, tag, digest)
    assert Reference.parse(str(found)) == found
    assert found.docker_reference == f"{registry}/{repository}"


@pytest.mark.parametrize(
    ("text", "path", "tag", "digest"),
    [
        ("oci-layout:registry", "registry", None, None),
        ("oci-layout:registry:v1.2.3", "registry", "v1.2.3", None),
        (f"oci-layout:./a/b@{DIGEST}", "a/b", None, DIGEST),
        (f"oci-layout:a:v1@{DIGEST}", "a", "v1", DIGEST),
        ("oci-layout:a:b/c", "a:b/c", None, None),
        ("oci-layout:with space/x@y", "with space/x@y", None, None),
    ],
)
def test_references_to_layouts_are_relative_to_the_file_that_names_them(
    tmp_path: Path, text: str, path: str, tag: str | None, digest: str | None
) -> None:
    found = Reference.parse(text, base=tmp_path)
    assert (found.scheme, found.registry) == ("oci-layout", "")
    assert found.root == tmp_path / path
    assert (found.tag, found.digest) == (tag, digest)
    assert Reference.parse(str(found)) == found


def test_an_absolute_layout_is_where_it_says(tmp_path: Path) -> None:
    assert Reference.parse(f"oci-layout:{tmp_path}", base=Path("/elsewhere")).root == tmp_path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("floe-platform", "no repository"),
        ("oci://registry.example.com", "no repository"),
        ("oci://registry.example.com/", "no repository"),
        ("acme/platform:v1", "no registry"),
        ("oci://a b/c", "not a host name"),
        ("oci://-x/c", "not a host name"),
        ("oci://a..b/c", "not a host name"),
        ("oci://h:99999/c", "not a host name"),
        ("oci://h:0/c", "not a host name"),
        ("oci://[::g]/c", "not a host name"),
        ("oci:///c", "not a host name"),
        ("oci://h.io/Acme/Platform", "repository name"),
        ("oci://h.io/a/../b", "repository name"),
        ("oci://h.io/a//b", "repository name"),
        ("oci://h.io/a?x=1", "repository name"),
        ("oci://h.io/" + "a" * 300, "repository name"),
        ("oci://h.io/a:", "after the colon"),
        ("oci://h.io/a:b:c", "tag is not valid"),
        ("oci://h.io/a:v1/b", "tag is not valid"),
        ("oci://h.io/a:v1.2.3+build", "tag is not valid"),
        ("oci://h.io/a:" + "b" * 200, "tag is not valid"),
        ("oci://h.io/a@", "after the @"),
        ("oci://h.io/a@sha256:abc", "digest is not valid"),
        ("oci://h.io/a@md5:" + "0" * 32, "digest is not valid"),
        ("https://h.io/a", "does not start with https://"),
        ("docker://h.io/a", "does not start with docker://"),
        ("s3://bucket/a", "unknown kind"),
        ("oci-layout:", "needs a folder"),
        ("oci://h.io/a\x1b[31m", "unprintable"),
        ("oci://h.io/a\nb", "unprintable"),
        ("x" * 10_000, "too long"),
    ],
)
def test_what_cannot_be_a_reference_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        Reference.parse(text)
    assert said in refusal.value.title
    assert len(str(refusal.value)) < 600


def test_hints_name_the_next_step() -> None:
    with pytest.raises(UsageError) as refusal:
        Reference.parse("oci://h.io/Acme/Platform")
    assert "acme/platform" in refusal.value.hint
    with pytest.raises(UsageError) as refusal:
        Reference.parse("oci://h.io/a:v1.2.3+build")
    assert "write _" in refusal.value.hint


def test_a_password_in_a_reference_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as refusal:
        Reference.parse("oci://somebody:hunter2@h.io/a")
    assert "hunter2" not in f"{refusal.value} {refusal.value.hint}"
    assert "floe login" in refusal.value.hint


@pytest.mark.parametrize(
    ("text", "name", "constraint"),
    [
        (
            "oci://registry.example.com/floe-platform:v1.2.*",
            "oci://registry.example.com/floe-platform",
            "v1.2.*",
        ),
        (
            "oci://registry.example.com/floe-platform:v1.*.*",
            "oci://registry.example.com/floe-platform",
            "v1.*.*",
        ),
        ("h.io/a:>=1.2, <2", "oci://h.io/a", ">=1.2, <2"),
        ("h.io/a", "oci://h.io/a", ""),
        ("oci-layout:/srv/layout:^1.2", "oci-layout:/srv/layout", "^1.2"),
    ],
)
def test_a_tag_may_be_a_constraint_where_one_is_expected(text: str, name: str, constraint: str) -> None:
    reference, found = Reference.parse_constrained(text)
    assert (str(reference), found) == (name, constraint)


def test_a_tag_or_a_digest_replaces_the_other() -> None:
    reference = Reference.parse("oci://h.io/a:v1")
    assert str(reference.with_digest(DIGEST)) == f"oci://h.io/a@{DIGEST}"
    assert str(reference.with_digest(DIGEST).with_tag("v2")) == "oci://h.io/a:v2"
    assert str(reference.without_target()) == reference.name == "oci://h.io/a"
    assert reference.target == "v1"
    with pytest.raises(UsageError):
        reference.with_tag("a/b")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True), ("localhost:5000", True), ("a.localhost", True), ("127.0.0.1:5000", True),
        ("127.9.9.9", True), ("[::1]:5000", True), ("registry.example.com", False), ("10.0.0.1:5000", False),
        ("localhost.example.com", False), ("127.0.0.1.example.com", False),
    ],
)  # fmt: skip
def test_only_this_machine_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(Reference.parse(f"oci://{host}/a").registry) is loopback


def test_parsing_a_reference_and_importing_the_client_imports_no_http_library() -> None:
    script = (
        "import sys; from floe_engine.registry.reference import Reference; "
        "import floe_engine.registry.client; Reference.parse('oci://h.io/a:b'); "
        "print(sorted({'oras', 'requests', 'urllib3', 'jsonschema'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
