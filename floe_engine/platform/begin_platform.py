"""A platform's directory, begun: from a template, or learnt from a dbt project that is there already."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from floe_engine.acts import Act, Option
from floe_engine.artifact.platform import Platform
from floe_engine.errors import UsageError
from floe_engine.events import CancelToken, Heading, Notice, Report, Step, silent
from floe_engine.files import stands
from floe_engine.manifest.plugins import Catalogue
from floe_engine.manifest.terms import PLATFORM_NAME
from floe_engine.platform.check_platform import check_platform
from floe_engine.platform.compile_platform import compile_platform
from floe_engine.project.facts import Project
from floe_engine.project.reading import read_project
from floe_engine.scaffold.choices import Service, Template
from floe_engine.scaffold.learning import Learnt, learn
from floe_engine.scaffold.rest import ci_files, gitignore, policy_test, readme
from floe_engine.scaffold.templates import manifest_text
from floe_engine.text import plural, printable
from floe_engine.workspace import MANIFEST_FILE, Workspace

_LIMIT = 1024 * 1024
_TEST = "tests/policies/names.yaml"
COMPUTE = "duckdb"
"""What a platform runs on where nobody says."""


class Begun(Struct, frozen=True):
    """What was written, and what was there already and stayed; paths relative to the directory."""

    directory: Path
    name: str
    written: tuple[str, ...]
    kept: tuple[str, ...]
    learnt: Learnt | None
    """Where a dbt project was learnt from."""


def begin_platform(
    workspace: Workspace,
    *,
    template: Template = "medallion",
    from_project: Path | None = None,
    name: str | None = None,
    compute: str | None = None,
    parent: str | None = None,
    service: Service = "github",
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Begun:
    """Write manifest.yaml and what stands beside it; nothing that is there already is touched.

    `from_project` (relative to the workspace) is the directory of a dbt project: the manifest is then
    the strictest that the project passes, and `template` has no say. `parent` is the enterprise
    platform of a ``mesh-domain``. The manifest is compiled before anything is written, so that what
    is written is right. Raises `UsageError` where there is a manifest.yaml, and what compiling raises.
    """
    cancel = cancel or CancelToken()
    _nothing_there(workspace)
    if (template == "mesh-domain") != (parent is not None):
        raise UsageError(
            "a mesh-domain platform has a parent, and no other template has one",
            hint=f"name the enterprise platform, or its manifest.yaml: {Option.PARENT} oci://host/repository:v1.2.3"
            if parent is None
            else f"take {Option.TEMPLATE} mesh-domain with {Option.PARENT}",
        )
    chosen = name or _name(workspace.directory)
    if re.fullmatch(PLATFORM_NAME, chosen) is None:
        raise UsageError(
            "this cannot be a platform's name",
            f"it is {printable(chosen)}",
            hint="lower case, digits and hyphens, up to 63 characters, such as acme-data-platform",
        )

    catalogue = Catalogue.load()  # once: learning compiles some forty manifests

    def compiled(text: str) -> Platform:
        checked = check_platform(workspace, text=text, catalogue=catalogue, cancel=cancel)
        return compile_platform(workspace, checked=checked, write=False, cancel=cancel).artifact.platform

    learnt = None
    if from_project is not None:
        project = read_project(workspace.directory / from_project)
        for warning in project.warnings:
            report(Notice(warning))
        report(
            Heading(f"Learning from the dbt project {project.name} ({plural(len(project.models), 'node')})")
        )
        learnt = learn(
            project,
            name=chosen,
            compute=compute or _compute(project, catalogue),
            compile_text=compiled,
            cancel=cancel,
        )
        text = learnt.text
    else:
        text = manifest_text(template, name=chosen, compute=compute or COMPUTE, parent=parent or "")
    platform = compiled(text)
    wanted = {MANIFEST_FILE: text, "README.md": readme(chosen), **ci_files(service)}
    if test := policy_test(platform):
        wanted[_TEST] = test
    cancel.check()
    return _written(workspace, chosen, wanted, learnt, report)


def _written(
    workspace: Workspace, name: str, wanted: dict[str, str], learnt: Learnt | None, report: Report
) -> Begun:
    """Write what is absent; manifest.yaml comes last, for it says that a platform was begun."""
    directory = workspace.files
    directory.make()
    ignored = directory.read(".gitignore", _LIMIT, what=".gitignore") or b""
    grown = gitignore(ignored.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    written, kept = [], []
    if grown != ignored:
        directory.write(".gitignore", grown)
        written.append(".gitignore")
        report(Step(".gitignore", key=".gitignore"))
    for path in sorted(wanted, key=lambda path: path == MANIFEST_FILE):
        if stands(workspace.directory / path):
            kept.append(path)
            report(Step(path, "skipped", "it was there already", key=path))
            continue
        directory.write(path, wanted[path].encode())
        written.append(path)
        report(Step(path, key=path))
    return Begun(workspace.directory, name, tuple(written), tuple(kept), learnt)


def _nothing_there(workspace: Workspace) -> None:
    for path in (workspace.manifest_path, workspace.manifest_path.with_suffix(".yml")):
        if stands(path):
            raise UsageError(
                f"there is a {path.name} here already",
                hint=f"{Act.CHECK} says what is wrong with it; {Option.DIR} names another directory",
                where=str(path),
            )


def _name(directory: Path) -> str:
    """A platform's name out of its directory's."""
    name = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower()).strip("-")[:63].strip("-")
    return name or "platform"


def _compute(project: Project, catalogue: Catalogue) -> str:
    """What the project runs on, as its dbt adapter says; else the default."""
    adapter = project.adapter or ""
    return adapter if catalogue.find("compute", adapter) else COMPUTE
