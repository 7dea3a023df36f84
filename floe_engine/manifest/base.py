"""What every section of manifest.yaml shares: how strict it is, and the small types of its values.

Types and shapes only. Whatever needs two fields, the file system, the catalogue or the words of
the YAML is judged in `check`, because pydantic skips such validators once one field has failed.
"""

from __future__ import annotations

import re
from datetime import date
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from msgspec import Struct
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo

from floe_engine.manifest.laws import Law
from floe_engine.manifest.terms import MOST, NAME, NAMESPACE_NAME, SECRET_NAME, SEMVER, SOURCE


class Section(BaseModel):
    """Base of every section: frozen, and unknown keys are errors. Attribute docstrings describe keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Settings(Section):
    """A section of manifest.yaml: each setting has a law, in the annotation beside its type.

    A mapping of name to section, or a section, has those of the sections. Anything else without a
    law raises `TypeError` when it is imported.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Demand a law of every field."""
        for name, field in cls.model_fields.items():
            if law_of(field) is None and not _of_sections(field.annotation):
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


def place_of(field: FieldInfo) -> Place | None:
    """The place that stands in a field's annotation."""
    return next((entry for entry in field.metadata if isinstance(entry, Place)), None)


def _of_sections(annotation: Any) -> bool:
    """Whether a field is a section, or a mapping of name to section, so that the laws are inside."""
    if get_origin(annotation) is dict:
        annotation = get_args(annotation)[1]
    parts = [part for part in get_args(annotation) or (annotation,) if part is not NoneType]
    return all(isinstance(part, type) and issubclass(part, Settings) for part in parts)


def law_of(field: FieldInfo) -> Law | None:
    """The law that stands in a field's annotation."""
    return next((entry for entry in field.metadata if isinstance(entry, Law)), None)


def section_of(annotation: Any) -> type[Settings] | None:
    """The section that a field holds: itself, or a mapping or list of it; None for plain values."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation
    parts = (section_of(part) for part in get_args(annotation))
    return next((part for part in parts if part is not None), None)


def _iso_date(value: Any) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("expected a date as YYYY-MM-DD")
    return date.fromisoformat(value)


def _alternatives(value: Any) -> Any:
    listed = isinstance(value, (list, tuple)) and value and all(isinstance(each, str) for each in value)
    return " | ".join(value) if listed else value


Semver = Annotated[str, StringConstraints(pattern=SEMVER)]
Percent = Annotated[StrictInt, Field(ge=0, le=100)]
Count = Annotated[StrictInt, Field(ge=1, le=MOST)]
Text = Annotated[str, StringConstraints(min_length=1)]
Types = Annotated[
    Text,
    BeforeValidator(_alternatives),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
            ]
        }
    ),
]
"""A data type, or several of which each will do; kept as one text with ``|`` between."""

Name = Annotated[str, StringConstraints(pattern=f"^{NAME}$")]
"""A layer, level or role: lower snake case."""

NamespaceName = Annotated[str, StringConstraints(pattern=f"^{NAMESPACE_NAME}$")]


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
SecretName = Annotated[str, StringConstraints(pattern=f"^{SECRET_NAME}$")]
Day = Annotated[date, BeforeValidator(_iso_date)]
Switch = StrictBool
