"""What a ``.pre-commit-config.yaml`` asks of dbt-checkpoint."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from floe_engine.document.nodes import Node
from floe_engine.patterns import pattern
from floe_engine.peers.carrying import ConfiguredCheck, NotCarried
from floe_engine.peers.checkpoint import CHECKS

_REPOSITORY = pattern(r"(?:^|/)(?:dbt-checkpoint|pre-commit-dbt)(?:\.git)?/?$")
_HOOKS = {check.name: check for check in CHECKS}
_ROOTED = pattern(r"\^\(?([\w.-]+)\\?/")
_ENDINGS = pattern(r"(?:\.\*)?(?:\\\.(?:\([a-z|?]+\)|[a-z?]+)\$?)?")
_FOLDERS = frozenset({"models", "seeds", "data", "snapshots", "macros", "tests", "analyses", "analysis"})
_OF_THE_RUN = frozenset(
    {"manifest", "catalog", "config", "is_test", "project_dir", "discover_files", "include_disabled"}
)
"""Options that say what is read, not what is asked."""


def is_one(values: Mapping[str, Any]) -> bool:
    """Whether a file is a configuration of pre-commit with such hooks."""
    return any(True for _ in _hooks(values))


def _hooks(values: Mapping[str, Any]) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """The hooks of dbt-checkpoint, each with its number and its repository's."""
    repositories = values.get("repos")
    for number, repository in enumerate(repositories if isinstance(repositories, list) else ()):
        if not isinstance(repository, dict):
            continue
        ours = _REPOSITORY.search(str(repository.get("repo")).strip()) is not None
        hooks = repository.get("hooks")
        for place, hook in enumerate(hooks if isinstance(hooks, list) else ()):
            if isinstance(hook, dict) and (ours or _known(hook)):
                yield number, place, hook


def _known(hook: Mapping[str, Any]) -> bool:
    """Whether a hook of another repository, such as ``local``, runs one of dbt-checkpoint."""
    return isinstance(hook.get("entry"), str) and hook["entry"] in _HOOKS


def wanted(values: Mapping[str, Any], root: Node | None) -> Iterator[ConfiguredCheck]:
    """The checks that a configuration asks for."""
    for number, place, hook in _hooks(values):
        line = _line(root, number, place)
        name = str(hook.get("entry") if _known(hook) else hook.get("id"))
        try:
            yield _wanted(values, name, hook, line)
        except NotCarried as error:
            yield ConfiguredCheck(name, line=line, why=str(error))


def _line(root: Node | None, number: int, place: int) -> int:
    if root is None:
        return 0
    hooks = root.children["repos"].items[number].children["hooks"]
    return hooks.items[place].line + 1 if place < len(hooks.items) else hooks.line + 1


def _wanted(values: Mapping[str, Any], name: str, hook: Mapping[str, Any], line: int) -> ConfiguredCheck:
    check = _HOOKS.get(name)
    if check is None or check.why:
        return ConfiguredCheck(name, line=line)
    options = _options(hook.get("args"), {each.name for each in check.takes} | _OF_THE_RUN | {"exclude"})
    within = _project(options.get("manifest", []))
    include = [*_patterns(values, "files"), *_patterns(hook, "files")]
    if len(include) > 1:
        raise NotCarried("`files` stands at the top of the file too; say it once")
    exclude = [*_patterns(values, "exclude"), *_patterns(hook, "exclude"), *options.pop("exclude", [])]
    kinds = {each.name: each.kind for each in check.takes}  # what it does not take stays, to be told
    return ConfiguredCheck(
        name,
        {key: _value(key, kinds.get(key, ""), options[key]) for key in options if key not in _OF_THE_RUN},
        tuple(_within(each, within) for each in include if not _any_file(each)),
        tuple(_within(each, within) for each in exclude),
        description=hook["description"] if isinstance(hook.get("description"), str) else "",
        searched=True,
        line=line,
    )


def _options(args: Any, known: Collection[str]) -> dict[str, list[str]]:
    """``--name value value`` and ``--name=value``, up to ``--``; names with underscores, and whole:
    argparse, which the hooks use, takes as much of an option as tells it from the others."""
    if args is None:
        return {}
    if not isinstance(args, list) or not all(isinstance(each, str | int | float) for each in args):
        raise NotCarried("`args` is no list of words")
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for word in map(str, args):
        if word == "--":
            break
        if word.startswith("--"):
            short, has_value, value = word[2:].partition("=")
            short = short.replace("-", "_")
            meant = [short] if short in known else [name for name in known if name.startswith(short)]
            if len(meant) > 1:
                raise NotCarried(f"--{short} may mean {' or '.join(sorted(meant))}")
            current = found.setdefault(meant[0] if meant else short, [])
            if has_value:
                current.append(value)
        elif current is None:
            raise NotCarried(f"{word} in `args` belongs to no option")
        else:
            current.append(word)
    return found


def _value(name: str, kind: str, words: list[str]) -> Any:
    if kind == "flag":
        return not words or words[-1].lower() == "true"
    if not words:
        raise NotCarried(f"{name} has no value")
    if kind == "texts":
        return words
    try:
        if kind == "number":
            return int(words[-1])
        if kind == "counts":
            pairs = [word.partition("=") for word in words]
            return {key.strip(): int(value) for key, _, value in pairs}
    except ValueError:
        raise NotCarried(f"{name} cannot be {' '.join(words)[:80]}") from None
    return words[-1]


def _patterns(holder: Mapping[str, Any], key: str) -> list[str]:
    value = holder.get(key)
    if value is None or value == "" or value == "^$":  # what pre-commit means where nothing is said
        return []
    if not isinstance(value, str):
        raise NotCarried(f"`{key}` is no regular expression")
    return [value.strip()]


def _any_file(text: str) -> bool:
    """Whether a pattern is about the endings of files alone: a model is found by either of its files."""
    return text in (
        r"\.sql$",
        r"\.ya?ml$",
        r"\.yml$",
        r"\.yaml$",
        r"\.(sql|yml)$",
        r"\.(sql|yml|yaml)$",
        ".*",
    )


def _project(manifests: list[str]) -> str:
    """The dbt project's folder in the repository, where the manifest's path tells it."""
    path = posixpath.normpath(manifests[-1]) if manifests else ""
    return (
        path.removesuffix("target/manifest.json").strip("/") if path.endswith("target/manifest.json") else ""
    )


def _within(text: str, project: str) -> str:
    """A pattern on paths of the repository as one on the dbt project's own."""
    if project and text.startswith(f"^{project}/"):
        return "^" + text[len(project) + 2 :]
    rooted = _ROOTED.match(text)
    if rooted is not None and rooted[1] not in _FOLDERS:
        raise NotCarried(
            f"{text[:80]} is a path of the repository; say it as one of the dbt project, such as ^models/"
        )
    return text
