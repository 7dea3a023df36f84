"""The sections of manifest.yaml and floe.yaml as pydantic models, made from their declarations.

They are made where a file has a mistake, for they tell all of them, and for the JSON Schemas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    WithJsonSchema,
    create_model,
    model_validator,
)

from floe_engine.manifest.base import OneOrMore, Section, WrongShape, also, joined
from floe_engine.typed import built

S = TypeVar("S", bound=Section)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def read(section: type[S], value: Mapping[str, Any]) -> S:
    """A file's keys and values as its section. Raises `WrongShape` with every mistake."""
    try:
        model = model_of(section).model_validate(value)
    except ValidationError as error:
        raise WrongShape([dict(each) for each in error.errors(include_url=False)]) from None
    return msgspec.convert(model.model_dump(by_alias=True, exclude_unset=True), built(section))


@cache
def model_of(section: type[Section]) -> type[BaseModel]:
    """The model of a section: the same keys, types, limits and defaults, under the same name."""
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(section):
        default = ... if field.required else _default(field)
        alias = field.encode_name if field.encode_name != field.name else None
        others = also(field.type)
        choices = AliasChoices(field.encode_name, *others) if others else alias
        fields[field.name] = (
            _annotation(field.type),
            Field(default, alias=alias, validation_alias=choices),
        )
    key = section.text_key
    from_text: Any = model_validator(mode="before")(
        lambda value: {key: value} if isinstance(value, str) else value
    )
    return create_model(
        section.__name__,
        __base__=_Model,
        __module__=section.__module__,
        __doc__=section.__doc__,
        __validators__={"from_text": from_text} if key else {},
        **fields,
    )


def _annotation(kind: Any) -> Any:
    """What pydantic calls a type of a section: no number for a word, no word for a number."""
    if isinstance(kind, type) and issubclass(kind, Section):
        return model_of(kind)
    if kind in _SAME:
        return _SAME[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        notes = [note for noted in inner[1:] for note in _notes(noted)]
        return Annotated[(_annotation(inner[0]), *notes)] if notes else _annotation(inner[0])
    if origin in (Union, UnionType):
        return Union[tuple(_annotation(part) for part in inner)]  # noqa: UP007  (made, not written)
    if origin in (tuple, dict):
        return origin[tuple(_annotation(part) for part in inner)]
    return kind


def _notes(note: Any) -> list[Any]:
    """What pydantic is told beside a type."""
    if isinstance(note, OneOrMore):
        text = {"type": "string", "minLength": 1}
        return [
            BeforeValidator(joined),
            WithJsonSchema({"anyOf": [text, {"type": "array", "items": text, "minItems": 1}]}),
        ]
    if not isinstance(note, msgspec.Meta):
        return []
    # Python spells the end of a text \Z, and pydantic's engine spells it $.
    pattern = note.pattern.replace(r"\Z", "$") if note.pattern else None
    return [
        Field(
            ge=note.ge,
            le=note.le,
            min_length=note.min_length,
            max_length=note.max_length,
            pattern=pattern,
        )
    ]


def _iso_date(value: Any) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("expected a date as YYYY-MM-DD")
    return date.fromisoformat(value)


_SAME: dict[Any, Any] = {
    bool: StrictBool,
    int: StrictInt,
    date: Annotated[date, BeforeValidator(_iso_date)],
}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    if isinstance(value, tuple):
        return tuple(map(_as_model, value))
    return _as_model(value)


def _as_model(value: Any) -> Any:
    """A section's default: all of its own defaults."""
    return model_of(type(value))() if isinstance(value, Section) else value
