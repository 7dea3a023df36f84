"""What differs between two artifacts, as changes that each name one thing.

Structural: what has an identity is compared by it, never by its place in a list; order is a
change only where order means something; a file or branch that is equal is never entered. What a
change costs is judged in `rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from floe_engine.artifact.content import Artifact
from floe_engine.artifact.paths import FILES, LAYER_CONSTRAINTS, MANIFEST
from floe_engine.artifact.shape import (
    Grants,
    Items,
    Leaf,
    Names,
    Open,
    Path,
    Pattern,
    Record,
    Shape,
    Table,
    matches,
    shapes,
)
from floe_engine.manifest.terms import CAPABILITIES, capabilities
from floe_engine.upgrade.change import Change, ChangeKind
from floe_engine.upgrade.folding import fold

UNKEYED_LIMIT = 2_000
"""Values in lists without identity that are worth aligning; larger ones are one change."""


NO_IMPACT: Mapping[Pattern, str] = {
    (MANIFEST, "kind"): "a constant of the format",
    (MANIFEST, "metadata", "version"): "the number being judged",
    (MANIFEST, "metadata", "created"): "when it was built, not what it says",
    (MANIFEST, "metadata", "digest"): "follows from the other files",
    (MANIFEST, "files", "**"): "follows from the other files",
    (MANIFEST, "settings", "**"): "repeats, in the manifest's own words, what the other files say",
    (MANIFEST, "pluginDetails", "*", "type"): "repeats plugins, where a swap is judged",
    (MANIFEST, "pluginDetails", "*", "configDigest"): "follows from the plugin's config",
    (MANIFEST, "parent", "version"): "what it brought is in these files; the digest tells builds apart",
    (LAYER_CONSTRAINTS, "_meta", "order", "*"): "repeats which layers there are",
    (LAYER_CONSTRAINTS, "_meta", "kind"): "a constant of the format",
    (LAYER_CONSTRAINTS, "_meta", "platform", "**"): "repeats manifest.json metadata",
    **{(file, "kind"): "a constant of the format" for file in FILES[1:-1]},
    **{(file, "platform", "**"): "repeats manifest.json metadata" for file in FILES[1:-1]},
}
"""Places whose changes are not changes of the platform, each with the reason."""


def diff(old: Artifact, new: Artifact) -> tuple[Change, ...]:
    """Every change from `old` to `new`, in the order of the files.

    Costs nothing for files with equal bytes. Raises `IntegrityError` where a file is no JSON object.
    """
    found: list[Change] = []
    for file in (*FILES, *sorted((old.files.keys() | new.files.keys()) - set(FILES))):
        if old.files.get(file) == new.files.get(file):
            continue
        if file not in old.files:
            found.append(Change("added", (file,)))
        elif file not in new.files:
            found.append(Change("removed", (file,)))
        else:
            shape = shapes().get(file, Open())
            _walk(shape, old.documents[file], new.documents[file], (file,), found.append)
    return fold([change for change in found if not _without_impact(change.path)])


Emit = Callable[[Change], None]


def _without_impact(path: Path) -> bool:
    return any(matches(pattern, path) for pattern in NO_IMPACT if pattern[0] == path[0])


def _walk(shape: Shape, old: Any, new: Any, path: Path, emit: Emit) -> None:
    """Report what differs at `path` and below; values that are equal end it at once."""
    if old == new and not (_untyped(shape) and repr(old) != repr(new)):
        return
    if isinstance(shape, Leaf) and shape.unset is not None and (old or shape.unset) == (new or shape.unset):
        return
    if old is None or new is None:
        emit(
            Change("changed" if new is None is old else "added" if old is None else "removed", path, old, new)
        )
        return
    match shape:
        case Record() if isinstance(old, dict) and isinstance(new, dict):
            _record(shape, old, new, path, emit)
        case Table() if isinstance(old, dict) and isinstance(new, dict):
            _table(shape, old, new, path, emit)
        case Items() if _records(old) and _records(new):
            _items(shape, old, new, path, emit)
        case Names() if _scalars(old) and _scalars(new):
            _names(old, new, path, emit, ordered=shape.ordered)
        case Grants() if _records(old) and _records(new):
            _grants(old, new, path, emit)
        case Leaf():
            emit(Change("changed", path, old, new))
        case _:
            _open(old, new, path, emit)


def _untyped(shape: Shape) -> bool:
    """Whether Python's equality is too lenient here: true equals 1, and no type settles which it is."""
    return isinstance(shape, Open) or (isinstance(shape, Table) and isinstance(shape.value, Open))


