"""A platform begun from a template: it compiles, tests itself, and can be published as it is."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import get_args

import pytest
import yaml

from floe_engine.errors import UnsafePath, UsageError
from floe_engine.platform.begin_platform import Begun, begin_platform
from floe_engine.platform.check_platform import check_platform
from floe_engine.platform.publish import publish
from floe_engine.platform.signing_key import SigningOptions
from floe_engine.platform.test_policies import test_policies as run_tests
from floe_engine.scaffold.choices import SERVICES, TEMPLATES, Service, Template
from floe_engine.workspace import Workspace
from tests.cli import floe, ok

PARENT = """\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: acme-enterprise, version: "1.0.0", scope: enterprise}
plugins: {compute: {type: duckdb}}
approved_plugins: {compute: [duckdb]}
"""


def begin(directory: Path, template: Template = "medallion", **more: object) -> Begun:
    return begin_platform(Workspace.open(directory), template=template, **more)  # type: ignore[arg-type]


@pytest.fixture
def parent(tmp_path: Path) -> str:
    (tmp_path / "enterprise").mkdir()
    (tmp_path / "enterprise" / "manifest.yaml").write_text(PARENT)
    return "../enterprise/manifest.yaml"


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_template_is_valid_tests_itself_and_can_be_published(
    tmp_path: Path, template: Template, parent: str
) -> None:
    home = tmp_path / "Sales & Marketing"
    home.mkdir()
    begun = begin(home, template, parent=parent if template == "mesh-domain" else None)
    assert begun.name == "sales-marketing"
    workspace = Workspace.open(home, registry=f"oci-layout:{tmp_path / 'registry' / 'platform'}")
    assert check_platform(workspace).diagnostics == ()
    run = run_tests(workspace)
    assert run.passed
    assert any(suite.title == "Our names" for suite in run.suites)
    assert publish(workspace, "v0.1.0", options=SigningOptions(sign=False)).reference.tag == "v0.1.0"


def test_every_template_is_named_by_its_type() -> None:
    assert set(TEMPLATES) == set(get_args(Template))
    assert {*SERVICES, "none"} == set(get_args(Service))


def test_what_is_there_stays_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("ours\n")
    (tmp_path / ".gitignore").write_text("target/\n*.key")
    begun = begin(tmp_path)
    assert begun.kept == ("README.md",)
    assert (tmp_path / "README.md").read_text() == "ours\n"
    assert (tmp_path / ".gitignore").read_text() == "target/\n*.key\ncosign.key\n.env\n"


@pytest.mark.parametrize("name", ["manifest.yaml", "manifest.yml"])
def test_a_manifest_that_is_there_is_never_begun_again(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("# ours\n")
    with pytest.raises(UsageError, match=f"there is a {name} here already"):
        begin(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("link", "target"), [("ci", "."), (".gitignore", "ignored")])
def test_nothing_is_written_through_a_link_of_a_clone(tmp_path: Path, link: str, target: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / link).symlink_to(outside / target)
    with pytest.raises(UnsafePath):
        begin(clone)
    assert list(outside.iterdir()) == []
    assert not (clone / "manifest.yaml").exists()


def test_a_domain_needs_its_parent_and_nobody_else_has_one(tmp_path: Path, parent: str) -> None:
    home = tmp_path / "sales"
    home.mkdir()
    with pytest.raises(UsageError, match="has a parent") as raised:
        begin(home, "mesh-domain")
    assert "--parent" in (raised.value.hint or "")
    with pytest.raises(UsageError, match="no other template"):
        begin(home, "kimball", parent=parent)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_is_asked_in_its_own_form_to_run_the_one_script(
    tmp_path: Path, service: Service
) -> None:
    begin(tmp_path, service=service)
    written = yaml.safe_load((tmp_path / SERVICES[service]).read_text())
    scripts = "\n".join(_texts(written))
    assert "sh ci/platform.sh check" in scripts
    assert "sh ci/platform.sh publish" in scripts
    assert "@" not in scripts.replace("actions/checkout@", "").replace("setup-python@", "").replace("@0", "")
    subprocess.run(["sh", "-n", tmp_path / "ci" / "platform.sh"], check=True)


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in (str(key), *_texts(each))]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [str(value)]


@pytest.mark.parametrize("name", ["Acme", "a b", "-", "a" * 64, "a\nb"])
def test_a_name_that_no_platform_may_have_is_refused_before_a_file_is_written(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError, match="cannot be a platform's name"):
        begin(tmp_path, name=name)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_wrote_and_what_comes_next(tmp_path: Path) -> None:
    said = ok(floe(tmp_path, "platform", "init", "--name", "acme", "--ci", "gitlab", "--output", "json")).json
    assert said["name"] == "acme"
    assert ".gitlab-ci.yml" in said["written"]
    assert said["nextSteps"] == []
    refused = floe(tmp_path, "platform", "init")
    assert refused.code == 2
    assert "there is a manifest.yaml here already" in refused.err
    both = floe(tmp_path, "platform", "init", "--template", "minimal", "--from-project", ".")
    assert (both.code, "choose one" in both.err) == (2, True)
