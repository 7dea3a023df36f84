"""What a dbt manifest says of exposures, macros, semantic models and unit tests, as facts.

`dbt_manifest` decodes and knows the nodes; here is what stands beside them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

import msgspec

from floe_engine.project.facts import Argument, Exposure, Macro, SemanticModel, UnitTest
from floe_engine.project.spelling import first_text, merged, tag_set

Lines: TypeAlias = "Callable[[str | None], Mapping[tuple[str, ...], int]]"
"""The lines declared in a properties file, by its path."""


class Config(msgspec.Struct, gc=False):
    """What these resources are configured with."""

    meta: dict[str, Any] | None = None
    tags: Any = None


class DependsOn(msgspec.Struct, gc=False):
    """What a resource is made from."""

    nodes: list[str] | None = None
    macros: list[str] | None = None


class Owner(msgspec.Struct, gc=False):
    """Who answers for a group or an exposure."""

    name: str | None = None
    email: Any = None


class _Named(msgspec.Struct, gc=False):
    name: str = ""


class _Resource(msgspec.Struct, gc=False):
    name: str = ""
    package_name: str = ""
    original_file_path: str = ""
    description: str | None = None
    depends_on: DependsOn | None = None
    meta: dict[str, Any] | None = None
    tags: Any = None
    config: Config | None = None
    label: str | None = None


class RawExposure(_Resource, gc=False):
    """An exposure as dbt writes it."""

    type: str | None = None
    maturity: str | None = None
    url: str | None = None
    owner: Owner | None = None


class _RawArgument(msgspec.Struct, gc=False):
    name: str = ""
    type: str | None = None
    description: str | None = None


class RawMacro(_Resource, gc=False):
    """A macro as dbt writes it."""

    macro_sql: str | None = None
    patch_path: str | None = None
    arguments: list[_RawArgument] | None = None


class RawSemanticModel(_Resource, gc=False):
    """A semantic model as dbt writes it."""

    entities: list[_Named] | None = None
    dimensions: list[_Named] | None = None
    measures: list[_Named] | None = None


class _Fixture(msgspec.Struct, gc=False):
    input: str = ""
    format: str | None = None


class RawUnitTest(_Resource, gc=False):
    """A unit test as dbt writes it."""

    given: list[_Fixture] | None = None
    expect: _Fixture | None = None


def nodes_of(depends_on: DependsOn | None) -> tuple[str, ...]:
    """The nodes that something is made from, each once."""
    return tuple(dict.fromkeys(depends_on.nodes or ())) if depends_on else ()


def posix(path: str) -> str:
    """A path of a manifest as the project has it; dbt writes ``./`` for ``model-paths: ["."]``."""
    return path.replace("\\", "/").removeprefix("./")


def patched(path: str | None) -> str | None:
    """The properties file that a ``patch_path`` names: ``shop://models/gold.yml``."""
    return posix(path.rpartition("://")[2]) if path else None


def owner_email(owner: Owner | None) -> str:
    """The owner's address, the first of several; empty where there is none."""
    return first_text(owner.email) if owner is not None else ""


def exposures(found: Mapping[str, RawExposure], package: str, lines: Lines) -> Iterator[Exposure]:
    """The exposures of a package."""
    for unique_id, raw in _own(found, package):
        path = posix(raw.original_file_path)
        yield Exposure(
            unique_id,
            raw.name,
            nodes_of(raw.depends_on),
            path=path,
            line=lines(path).get(("exposures", raw.name), 0),
            description=raw.description or "",
            type=raw.type or "",
            label_text=raw.label or "",
            maturity=raw.maturity or "",
            url=raw.url or "",
            owner_name=(raw.owner.name if raw.owner else None) or "",
            owner_email=owner_email(raw.owner),
            meta=_meta(raw),
            tags=_tags(raw),
        )


def macros(
    found: Mapping[str, RawMacro], package: str, lines: Lines, callers: Iterable[tuple[str, DependsOn | None]]
) -> Iterator[Macro]:
    """The macros of a package; `callers` are all nodes and macros, with what they call."""
    own = dict(_own(found, package))
    used: dict[str, list[str]] = {unique_id: [] for unique_id in own}
    if not own:
        return
    for caller, depends_on in callers:
        for called in (depends_on.macros or ()) if depends_on else ():
            if called in used and called != caller:
                used[called].append(caller)
    for unique_id, raw in own.items():
        properties = patched(raw.patch_path)
        yield Macro(
            unique_id,
            raw.name,
            path=posix(raw.original_file_path),
            properties_path=properties,
            line=lines(properties).get(("macros", raw.name), 0),
            description=raw.description or "",
            arguments=tuple(
                Argument(each.name, each.type or "", each.description or "") for each in raw.arguments or ()
            ),
            meta=_meta(raw),
            code=raw.macro_sql or "",
            used_by=tuple(sorted(set(used[unique_id]))),
        )


def semantic_models(
    found: Mapping[str, RawSemanticModel], package: str, lines: Lines
) -> Iterator[SemanticModel]:
    """The semantic models of a package."""
    for unique_id, raw in _own(found, package):
        path = posix(raw.original_file_path)
        yield SemanticModel(
            unique_id,
            raw.name,
            nodes_of(raw.depends_on),
            path=path,
            line=lines(path).get(("semantic_models", raw.name), 0),
            description=raw.description or "",
            label_text=raw.label or "",
            entities=_names(raw.entities),
            dimensions=_names(raw.dimensions),
            measures=_names(raw.measures),
            meta=_meta(raw),
        )


def unit_tests(found: Mapping[str, RawUnitTest], package: str, lines: Lines) -> Iterator[UnitTest]:
    """The unit tests of a package."""
    for unique_id, raw in _own(found, package):
        path = posix(raw.original_file_path)
        yield UnitTest(
            unique_id,
            raw.name,
            nodes_of(raw.depends_on),
            path=path,
            line=lines(path).get(("unit_tests", raw.name), 0),
            description=raw.description or "",
            given=tuple((each.input, each.format or "dict") for each in raw.given or ()),
            expected_format=(raw.expect.format if raw.expect else None) or "dict",
            meta=_meta(raw),
            tags=_tags(raw),
        )


_T = TypeVar("_T", bound=_Resource)


def _own(found: Mapping[str, _T], package: str) -> list[tuple[str, _T]]:
    return [(unique_id, raw) for unique_id, raw in sorted(found.items()) if raw.package_name == package]


def _meta(raw: _Resource) -> Mapping[str, Any]:
    return merged(raw.meta, raw.config.meta if raw.config else None)


def _tags(raw: _Resource) -> frozenset[str]:
    return tag_set(raw.tags, raw.config.tags if raw.config else None)


def _names(listed: list[_Named] | None) -> tuple[str, ...]:
    return tuple(each.name for each in listed or ())
