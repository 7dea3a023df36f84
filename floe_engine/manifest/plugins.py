"""The plugins a platform may choose, and what its choices resolve to.

The shipped `catalogue.yaml` and the entry points of the group `floe.plugins` name them; nothing
of a plugin's own code runs here beyond the mapping an entry point yields. Whether a manifest's
choices are right is `check`'s business.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from floe_engine.acts import Act
from floe_engine.document.document import parse
from floe_engine.errors import ConfigurationError
from floe_engine.files import read_bounded
from floe_engine.manifest.breaking import check_annotations
from floe_engine.manifest.root import Manifest, PluginChoice
from floe_engine.manifest.terms import PLUGIN_NAME, SEMVER

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PLUGIN_API = (1, 0)
"""The plugin API of this engine. A plugin's fits when its major is equal and its minor not greater."""

ENTRY_POINTS = "floe.plugins"
_LIST_LIMIT = 1_000_000
"""Bytes of a package's list of entry points that are read to see whether it has some of ours."""

RESOLUTION_ORDER = ("orchestrator", "catalog", "compute")
"""Categories that resolve first, as the seed prints them; the others follow in catalogue order."""


class DbtAdapter(Struct, frozen=True):
    """The dbt adapter of a compute plugin: `dbt-<adapter>` in a range of versions (PEP 440)."""

    adapter: str
    requires: str = ""


class PluginType(Struct, frozen=True):
    """One type of a category, such as compute/duckdb.

    `requires` and `conflicts` map another category to the types that must, or must not, stand
    beside this one. `config` is a JSON Schema of the settings, empty where any will do, with marks on
    those whose change breaks (see `breaking`). `origin` is ``floe`` or the distribution that added it.
    """

    category: str
    name: str
    title: str = ""
    package: str = ""
    chart: str | None = None
    versions: tuple[str, ...] = ("1.0.0",)
    default: str = "1.0.0"
    api: str = "1.0"
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    conflicts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    dbt: DbtAdapter | None = None
    origin: str = "floe"

    @property
    def compatible(self) -> bool:
        """Whether this engine speaks the plugin's API."""
        major, minor = (int(part) for part in self.api.split("."))
        return major == PLUGIN_API[0] and minor <= PLUGIN_API[1]


class Category(Struct, frozen=True):
    """A job that a plugin does, and the types that can do it."""

    name: str
    title: str
    types: Mapping[str, PluginType]
    required: bool = False


