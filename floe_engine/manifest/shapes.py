"""What pydantic found, said to the person who wrote the file: place, message, hint and fix.

One function a kind of pydantic error. What was expected comes from the schema (`reference`),
because pydantic's own words know Python's types, not YAML's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from floe_engine.acts import Act
from floe_engine.document import edit
from floe_engine.document.diagnostics import Diagnostic, Fix, TextEdit
from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.base import Section
from floe_engine.manifest.draft import Written, names
from floe_engine.manifest.elsewhere import MOVED, RUNTIME
from floe_engine.manifest.reference import Shape, key_at, keys, lookup, shape_at, walk
from floe_engine.manifest.root import Manifest
from floe_engine.text import did_you_mean, plural

ENVIRONMENTS = frozenset(
    (
        *("env", "envs", "environment", "environments", "dev", "development", "test", "testing"),
        *("stage", "staging", "preprod", "prod", "production", "qa", "uat"),
    )
)
"""Keys that would make a manifest mean different things in different places."""

MOST_UNKNOWN = 100
"""Unknown keys that are told one by one; whoever has more of them has another file before him."""

_NUMBER = re.compile(r"[0-9]{1,18}")

_TRUTHS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_OTHER_KINDS = {
    "DataProduct": f"a data team's floe.yaml; {Act.COMPILE} reads it",
    "FloeSpec": f"a data team's floe.yaml; {Act.COMPILE} reads it",
    "Manifest": f"a platform team's manifest.yaml; {Act.CHECK} reads it",
    "PolicyTest": "a policy test; list it in `policy_tests`",
    "PlatformArtifact": f"a compiled artifact's manifest.json; {Act.INSPECT} reads it",
}


def diagnose(draft: Written, errors: Iterable[Mapping[str, Any]]) -> Iterator[Diagnostic]:
    """Diagnostics for the errors of `ValidationError.errors()`."""
    unknown = 0
    first: KeyPath = ()
    for error in errors:
        path: KeyPath = tuple(error["loc"])
        kind = error["type"]
        if path and path[-1] == "[key]":
            yield _name(draft, path[:-1])
        elif kind == "missing":
            yield _missing(draft, path)
        elif kind == "extra_forbidden":
            unknown += 1
            if unknown <= MOST_UNKNOWN:
                yield _unknown(draft, path)
            elif unknown == MOST_UNKNOWN + 1:
                first = path
        elif kind == "literal_error":
            yield _choice(draft, path, error["input"])
        elif path and path[-1] == "version" and kind in ("string_type", "string_pattern_mismatch"):
            yield _version(draft, path, error["input"])
        elif kind == "string_type":
            yield _not_text(draft, path, error["input"])
        elif kind == "bool_type":
            yield _not_switch(draft, path, error["input"])
        elif kind in ("greater_than_equal", "less_than_equal"):
            yield _range(draft, path, error["input"])
        elif kind in ("string_pattern_mismatch", "string_too_short", "string_too_long", "value_error"):
            yield _malformed(draft, path, error)
        elif kind == "too_short":
            yield draft.report("FLOE-M006", path, f"{dotted(path)} is empty; expected at least one entry")
        else:
            yield _wrong_type(draft, path, error["input"])
    if unknown > MOST_UNKNOWN:
        more = plural(unknown - MOST_UNKNOWN, "more unknown key")
        hint = f"is it another tool's file? {Act.SCHEMA:manifest} says which keys there are"
        yield draft.report("FLOE-M001", first, f"{more}, from here on", hint=hint, key=True)


def dotted(path: KeyPath) -> str:
    """A path as people write it: `` `governance.waivers[0].reason` ``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"`{text}`" if text else "the file"


def written(draft: Written, path: KeyPath) -> str:
    """The scalar at a path as its text was before it became a value, such as ``1.10``."""
    node = draft.document.find(path)
    return node.raw if node else ""


def _missing(draft: Written, path: KeyPath) -> Diagnostic:
    key = key_at(path, draft.root)
    parent = path[:-1]
    expected = f": {key.shape.text}" if key else ""
    return draft.report(
        "FLOE-M002",
        path,
        f"{dotted(parent)} lacks `{path[-1]}`{expected}",
        hint=key.meaning if key else "",
    )