def _record(
    shape: Record,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    path: Path,
    emit: Emit,
    ignored: frozenset[str] = frozenset(),
) -> None:
    before, after = _by_key(shape, old), _by_key(shape, new)
    for key, inner in shape.fields.items():
        if key not in ignored:
            default = shape.defaults[key]
            _walk(inner, before.get(key, default), after.get(key, default), (*path, key), emit)
    for key in sorted((before.keys() | after.keys()) - shape.fields.keys()):
        _walk(Open(), before.get(key), after.get(key), (*path, key), emit)


def _by_key(shape: Record, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object with the keys that floe writes, where another tool wrote the Python names."""
    if value.keys() <= shape.fields.keys():
        return value
    return {shape.names.get(key, key): inner for key, inner in value.items()}


def _table(shape: Table, old: Mapping[str, Any], new: Mapping[str, Any], path: Path, emit: Emit) -> None:
    for key, inner in shape.reserved.items():
        _walk(inner, old.get(key, {}), new.get(key, {}), (*path, key), emit)
    names = [key for key in (*old, *(k for k in new if k not in old)) if key not in shape.reserved]
    if shape.renames:
        renamed = _renames(
            {k: _anonymous(old[k], k) for k in old if k not in new and k not in shape.reserved},
            {k: _anonymous(new[k], k) for k in new if k not in old and k not in shape.reserved},
        )
        for before, after in renamed.items():
            emit(Change("renamed", (*path, before), before, after))
        gone = renamed.keys() | set(renamed.values())
        names = [key for key in names if key not in gone]
    for key in names:
        _walk(shape.value, old.get(key, shape.absent), new.get(key, shape.absent), (*path, key), emit)


def _items(
    shape: Items, old: list[Mapping[str, Any]], new: list[Mapping[str, Any]], path: Path, emit: Emit
) -> None:
    before, after = _keyed(shape.identity, old), _keyed(shape.identity, new)
    gone: set[str] = set()
    if shape.renames:
        renamed = _renames(
            {key: _content(shape, item) for key, item in before.items() if key not in after},
            {key: _content(shape, item) for key, item in after.items() if key not in before},
        )
        for one, other in renamed.items():
            emit(Change("renamed", (*path, one), one, other))
        gone = renamed.keys() | set(renamed.values())
    for key in (*before, *(k for k in after if k not in before)):
        if key in gone:
            continue
        if key in before and key in after:
            if before[key] != after[key]:
                _record(shape.value, before[key], after[key], (*path, key), emit, shape.ignored)
        else:
            _walk(Leaf(), before.get(key), after.get(key), (*path, key), emit)


def _content(shape: Items, item: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in item.items() if key not in shape.ignored}


def _keyed(
    identity: Callable[[Mapping[str, Any]], str], items: list[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """Items by identity; a second one of the same identity gets a number after it."""
    keyed: dict[str, Mapping[str, Any]] = {}
    for item in items:
        key = name = identity(item)
        count = 1
        while key in keyed:
            count += 1
            key = f"{name} #{count}"
        keyed[key] = item
    return keyed


def _renames(removed: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, str]:
    """Old name to new, where exactly one entry went and one came with the same, telling content."""
    if not removed or not added:
        return {}
    sources: dict[str, list[str]] = {}
    targets: dict[str, list[str]] = {}
    for entries, found in ((removed, sources), (added, targets)):
        for name, content in entries.items():
            if isinstance(content, dict) and any(content.values()):
                found.setdefault(repr(sorted(content.items())), []).append(name)
    return {
        names[0]: targets[content][0]
        for content, names in sources.items()
        if len(names) == 1 and len(targets.get(content, ())) == 1
    }


def _anonymous(value: Any, name: str) -> Any:
    """A value in which mentions of its own name do not count: a layer may depend on itself."""
    if isinstance(value, dict):
        return {key: _anonymous(inner, name) for key, inner in value.items()}
    if isinstance(value, list):
        return [_anonymous(inner, name) for inner in value]
    return ("itself",) if value == name else value


def _names(old: list[Any], new: list[Any], path: Path, emit: Emit, *, ordered: bool) -> None:
    before, after = dict.fromkeys(old), dict.fromkeys(new)
    for name in before:
        if name not in after:
            emit(Change("removed", (*path, str(name)), name, None))
    for name in after:
        if name not in before:
            emit(Change("added", (*path, str(name)), None, name))
    if ordered and [n for n in before if n in after] != [n for n in after if n in before]:
        emit(Change("moved", path, list(before), list(after)))


EVERYWHERE = ("namespaces", "every namespace")
"""Where a permission holds that names neither namespaces nor levels."""


def _grants(old: list[Mapping[str, Any]], new: list[Mapping[str, Any]], path: Path, emit: Emit) -> None:
    before, after = _permitted(old), _permitted(new)
    for place in sorted(before.keys() | after.keys()):
        _walk(Leaf(), before.get(place), after.get(place), (*path, *place), emit)


def _permitted(permissions: list[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """(``namespaces`` or ``levels``, name) to the access that all permissions together give.

    A permission that names neither is about everything, and stands at `EVERYWHERE`.
    """
    found: dict[tuple[str, str], frozenset[str]] = {}
    for permission in permissions:
        can = capabilities(permission.get("access"))
        places = [
            (kind, str(name)) for kind in ("namespaces", "levels") for name in permission.get(kind) or ()
        ]
        for place in places or [EVERYWHERE]:
            found[place] = found.get(place, frozenset()) | can
    access = {can: name for name, can in CAPABILITIES.items()}
    return {place: access.get(can, "none") for place, can in found.items()}


# --- values whose meaning is unknown -----------------------------------------------------------


def _open(old: Any, new: Any, path: Path, emit: Emit) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in (*old, *(k for k in new if k not in old)):
            _walk(Open(), old.get(key), new.get(key), (*path, str(key)), emit)
    elif _unique_scalars(old) and _unique_scalars(new):
        _names(old, new, path, emit, ordered=True)
    elif isinstance(old, list) and isinstance(new, list):
        identity = _common_identity(old, new)
        if identity is not None:
            _items(Items(Record({}, {}, {}), identity), old, new, path, emit)
        elif _size(old) + _size(new) <= UNKEYED_LIMIT:
            _unkeyed(old, new, path, emit)
        else:
            emit(Change("changed", path, old, new))
    else:
        emit(Change("changed", path, old, new))


def _common_identity(old: list[Any], new: list[Any]) -> Callable[[Mapping[str, Any]], str] | None:
    """How the objects of two lists can be told apart, if each has a ``name``, ``id`` or ``key``."""
    if not old or not new or not _records(old) or not _records(new):
        return None
    for key in ("name", "id", "key"):
        if all(
            all(isinstance(item.get(key), str) for item in items)
            and len({item[key] for item in items}) == len(items)
            for items in (old, new)
        ):
            return lambda item, key=key: str(item[key])  # type: ignore[misc]  # binds the key found
    return None


def _unkeyed(old: list[Any], new: list[Any], path: Path, emit: Emit) -> None:
    """Lists whose items have no identity: DeepDiff aligns them, which is what it is good at."""
    from deepdiff import DeepDiff

    report = DeepDiff(old, new, view="tree", threshold_to_diff_deeper=0)
    kinds: dict[str, ChangeKind] = {"added": "added", "removed": "removed"}
    for category, items in report.items():
        kind = kinds.get(category.rpartition("_")[2], "changed")
        for item in items:
            keys = tuple(map(str, item.path(output_format="list")))
            emit(
                Change(
                    kind,
                    (*path, *keys),
                    None if kind == "added" else item.t1,
                    None if kind == "removed" else item.t2,
                )
            )


def _records(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _scalars(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(item, dict | list) for item in value)


def _unique_scalars(value: Any) -> bool:
    return _scalars(value) and len(set(value)) == len(value)


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    return 1
