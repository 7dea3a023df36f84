"""What dbt's selectors mean, one method each: ``fqn:``, ``source:``, ``config.materialized:``.

From dbt's own account (docs.getdbt.com, reference/node-selection/methods). What is not known here, or is
about what nobody judges (``metric:``, ``result:``), is refused: no selector means less than dbt's does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from floe_engine.errors import UsageError
from floe_engine.policy.meta import lookup
from floe_engine.project.facts import Exposure, Model, Project, ProjectTest, SemanticModel, Source, UnitTest

Node: TypeAlias = Model | Source | Exposure | SemanticModel | UnitTest | ProjectTest

WILDCARDS = frozenset("*?[]")


def selected(kind: str, value: str, project: Project) -> Iterator[str]:
    """unique_ids of what ``kind:value`` selects; empty `kind`: what a bare word does, a file or a name.

    Raises `UsageError` for a value that the method does not take.
    """
    if not kind:
        kind = _kind_of(value)
    method, _, rest = kind.partition(".")
    meant = METHODS[method](value, rest, project)
    return (node.unique_id for node in nodes(project) if meant(node))


def nodes(project: Project) -> Iterator[Node]:
    """Everything that selectors walk."""
    yield from project.models
    yield from project.sources
    yield from project.exposures
    yield from project.semantic_models
    yield from project.unit_tests
    yield from project.tests


def _kind_of(value: str) -> str:
    if "/" in value or value.endswith((".yml", ".yaml")):
        return "path"
    return "file" if value.casefold().endswith((".sql", ".py", ".csv")) else "fqn"


_Meant: TypeAlias = Callable[[Node], bool]


def _by_name(value: str, _: str, project: Project) -> _Meant:
    """A name, or the folders that lead to it: ``finance``, ``shop.finance.*``, ``orders.v2``."""

    def meant(node: Node) -> bool:
        if not isinstance(node, Model):
            return False
        fqn = _fqn(node, project)
        versioned = node.version is not None
        return _is_named(fqn, value, versioned) or _is_named(fqn[1:], value, versioned)

    return meant


def _fqn(model: Model, project: Project) -> tuple[str, ...]:
    package = model.unique_id.split(".")[1]
    path = PurePosixPath(model.path)
    if project.folder_configs is not None:
        folders = PurePosixPath(project.folder_configs.folder(model)).parts
    else:
        folders = path.parts[1:-1]
    if model.resource_type == "snapshot" and path.suffix == ".sql":
        folders = (*folders, path.stem)
    version = () if model.version is None else (f"v{model.version}",)
    return (package, *folders, model.name, *version)


def _is_named(fqn: Sequence[str], value: str, versioned: bool) -> bool:
    wanted = value.split(".")
    leaf = fqn[-2] if versioned and len(fqn) > 1 else fqn[-1]
    if leaf == value or (versioned and "_".join(fqn[-2:]) == "_".join(wanted[-2:])):
        return True
    flat = [part for each in fqn for part in each.split(".")]
    if len(flat) < len(wanted):
        return False
    for number, part in enumerate(wanted):
        if WILDCARDS.intersection(part):
            rest = fnmatchcase(".".join(flat[number:]), ".".join(wanted[number:]))
            return rest or (len(wanted) == 1 and fnmatchcase(leaf, value))
        if flat[number] != part:
            return False
    return True


def _by_tag(value: str, _: str, __: Project) -> _Meant:
    return lambda node: any(
        fnmatchcase(tag, value) for tag in (() if isinstance(node, SemanticModel) else node.tags)
    )


def _by_path(value: str, _: str, __: Project) -> _Meant:
    """A file, a folder or a glob; the YAML file that describes a model means it too."""
    wanted = PurePosixPath(value).parts

    def meant(node: Node) -> bool:
        parts = PurePosixPath(node.path).parts
        if any(_leads(wanted, parts[:length]) for length in range(1, len(parts) + 1)):
            return True
        described = node.properties_path if isinstance(node, Model) else None
        return described is not None and _leads(wanted, PurePosixPath(described).parts)

    return meant


def _leads(wanted: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether a glob names a path whole: ``*`` stays in its folder, ``**`` means any number of them."""
    ways = {0}  # how much of `wanted` may be used up
    for part in parts:
        ways = _free(ways, wanted)
        ways = {
            way if wanted[way] == "**" else way + 1
            for way in ways
            if way < len(wanted) and (wanted[way] == "**" or fnmatchcase(part, wanted[way]))
        }
    return len(wanted) in _free(ways, wanted)


def _free(ways: set[int], wanted: Sequence[str]) -> set[int]:
    """Those, and those that a ``**`` which means no folder leads to."""
    found = set(ways)
    for way in sorted(ways):
        while way < len(wanted) and wanted[way] == "**":
            way += 1
            found.add(way)
    return found


def _by_file(value: str, _: str, __: Project) -> _Meant:
    def meant(node: Node) -> bool:
        path = PurePosixPath(node.path)
        return fnmatchcase(path.name, value) or fnmatchcase(path.stem, value)

    return meant


