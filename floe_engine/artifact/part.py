"""What the types of the eight files are made of: their base, and the small types of their values."""

from functools import cache
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct, field, structs, to_builtins

from floe_engine.manifest.terms import (
    API_VERSION,
    MOST,
    NAME,
    NAMESPACE_NAME,
    PLATFORM_NAME,
    PLUGIN_NAME,
    SECRET_NAME,
    SEMVER_BODY,
)

# An artifact comes from outside: each string has on reading the pattern that it had when it was
# written. `\Z`, because `$` lets a line break follow.
PlatformText = Annotated[str, Meta(pattern=rf"^(?:{PLATFORM_NAME})\Z")]
Name = Annotated[str, Meta(pattern=rf"^(?:{NAME})\Z")]
NamespaceName = Annotated[str, Meta(pattern=rf"^(?:{NAMESPACE_NAME})\Z")]
SecretName = Annotated[str, Meta(pattern=rf"^(?:{SECRET_NAME})\Z")]
PluginName = Annotated[str, Meta(pattern=rf"^(?:{PLUGIN_NAME})\Z")]
Semver = Annotated[str, Meta(pattern=rf"^{SEMVER_BODY}\Z")]
Digest = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
OtherDigest = Annotated[str, Meta(pattern=r"^[a-z0-9]+:[0-9a-f]+\Z")]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")]
Text = Annotated[str, Meta(min_length=1)]
Paragraph = Annotated[str, Meta(max_length=500)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=1, le=MOST)]


class Part(Struct, frozen=True, kw_only=True):
    """Base of everything in the eight files: frozen, and tolerant of newer keys."""

    unwritten: ClassVar[frozenset[str]] = frozenset()
    """Keys that are left out while they say what none says: older artifacts have the bytes that they had."""

    named_by: ClassVar[tuple[str, ...]] = ()
    """Keys by which an entry of a list is told from the others."""

    repeats: ClassVar[tuple[str, ...]] = ()
    """Keys that say those again, in another form."""


class PlatformName(Part, frozen=True, kw_only=True):
    """Which platform a file belongs to."""

    name: PlatformText
    version: Semver


class PolicyFile(Part, frozen=True, kw_only=True):
    """What every file but manifest.json and layer-constraints.json carries at its top."""

    api_version: str = field(default=API_VERSION, name="apiVersion")
    kind: str
    platform: PlatformName


def written(value: Any) -> Any:
    """A part, or a value of one, as JSON: what is None is left out, as a file without the key says it."""
    if isinstance(value, Part):
        return {
            key: written(item)
            for key, name, default in _fields(type(value))
            if (item := getattr(value, name)) is not None
            and not (key in value.unwritten and item in (default, (), {}))
        }
    if isinstance(value, dict):
        return {key: written(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [written(item) for item in value]
    return to_builtins(value)


@cache
def _fields(kind: type[Part]) -> tuple[tuple[str, str, Any], ...]:
    """Name in the file, name here and default of each field: msgspec takes all types apart to tell them."""
    return tuple((field.encode_name, field.name, field.default) for field in structs.fields(kind))
