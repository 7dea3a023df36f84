"""What a project's files say of exposures, macros, semantic models and unit tests, as facts.

`dbt_source` reads the nodes; here is what stands beside them. Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from floe_engine.patterns import pattern
from floe_engine.project.dbt_yaml import Lined
from floe_engine.project.facts import Argument, Exposure, Macro, SemanticModel, UnitTest
from floe_engine.project.gathering import Gathering, PropertiesEntry
from floe_engine.project.jinja.calls import Named, Unreadable
from floe_engine.project.project_file import ProjectFile, merge_config
from floe_engine.project.properties import entries, mapping, own_config, text
from floe_engine.project.spelling import first_text, merged, tag_set, text_of

Parents: TypeAlias = Callable[[Iterable[Named]], tuple[str, ...]]
"""What references mean: unique_ids, each once."""

IsOn: TypeAlias = Callable[[Mapping[str, Any], str, int], bool]
"""Whether a config at a path and line enables what it belongs to."""

_COMMENT = pattern(r"\{#.*?(?:#\}|\Z)", re.DOTALL)
_BLOCK = pattern(
    r"\{%[-+]?\s*(?P<kind>macro|test|data_test|materialization)\s+(?P<name>\w+)(?P<rest>[^%]*)"
    r"|(?P<end>\{%[-+]?\s*end(?:macro|test|data_test|materialization)\s*[-+]?%\})"
)
_ADAPTER = pattern(r"adapter\s*=\s*['\"](\w+)['\"]")


def exposures(
    gathered: Gathering, settings: ProjectFile, is_on: IsOn, parents: Parents
) -> Iterator[Exposure]:
    """The project's exposures."""
    for described in gathered.described.get("exposures", ()):
        entry, file = described.entry, described.file
        fqn = (settings.name, *file.folders, entry["name"])
        config: dict[str, Any] = {}
        for own in (*settings.folder_configs("exposures", fqn), mapping(entry.get("config"))):
            config.update(own)  # nothing adds up here
        if not is_on(config, file.path, entry.line):
            continue
        tags = config.get("tags")
        if isinstance(tags, str):  # of an exposure alone, dbt takes the letters of a word for tags
            said = f"dbt takes each letter of {tags!r} for a tag of exposure {entry['name']}; write [{tags}]"
            gathered.warn_of(described, said)
            tags = list(tags)
        owner = mapping(entry.get("owner"))
        yield Exposure(
            f"exposure.{settings.name}.{entry['name']}",
            entry["name"],
            parents(_depends_on(gathered, described)),
            path=file.path,
            line=entry.line,
            description=text(entry.get("description")),
            type=text(entry.get("type")),
            label_text=text(entry.get("label")),
            maturity=text(entry.get("maturity")),
            url=text(entry.get("url")),
            owner_name=text_of(owner.get("name")) or "",
            owner_email=first_text(owner.get("email")),
            meta={**mapping(entry.get("meta")), **mapping(config.get("meta"))},
            tags=tag_set(entry.get("tags"), tags),
        )


def _depends_on(gathered: Gathering, described: PropertiesEntry) -> Iterator[Named]:
    listed = described.entry.get("depends_on")
    for item in listed if isinstance(listed, list) else ():
        try:
            yield gathered.templates.parent_of(str(item))
        except Unreadable:
            name = described.entry["name"]
            gathered.warn_of(described, f"{item!s:.80} of exposure {name} cannot be read")


def semantic_models(
    gathered: Gathering, settings: ProjectFile, is_on: IsOn, parents: Parents
) -> Iterator[SemanticModel]:
    """The project's semantic models."""
    for described in gathered.described.get("semantic_models", ()):
        entry, file = described.entry, described.file
        config = _config(described, settings, "semantic-models", entry["name"])
        if not is_on(config, file.path, entry.line):
            continue
        try:
            model = [gathered.templates.parent_of(str(entry.get("model")))]
        except Unreadable:
            message = f"model of semantic model {entry['name']} cannot be read without dbt"
            gathered.warn_of(described, message)
            model = []
        yield SemanticModel(
            f"semantic_model.{settings.name}.{entry['name']}",
            entry["name"],
            parents(model),
            path=file.path,
            line=entry.line,
            description=text(entry.get("description")),
            label_text=text(entry.get("label")),
            entities=_names(entry, "entities"),
            dimensions=_names(entry, "dimensions"),
            measures=_names(entry, "measures"),
            meta=mapping(config.get("meta")),
        )