def _by_package(value: str, _: str, project: Project) -> _Meant:
    wanted = project.name if value == "this" else value
    return lambda node: fnmatchcase(node.unique_id.split(".")[1], wanted)


def _by_source(value: str, _: str, __: Project) -> _Meant:
    parts = value.split(".")
    if len(parts) > 3:
        raise UsageError(f"not a selector: source:{value}", hint="source:NAME, source:NAME.TABLE")
    package, name, table = {1: ("*", *parts, "*"), 2: ("*", *parts), 3: tuple(parts)}[len(parts)]

    def meant(node: Node) -> bool:
        return (
            isinstance(node, Source)
            and fnmatchcase(node.unique_id.split(".")[1], package)
            and fnmatchcase(node.source_name, name)
            and fnmatchcase(node.name, table)
        )

    return meant


def _beside(*kinds: type[Exposure | SemanticModel | UnitTest]) -> Callable[[str, str, Project], _Meant]:
    """By the name of what stands beside the models: ``+exposure:board`` is what it needs."""

    def method(value: str, _: str, __: Project) -> _Meant:
        package, _, name = value.rpartition(".")
        return lambda node: (
            isinstance(node, kinds)
            and fnmatchcase(node.name, name)
            and fnmatchcase(node.unique_id.split(".")[1], package or "*")
        )

    return method


def _by_group(value: str, _: str, __: Project) -> _Meant:
    return lambda node: isinstance(node, Model) and node.group is not None and fnmatchcase(node.group, value)


def _by_access(value: str, _: str, __: Project) -> _Meant:
    return lambda node: isinstance(node, Model) and node.resource_type == "model" and node.access == value


def _by_resource_type(value: str, _: str, __: Project) -> _Meant:
    if value not in _RESOURCE_TYPES:
        known = ", ".join(_RESOURCE_TYPES)
        raise UsageError(f"not a selector: resource_type:{value}", hint=f"what is judged is of type {known}")
    return lambda node: node.unique_id.split(".")[0] == value


_RESOURCE_TYPES = ("model", "seed", "snapshot", "source", "exposure", "semantic_model", "unit_test", "test")


def _by_version(value: str, _: str, __: Project) -> _Meant:
    if value not in ("latest", "old", "prerelease", "none"):
        raise UsageError(
            f"not a selector: version:{value}", hint="version: is latest, old, prerelease or none"
        )

    def meant(node: Node) -> bool:
        if not isinstance(node, Model) or node.resource_type != "model":
            return False
        own, latest = node.version, node.latest_version
        if own is None:
            return value == "none"
        if value == "latest":
            return own == latest
        return latest is not None and (
            (value == "old" and _older(own, latest)) or (value == "prerelease" and _older(latest, own))
        )

    return meant


def _older(one: str, other: str) -> bool:
    try:
        return float(one) < float(other)
    except ValueError:
        return one < other


def _by_config(value: str, key: str, project: Project) -> _Meant:
    """A config's value, as text; true and false in any case."""
    read = _CONFIGS.get(key) or (_meta(key.removeprefix("meta.")) if key.startswith("meta.") else None)
    if read is None:
        known = ", ".join(f"config.{each}" for each in (*_CONFIGS, "meta.KEY"))
        raise UsageError(f"not a selector: config.{key}:{value}", hint=f"known are {known}")

    def meant(node: Node) -> bool:
        if not isinstance(node, Model | Source):
            return False
        said = read(node)
        return any(_is(each, value) for each in (said if isinstance(said, list | frozenset) else [said]))

    return meant


def _is(said: Any, value: str) -> bool:
    return said == value or (isinstance(said, bool) and str(said).casefold() == value.casefold())


def _meta(key: str) -> Callable[[Model | Source], Any]:
    return lambda node: lookup(node.meta, key)


def _of_model(read: Callable[[Model], Any]) -> Callable[[Model | Source], Any]:
    return lambda node: read(node) if isinstance(node, Model) else None


def _materialized(model: Model) -> str:
    return model.materialized or ("view" if model.resource_type == "model" else model.resource_type)


_CONFIGS: Mapping[str, Callable[[Model | Source], Any]] = {
    "materialized": _of_model(_materialized),
    "tags": lambda node: node.tags,
    "group": _of_model(lambda model: model.group),
    "access": _of_model(lambda model: model.access if model.resource_type == "model" else None),
    "contract.enforced": _of_model(lambda model: model.contract_enforced),
}

METHODS: Mapping[str, Callable[[str, str, Project], _Meant]] = {
    "fqn": _by_name,
    "tag": _by_tag,
    "path": _by_path,
    "file": _by_file,
    "package": _by_package,
    "source": _by_source,
    "exposure": _beside(Exposure),
    "semantic_model": _beside(SemanticModel),
    "unit_test": _beside(UnitTest),
    "group": _by_group,
    "access": _by_access,
    "resource_type": _by_resource_type,
    "version": _by_version,
    "config": _by_config,
}