class ResolvedPlugin(Struct, frozen=True):
    """What one choice of a manifest came to. `str` is the seed's ``floe-compute-duckdb@1.0.0``."""

    category: str
    type: str
    version: str
    package: str
    chart: str | None
    api_version: str
    dbt: DbtAdapter | None
    config: Mapping[str, Any]
    connection_secret_ref: str | None = None

    @property
    def config_digest(self) -> str:
        """sha256 of the settings as compact JSON with sorted keys, as ``sha256:…``."""
        text = json.dumps(dict(self.config), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def __str__(self) -> str:
        return f"{self.chart or self.package}@{self.version}"


class Catalogue(Struct, frozen=True):
    """Every known plugin by category. `problems` tells of entry points that could not be used."""

    categories: Mapping[str, Category]
    problems: tuple[str, ...] = ()

    @classmethod
    def load(cls, extra: Iterable[EntryPoint] | None = None) -> Catalogue:
        """The shipped catalogue and what `extra` (by default: the installed entry points) adds.

        An entry point names a mapping of the catalogue's shape, or a function without arguments
        that returns one. One that fails, or is malformed, is left out and becomes a problem.
        """
        text = Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8")
        categories = _read(parse(text).value, origin="floe")
        problems = []
        for point in _installed(_places()) if extra is None else extra:
            origin = point.dist.name if point.dist is not None else point.name
            try:
                yielded = point.load()
                added = _read(yielded() if callable(yielded) else yielded, origin=origin)
            except Exception as error:  # somebody else's code: whatever it raises, the rest still works
                problems.append(f"plugin entry point {point.name!r} ({origin}) cannot be used: {error}")
                continue
            for name, category in added.items():
                known = categories.get(name)
                types = {**(known.types if known else {}), **category.types}
                head = known or category
                categories[name] = Category(name, head.title, MappingProxyType(types), head.required)
        return cls(MappingProxyType(categories), tuple(problems))

    def find(self, category: str, type_: str) -> PluginType | None:
        """The type of a category, or None."""
        found = self.categories.get(category)
        return found.types.get(type_) if found else None

    @property
    def order(self) -> tuple[str, ...]:
        """Category names in the order in which plugins resolve and print."""
        first = [name for name in RESOLUTION_ORDER if name in self.categories]
        return tuple(first + [name for name in self.categories if name not in RESOLUTION_ORDER])


@lru_cache(maxsize=4)
def _installed(_: tuple[tuple[int, ...], ...]) -> tuple[EntryPoint, ...]:
    """The entry points of what is installed, looked up again where something was: each package is asked."""
    if not any(map(_may_have_some, sys.path)):
        return ()
    from importlib.metadata import entry_points  # with e-mail, zip and csv: a tenth of a compilation

    return tuple(entry_points(group=ENTRY_POINTS))


def _may_have_some(place: str) -> bool:
    """Whether a package in a folder of `sys.path` may have entry points of ours; in doubt it may."""
    try:
        packages = [path for path in Path(place).iterdir() if path.suffix in (".dist-info", ".egg-info")]
        lists = [path / "entry_points.txt" for path in packages]
        name = ENTRY_POINTS.encode()
        return place.endswith(".egg") or any(
            name in read_bounded(path, _LIST_LIMIT) for path in lists if path.is_file()
        )
    except FileNotFoundError:
        return False
    except (OSError, ConfigurationError):
        return True


def _places() -> tuple[tuple[int, ...], ...]:
    """Which folders packages are looked for in, and when something came into each or left it."""
    found = []
    for place in sys.path:
        with suppress(OSError):
            status = Path(place).stat()
            found.append((status.st_dev, status.st_ino, status.st_mtime_ns))
    return tuple(found)


def resolve(manifest: Manifest, catalogue: Catalogue) -> tuple[ResolvedPlugin, ...]:
    """The plugins that the manifest names, in the seed's order (orchestrator, catalog, compute, others).

    Raises `ConfigurationError` for the first choice the catalogue does not have; `check` reports
    all of them, with positions.
    """
    known = [name for name in catalogue.order if name in manifest.plugins]
    names = known + [name for name in manifest.plugins if name not in known]
    return tuple(_resolve(category, manifest.plugins[category], catalogue) for category in names)


def _resolve(category: str, choice: PluginChoice, catalogue: Catalogue) -> ResolvedPlugin:
    plugin = catalogue.find(category, choice.chosen)
    if plugin is None:
        raise ConfigurationError(
            f"there is no {category} plugin {choice.chosen!r}",
            hint=f"{Act.CHECK} lists every problem of the manifest",
            where=f"plugins.{category}",
        )
    version = choice.version or plugin.default
    if version not in plugin.versions:
        raise ConfigurationError(
            f"plugin {category}/{plugin.name} has no version {version}",
            f"known versions: {', '.join(plugin.versions)}",
            where=f"plugins.{category}.version",
        )
    config = dict(choice.config)
    for approved in choice.approved:
        if approved.name == plugin.name and choice.type is None:
            config = {**approved.config, **config}
    return ResolvedPlugin(
        category=category,
        type=plugin.name,
        version=version,
        package=plugin.package,
        chart=plugin.chart,
        api_version=plugin.api,
        dbt=plugin.dbt,
        config=MappingProxyType(config),
        connection_secret_ref=choice.connection_secret_ref,
    )


# --- reading -----------------------------------------------------------------------------------

_TYPE_KEYS = frozenset(
    ["title", "package", "chart", "versions", "default", "api", "requires", "conflicts", "config", "dbt"]
)  # fmt: skip


def _read(document: Any, *, origin: str) -> dict[str, Category]:
    """Categories of a catalogue document. Raises ValueError naming the key at fault."""
    categories = {}
    for name, body in _mapping(document, "the catalogue").items():
        body = _mapping(body, name)
        _known(body, {"title", "types", "required"}, name)
        types = {
            type_: _read_type(name, type_, _mapping(spec or {}, f"{name}.{type_}"), origin)
            for type_, spec in _mapping(body.get("types", {}), f"{name}.types").items()
        }
        for word in (name, *types):
            if not re.fullmatch(PLUGIN_NAME, word):
                raise ValueError(f"{name}: {word!r} is no name of a plugin")
        categories[name] = Category(
            name, str(body.get("title", "")), MappingProxyType(types), body.get("required") is True
        )
    return categories


def _read_type(category: str, name: str, spec: Mapping[str, Any], origin: str) -> PluginType:
    where = f"{category}.{name}"
    _known(spec, _TYPE_KEYS, where)
    distribution = f"floe-{category}-{name}".replace("_", "-")
    versions = tuple(str(version) for version in spec.get("versions", ["1.0.0"]))
    default = str(spec.get("default", versions[-1] if versions else ""))
    for version in versions:
        if not re.match(SEMVER, version):
            raise ValueError(f"{where}.versions: {version!r} is not a version X.Y.Z")
    if default not in versions:
        raise ValueError(f"{where}.default: {default!r} is not one of versions")
    api = str(spec.get("api", "1.0"))
    if not re.fullmatch(r"\d+\.\d+", api):
        raise ValueError(f"{where}.api: expected MAJOR.MINOR, got {api!r}")
    config = _mapping(spec.get("config", {}), f"{where}.config")
    check_annotations(config, f"{where}.config")
    dbt = spec.get("dbt")
    if dbt is not None:
        dbt = _mapping(dbt, f"{where}.dbt")
        _known(dbt, {"adapter", "requires"}, f"{where}.dbt")
    return PluginType(
        category=category,
        name=name,
        title=str(spec.get("title", name)),
        package=str(spec.get("package", distribution)),
        chart=None if spec.get("chart", "") is None else str(spec.get("chart", distribution)),
        versions=versions,
        default=default,
        api=api,
        requires=_pairs(spec.get("requires", {}), f"{where}.requires"),
        conflicts=_pairs(spec.get("conflicts", {}), f"{where}.conflicts"),
        config=MappingProxyType(dict(config)),
        dbt=DbtAdapter(str(dbt["adapter"]), str(dbt.get("requires", ""))) if dbt else None,
        origin=origin,
    )


def _pairs(value: Any, where: str) -> Mapping[str, tuple[str, ...]]:
    pairs = {}
    for category, types in _mapping(value, where).items():
        if not isinstance(types, list | tuple):
            raise ValueError(f"{where}.{category}: expected a list of types")
        pairs[category] = tuple(str(type_) for type_ in types)
    return MappingProxyType(pairs)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"{where}: expected a mapping with text keys")
    return value


def _known(mapping: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    unknown = sorted(set(mapping) - set(keys))
    if unknown:
        raise ValueError(f"{where}: unknown key {unknown[0]!r}")