def _unknown(draft: Written, path: KeyPath) -> Diagnostic:
    name, parent = str(path[-1]), path[:-1]
    shape = shape_at(parent, draft.root)
    section: type[Section] = shape.section if shape and shape.section else draft.root
    where = f"in {dotted(parent)}" if parent else "at the top level"
    if name in ENVIRONMENTS:
        return environment(draft, path)
    spelled = lookup(section, name)
    if spelled:
        return draft.report(
            "FLOE-M015",
            path,
            f"`{name}` is another spelling of `{spelled.name}`, which is there too",
            hint="keep one of the two",
            key=True,
        )
    known = keys(section)
    present = draft.mapping(*parent)
    guess = None if name in MOVED else did_you_mean(name, known)
    homes = [
        home
        for home, key in walk(draft.root)
        if key.name == name and "[]" not in home and "<name>" not in home
    ]
    homes = [MOVED[name]] if name in MOVED else homes
    said, fixes = "", list[Fix]()
    if name in RUNTIME:
        said = f": {RUNTIME[name]} is no part of what floe publishes"
        hint = "leave it out here; it belongs into the configuration of what runs the projects"
    elif guess and guess not in present:
        said, hint = f"; did you mean `{guess}`?", known[guess].meaning
        fixes = [draft.rename(path, guess)]
    elif len(homes) == 1:
        home = ".".join(homes[0])
        said, hint = f"; it belongs at `{home}`", f"move it to `{home}`"
        fixes = _move(draft, path, homes[0])
    else:
        free = [key for key in known if key not in present]
        hint = f"known keys: {names(dict.fromkeys(free))}" if free else "every known key is already there"
    message = f"unknown key `{name}` {where}{said}"
    return draft.report("FLOE-M001", path, message, hint=hint, key=True, fixes=fixes)


def environment(draft: Written, path: KeyPath) -> Diagnostic:
    """A key that would split the platform by environment."""
    return draft.report(
        "FLOE-M014",
        path,
        f"`{path[-1]}` makes the platform differ by environment, which a manifest cannot",
        hint="one artifact is promoted through all environments; "
        "put what differs into `${NAME}` or into the environment's own configuration",
        key=True,
    )


def _move(draft: Written, path: KeyPath, home: tuple[str, ...]) -> list[Fix]:
    """Move a key with a one-line value to its home, in the nearest section that is already there."""
    value: Any = draft.get(*path)
    if isinstance(value, dict | list) or draft.get(*home) is not None:
        return []
    depth = next(n for n in range(len(home) - 1, -1, -1) if n == 0 or draft.document.find(home[:n]))
    section, name = home[:depth], home[depth]
    if section and not isinstance(draft.get(*section), dict):
        return []
    for part in reversed(home[depth + 1 :]):
        value = {part: value}
    others = [key for key in draft.mapping(*section) if (*section, key) != path]
    if others:
        taken = edit.remove(draft.document, path)
        put = edit.insert_key(draft.document, section, name, value, after=others[-1])
        edits = _in_place(taken, put, draft.document.newline) or (*taken, *put)
    else:
        edits = edit.set_value(draft.document, section, {name: value})
    return [Fix(f"Move to `{'.'.join(home)}`", edits)]


def _in_place(taken: tuple[TextEdit, ...], put: tuple[TextEdit, ...], newline: str) -> tuple[TextEdit, ...]:
    """Edits that do not overlap, where the new place is the end of the line that goes; empty elsewhere."""
    if len(put) != 1:
        return ()
    there, text = put[0].span.start, put[0].new_text.removeprefix(newline) + newline
    goes = next((edit for edit in taken if edit.new_text == "" and there in edit.span), None)
    return tuple(TextEdit(edit.span, text) if edit is goes else edit for edit in taken) if goes else ()