def unit_tests(
    gathered: Gathering,
    settings: ProjectFile,
    is_on: IsOn,
    names: Mapping[str, Mapping[str | None, str]],
) -> Iterator[UnitTest]:
    """The project's unit tests, one for each version of a model that has versions.

    `names` has the unique_id of each version of a model by its name; under None, what its bare name means.
    """
    for described in gathered.described.get("unit_tests", ()):
        entry, model = described.entry, described.entry.get("model")
        config = _config(described, settings, "unit_tests", entry["name"])
        if not isinstance(model, str) or not is_on(config, described.file.path, entry.line):
            continue
        versions = names.get(model, {})
        for version, model_id in _tested(entry, versions):
            suffix = f"_v{version}" if version is not None else ""
            yield UnitTest(
                f"unit_test.{settings.name}.{model}.{entry['name']}{suffix}",
                entry["name"],
                (model_id,),
                path=described.file.path,
                line=entry.line,
                description=text(entry.get("description")),
                given=tuple(map(_fixture, given)) if isinstance(given := entry.get("given"), list) else (),
                expected_format=_fixture(entry.get("expect"))[1],
                meta=mapping(config.get("meta")),
                tags=tag_set(config.get("tags")),
            )


def _tested(entry: Lined, versions: Mapping[str | None, str]) -> Iterator[tuple[str | None, str]]:
    """The versions of a model that a unit test is for."""
    numbered = {version: model for version, model in versions.items() if version is not None}
    if not numbered:
        yield from versions.items()
        return
    wanted = mapping(entry.get("versions"))
    include, exclude = wanted.get("include"), wanted.get("exclude")
    for version, model in numbered.items():
        if isinstance(include, list):
            if version in map(str, include):
                yield version, model
        elif not (isinstance(exclude, list) and version in map(str, exclude)):
            yield version, model


def _fixture(given: Any) -> tuple[str, str]:
    return text(mapping(given).get("input")), text(mapping(given).get("format")) or "dict"


def macros(gathered: Gathering, settings: ProjectFile) -> Iterator[Macro]:
    """The project's macros, generic tests and materializations. Who calls them only dbt can tell."""
    described = {each.entry["name"]: each for each in gathered.described.get("macros", ())}
    for path, content in gathered.macro_texts():
        for name, code in macro_blocks(content):
            of = described.get(name)
            entry = of.entry if of else Lined()
            yield Macro(
                f"macro.{settings.name}.{name}",
                name,
                path=path,
                properties_path=of.file.path if of else None,
                line=entry.line if of else 0,
                description=text(entry.get("description")),
                arguments=tuple(
                    Argument(each["name"], text(each.get("type")), text(each.get("description")))
                    for each in entries(entry.get("arguments"))
                ),
                meta=merged(mapping(entry.get("meta")), mapping(mapping(entry.get("config")).get("meta"))),
                code=code,
            )


def macro_blocks(content: str) -> Iterator[tuple[str, str]]:
    """The name that dbt gives each block of a macro file, and the block's text."""
    plain = _COMMENT.sub(lambda match: " " * len(match[0]), content)
    opened: list[tuple[str, int]] = []
    for match in _BLOCK.finditer(plain):
        if match["end"]:
            name, start = opened.pop() if opened else ("", 0)
            if name and not opened:  # one inside another is the other's
                yield name, content[start : match.end()]
        else:
            opened.append((_named(match["kind"], match["name"], match["rest"]), match.start()))


def _named(kind: str, name: str, rest: str) -> str:
    if kind == "macro":
        return name
    if kind == "materialization":
        adapter = _ADAPTER.search(rest)
        return f"materialization_{name}_{adapter[1] if adapter else 'default'}"
    return f"test_{name}"


def _config(described: PropertiesEntry, settings: ProjectFile, section: str, name: str) -> dict[str, Any]:
    """What dbt_project.yml and the entry itself configure."""
    config = settings.folder_config(section, (settings.name, *described.file.folders, name))
    merge_config(config, own_config(described.entry))
    return config


def _names(entry: Lined, key: str) -> tuple[str, ...]:
    return tuple(each["name"] for each in entries(entry.get(key)))
