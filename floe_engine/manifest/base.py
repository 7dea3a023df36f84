"""What sections of manifest.yaml and floe.yaml share: how strict they are, and the small types of values.

Types and shapes only. Whatever needs two fields, the file system, the catalogue or the words of
the YAML is judged in `check`. `reading` reads a file by the sections, and `models` tells its mistakes.

The modules of sections do without ``from __future__ import annotations``: see `floe_engine.typed`.
"""

from collections.abc import Iterator
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from msgspec import Meta, Struct

from floe_engine.manifest.laws import Law
from floe_engine.manifest.terms import MOST, NAME, NAMESPACE_NAME, SECRET_NAME, SEMVER_BODY, SOURCE


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every section: frozen, and unknown keys are errors. Attribute docstrings describe keys."""

    text_key: ClassVar[str] = ""
    """The key that a text in the place of the whole section is for; empty where none may be."""


class WrongShape(ValueError):
    """What a file says has another shape than its sections. `errors` are pydantic's."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(errors[0]["msg"])
        self.errors = errors


class Settings(Section, frozen=True, kw_only=True):
    """A section of manifest.yaml: each setting has a law, in the annotation beside its type.

    A mapping of name to section, or a section, has those of the sections. Anything else without a
    law raises `TypeError` when it is imported.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Demand a law of every field."""
        super().__init_subclass__(**kwargs)
        for name, annotation in cls.__annotations__.items():
            if law_of(annotation) is None and not _of_sections(annotation):
                raise TypeError(f"{cls.__name__}.{name} has no law: see floe_engine.manifest.laws")


class Place(Struct, frozen=True):
    """How a setting is published. `scripts/artifact_sections.py` makes the artifact's types of it."""

    at: str = ""
    """Where: the file's name and the keys below it, as floe names them in Python; empty: under the
    setting's own name at its section's place.

    ``*`` is what the setting's own path has in its place: a name of somebody's choice, or an entry of
    a list. A section's place is where its settings are, each under its own name, unless it says other.
    """

    worked_out: bool = False
    """Whether the value that holds is worked out and written: then none in an artifact is an empty list."""

    required: bool = False
    """Whether it is worked out, and an artifact without it is not one."""

    any_text: bool = False
    """Whether a newer floe may know more words than this one, which is told where they are used."""

    reshaped: bool = False
    """Whether it is published in another shape, which `artifact.model` says and `artifact.build` makes."""


class Also(Struct, frozen=True):
    """Beside a type: another spelling of the setting's key."""

    name: str


class OneOrMore(Struct, frozen=True):
    """Beside a type of text: a list of texts will do, and is kept as one text with ``|`` between."""


def notes(annotation: Any) -> Iterator[Any]:
    """What stands beside a type, or beside a part of a union."""
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
        annotation = annotation.__origin__
    if get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from notes(part)


def also(annotation: Any) -> tuple[str, ...]:
    """The other spellings of a key."""
    return tuple(note.name for note in notes(annotation) if isinstance(note, Also))


def joined(value: Any) -> Any:
    """A list of texts as one, see `OneOrMore`; anything else as it is."""
    listed = isinstance(value, list | tuple) and value and all(isinstance(each, str) for each in value)
    return " | ".join(value) if listed else value


def place_of(annotation: Any) -> Place | None:
    """The place that stands in a setting's annotation."""
    return next((entry for entry in notes(annotation) if isinstance(entry, Place)), None)


def law_of(annotation: Any) -> Law | None:
    """The law that stands in a setting's annotation."""
    return next((entry for entry in notes(annotation) if isinstance(entry, Law)), None)


def bare(annotation: Any) -> Any:
    """A type without what stands beside it, and without None."""
    if get_origin(annotation) is Annotated:
        return bare(annotation.__origin__)
    if get_origin(annotation) in (Union, UnionType):
        return bare(next(part for part in get_args(annotation) if part is not NoneType))
    return annotation


def _of_sections(annotation: Any) -> bool:
    """Whether a field is a section, or a mapping of name to section, so that the laws are inside."""
    kind = bare(annotation)
    kind = bare(get_args(kind)[1]) if get_origin(kind) is dict else kind
    return isinstance(kind, type) and issubclass(kind, Settings)


def section_of(annotation: Any) -> type[Settings] | None:
    """The section that a field holds: itself, or a mapping or list of it; None for plain values."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, Settings) else None
    parts = (section_of(part) for part in get_args(annotation))
    return next((part for part in parts if part is not None), None)


Semver = Annotated[str, Meta(pattern=rf"^{SEMVER_BODY}\Z")]
Percent = Annotated[int, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=1, le=MOST)]
Text = Annotated[str, Meta(min_length=1)]
Types = Annotated[Text, OneOrMore()]
"""A data type, or several of which each will do."""

Name = Annotated[str, Meta(pattern=rf"^{NAME}\Z")]
"""A layer, level or role: lower snake case."""

NamespaceName = Annotated[str, Meta(pattern=rf"^{NAMESPACE_NAME}\Z")]


class NameOf(Struct, frozen=True):
    """Beside a type: what a text is the name of. From it follow the check that there is such a one,
    completion, and the way to where it is defined."""

    kind: Literal["layer", "level", "role", "namespace", "test"]
    also: tuple[str, ...] = ()
    """Words that will do beside such names."""
    new: bool = False
    """Whether a name that nobody knows may be meant."""


LayerName = Annotated[Name, NameOf("layer")]
LayerOrSource = Annotated[Text, NameOf("layer", also=(SOURCE,))]
LevelName = Annotated[Name, NameOf("level")]
RoleName = Annotated[Name, NameOf("role")]
KnownNamespace = Annotated[NamespaceName, NameOf("namespace")]
AnyNamespace = Annotated[NamespaceName, NameOf("namespace", new=True)]
TestName = Annotated[Text, NameOf("test", new=True)]
SecretName = Annotated[str, Meta(pattern=rf"^{SECRET_NAME}\Z")]
Day = date
Switch = bool
