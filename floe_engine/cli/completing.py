"""What a shell offers while somebody types a value: what is known here, and nothing that takes long.

No registry is asked: versions are those of the embedded layout, or of the last list. Whatever goes wrong
is no completion; a prompt is no place for a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from floe_engine.errors import ConfigurationError, FloeError
from floe_engine.workspace import Workspace

_MOST = 500
"""Values that are offered; nobody reads more."""

Offer = Iterator[tuple[str, str]]
"""Values, each with what it is."""


def offered(known: str, context: click.Context, begun: str) -> list[CompletionItem]:
    """The values of a kind (a key of `KNOWN`) that begin with what was typed."""
    directory = context.params.get("directory") or Path()
    try:
        workspace = Workspace.open(directory, registry=context.params.get("registry"))
        found = [(value, told) for value, told in KNOWN[known](workspace) if value.startswith(begun)]
    except (FloeError, OSError):
        return []
    return [CompletionItem(value, help=told.partition("\n")[0]) for value, told in found[:_MOST]]


def _versions(workspace: Workspace) -> Offer:
    from floe_engine.distribution.listing import list_versions

    listing = list_versions(workspace.without_network())
    for version in listing.versions:
        yield listing.tags[version], "a published version"


def _constraints(workspace: Workspace) -> Offer:
    from floe_engine.distribution.listing import list_versions

    versions = list_versions(workspace.without_network()).versions
    for version in versions:
        yield version.tag, "this version alone"
    yield from dict.fromkeys((f"v{one.major}.{one.minor}.*", "and its patches") for one in versions)
    yield from dict.fromkeys((f"v{one.major}.*.*", "and its minor versions") for one in versions)


def _next_version(workspace: Workspace) -> Offer:
    from floe_engine.document.document import parse
    from floe_engine.platform.check_platform import read_manifest

    version = parse(read_manifest(workspace)).find(("metadata", "version"))
    if version is not None and version.value:
        yield f"v{version.value}", "metadata.version of manifest.yaml"


def _codes(workspace: Workspace) -> Offer:
    from floe_engine.support.explain import families

    for family in families():
        yield from ((page.code, page.title) for page in family.pages)


def _settings(workspace: Workspace) -> Offer:
    from floe_engine.manifest.reference import walk

    # Below a name of one's own choice the settings are known when it is.
    yield from (
        (".".join(path), key.meaning)
        for path, key in walk()
        if not any(part == "[]" or part.startswith("<") for part in path)
    )


def _models(workspace: Workspace) -> Offer:
    from floe_engine.project.project_file import read_project_file

    root = workspace.nearest().directory
    try:
        folders = read_project_file(root).model_paths
    except ConfigurationError:  # no dbt project, or one that dbt cannot read either
        return
    names: Iterable[Path] = (
        path for folder in folders for path in (root / folder).rglob("*.sql") if not path.is_symlink()
    )
    yield from sorted((path.stem, path.relative_to(root).as_posix()) for path in names)


def _rules_and_models(workspace: Workspace) -> Offer:
    from floe_engine.policy.all_rules import every_rule

    yield from _models(workspace)
    yield from ((rule.id, rule.title) for rule in every_rule())


KNOWN: dict[str, Callable[[Workspace], Offer]] = {
    "version": _versions,
    "constraint": _constraints,
    "next version": _next_version,
    "code": _codes,
    "setting": _settings,
    "model": _rules_and_models,
}
"""The kinds of value that are known here."""