def _choice(draft: Written, path: KeyPath, given: Any) -> Diagnostic:
    shape = shape_at(path, draft.root) or Shape("")
    choices = shape.choices
    listed = " or ".join(filter(None, [", ".join(f"`{c}`" for c in choices[:-1]), f"`{choices[-1]}`"]))
    hint = ""
    if path == ("kind",) and isinstance(given, str) and given in _OTHER_KINDS:
        hint = f"this file is {_OTHER_KINDS[given]}"
    word = given if isinstance(given, str) else written(draft, path)
    guess = did_you_mean(word, choices) if word else None
    if isinstance(given, bool) and {"off", "strict"} <= set(choices):
        guess = "strict" if given else "off"
    if guess is None and len(choices) == 1 and not hint:
        guess = choices[0]
    return draft.report(
        "FLOE-M004",
        path,
        f"{dotted(path)} is {_said(draft, path, given)}; expected {listed}",
        hint=hint or (f"did you mean `{guess}`?" if guess and len(choices) > 1 else ""),
        fixes=[draft.replace(path, guess)] if guess and not isinstance(given, dict | list) else (),
    )


def _version(draft: Written, path: KeyPath, given: Any) -> Diagnostic:
    raw = written(draft, path)
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return _wrong_type(draft, path, given)
    if not isinstance(given, str):
        became = f" and would become {given}" if raw != str(given) else ""
        whole = ".".join([*raw.split("."), "0", "0"][:3])
        plain = re.fullmatch(r"\d+(\.\d+)?", raw) is not None
        return draft.report(
            "FLOE-M010",
            path,
            f"version {raw} is a number here{became}; quote it, with three parts",
            hint=f'write "{whole}"' if plain else 'write a version such as "1.2.3" in quotes',
            fixes=[draft.quote(path, whole)] if plain else (),
        )
    if re.fullmatch(r"[vV]\d.*", given):
        bare = given[1:]
        return draft.report(
            "FLOE-M011",
            path,
            f"version `{given}` begins with `{given[0]}`, which belongs to the tag only",
            hint=f'write "{bare}"'
            + (
                "; it is published as the tag with `v`"
                if path[0] == "metadata" and draft.root is Manifest
                else ""
            ),
            fixes=[draft.quote(path, bare)],
        )
    fixes = []
    hint = "write three numbers and perhaps a prerelease, such as 1.2.3 or 1.2.3-rc.1"
    short = re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))?", given)
    if "+" in given:
        hint = "leave out the build metadata behind `+`: a registry's tag cannot hold it"
        fixes = [draft.quote(path, given.split("+")[0])]
    elif short:
        fixes = [draft.quote(path, ".".join([*given.split("."), "0", "0"][:3]))]
    return draft.report("FLOE-M012", path, f"`{given}` is not a version X.Y.Z", hint=hint, fixes=fixes)


def _not_text(draft: Written, path: KeyPath, given: Any) -> Diagnostic:
    if given is None or isinstance(given, dict | list):
        return _wrong_type(draft, path, given)
    raw = written(draft, path)
    kind = "a switch" if isinstance(given, bool) else "a number"
    return draft.report(
        "FLOE-M009",
        path,
        f"{dotted(path)} is {kind}, {raw}; expected text",
        hint="quote it",
        fixes=[draft.quote(path, raw, title="Quote it")],
    )


def _not_switch(draft: Written, path: KeyPath, given: Any) -> Diagnostic:
    word = given.lower() if isinstance(given, str) else str(given)
    meant = _TRUTHS.get(word) or (word if word in ("true", "false") else None)
    if meant is None:
        return _wrong_type(draft, path, given)
    return draft.report(
        "FLOE-M008",
        path,
        f"{dotted(path)} is the text {_said(draft, path, given)}; expected `true` or `false`",
        hint=f"write {meant}; in YAML 1.2 only true and false are switches",
        fixes=[draft.replace(path, meant == "true")],
    )


def _range(draft: Written, path: KeyPath, given: Any) -> Diagnostic:
    shape = shape_at(path, draft.root) or Shape("")
    bounds = [int(number) for number in re.findall(r"\d+", shape.text)]
    fixes = []
    if len(bounds) == 2 and isinstance(given, int):
        fixes = [draft.replace(path, min(max(given, bounds[0]), bounds[1]))]
    return draft.report("FLOE-M005", path, f"{dotted(path)} is {given}; expected a {shape.text}", fixes=fixes)


def _malformed(draft: Written, path: KeyPath, error: Mapping[str, Any]) -> Diagnostic:
    given = error["input"]
    words = [part for part in path if isinstance(part, str)]
    form = draft.forms.get(words[-1] if words else "", draft.forms[""])
    if words[:2] == ["catalog", "namespaces"] and words[-1] == "name":
        form = draft.forms["namespaces"]
    if error["type"] == "string_too_short":
        return draft.report("FLOE-M006", path, f"{dotted(path)} is empty; expected text")
    said = (
        f"{len(given)} characters long" if error["type"] == "string_too_long" else _said(draft, path, given)
    )
    snake = re.sub(r"[^a-z0-9]+", "-" if path == ("metadata", "name") else "_", str(given).lower()).strip(
        "-_"
    )
    able = form.startswith("lower") and re.match(r"[a-z]", snake) and snake != given
    return draft.report(
        "FLOE-M006",
        path,
        f"{dotted(path)} is {said}; expected {form}",
        fixes=[draft.replace(path, snake)] if able else (),
    )


def _name(draft: Written, path: KeyPath) -> Diagnostic:
    name = str(path[-1])
    if (holder := shape_at(path[:-1], draft.root)) is not None and holder.names:
        guess = did_you_mean(name, holder.names)
        return draft.report(
            "FLOE-M004",
            path,
            f"`{name}` is nothing that {dotted(path[:-1])} can be about; "
            f"expected {', '.join(f'`{each}`' for each in holder.names)}",
            hint=f"did you mean `{guess}`?" if guess else "",
            key=True,
            fixes=[draft.rename(path, guess)] if guess and guess not in draft.mapping(*path[:-1]) else (),
        )
    snake = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    able = re.fullmatch(r"[a-z][a-z0-9_]{0,62}", snake) and snake not in draft.mapping(*path[:-1])
    return draft.report(
        "FLOE-M006",
        path,
        f"`{name}` in {dotted(path[:-1])} is not a name; expected lower snake case, such as data_engineer",
        key=True,
        fixes=[draft.rename(path, snake)] if able else (),
    )


def _wrong_type(draft: Written, path: KeyPath, given: Any) -> Diagnostic:
    shape = shape_at(path, draft.root) or Shape("something else")
    fixes: list[Fix] = []
    hint = ""
    if isinstance(given, str) and shape.items and not shape.items.section:
        fixes = [draft.replace(path, [given], title="Make it a list")]
    elif len(path) == 2 and path[0] == "plugins" and isinstance(given, str):
        fixes = [draft.replace(path, {"type": given})]
    elif (
        isinstance(given, str) and shape.text.startswith("whole number") and _NUMBER.fullmatch(given.strip())
    ):
        fixes = [draft.replace(path, int(given), title="Remove the quotes")]
    elif given is None and (shape.section or shape.values):
        hint = "indent its keys below it, or remove it"
    return draft.report(
        "FLOE-M003",
        path,
        f"{dotted(path)} is {_said(draft, path, given)}; expected {_with_article(shape.text)}",
        hint=hint,
        key=given is None and bool(path),
        fixes=fixes,
    )


def _with_article(text: str) -> str:
    return text if text.startswith(("`", "text", "any")) else f"a {text}"


def _said(draft: Written, path: KeyPath, given: Any) -> str:
    """What stands there, for a message; long and nested values only by their kind."""
    if given is None:
        return "empty"
    if isinstance(given, dict):
        return "a mapping"
    if isinstance(given, list | tuple):
        return "a list"
    if isinstance(given, bool):
        return "true" if given else "false"
    text = given if isinstance(given, str) else written(draft, path)
    text = text if len(text) <= 60 else f"{text[:59]}…"
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return f"`{shown}`" if isinstance(given, str) else shown
