"""The sections of floe.yaml as pydantic models, made from the structs of `spec`.

A struct says at the first mistake that there is one, and is read in a hundredth of the time; a model
says all of them. So the models are made where a file has a mistake, where it has waivers, and for what
describes the format: its JSON Schema, completion and hover.
"""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from pydantic import Field, StrictBool, StrictInt, StringConstraints, create_model

from floe_engine.manifest.base import Section
from floe_engine.manifest.waiver import Waiver
from floe_engine.project import spec
from floe_engine.project.spec import Spec
from floe_engine.typed import built


@cache
def model_of(section: type[msgspec.Struct]) -> type[Section]:
    """The model of a section: the same keys, types, limits and defaults, under the same name."""
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(section):
        default = ... if field.required else _default(field)
        alias = field.encode_name if field.encode_name != field.name else None
        fields[field.name] = (_annotation(field.type), Field(default, alias=alias))
    return create_model(
        section.__name__,
        __base__=Section,
        __module__=section.__module__,
        __doc__=section.__doc__,
        **fields,
    )


def read(value: dict[str, Any]) -> Spec:
    """A floe.yaml's keys and values as its struct. Raises pydantic's `ValidationError` with all mistakes."""
    model = model_of(Spec).model_validate(value)
    waivers = tuple(getattr(model, "waivers"))  # noqa: B009  (a field that the struct declares)
    rest = model.model_dump(by_alias=True, exclude={"waivers"}, exclude_unset=True)
    return msgspec.structs.replace(msgspec.convert(rest, built(Spec)), waivers=waivers)


def spec_json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of floe.yaml, with every key's meaning as its description."""
    from floe_engine.manifest.reference import describe

    root = model_of(Spec)
    schema = root.model_json_schema(by_alias=True, mode="validation")
    describe(schema, root)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://floe.dev/schemas/v1/floe.json",
        **schema,
        "title": "floe.yaml",
    }


def _annotation(kind: Any) -> Any:
    """What pydantic calls a type of a struct: no number for a word, no word for a number."""
    if kind is spec.Waivers:
        return tuple[Waiver, ...]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return model_of(kind)
    if kind in _SAME:
        return _SAME[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Annotated[_annotation(inner[0]), _limits(inner[1])]
    if origin in (Union, UnionType):
        return Union[tuple(_annotation(part) for part in inner)]  # noqa: UP007  (made, not written)
    if origin in (tuple, dict):
        return origin[tuple(_annotation(part) for part in inner)]
    return kind


_SAME = {bool: StrictBool, int: StrictInt}


def _limits(limits: msgspec.Meta) -> Any:
    if limits.ge is not None or limits.le is not None:
        return Field(ge=limits.ge, le=limits.le)
    # Python spells the end of a text \Z, and pydantic's engine spells it $.
    pattern = limits.pattern.replace(r"\Z", "$") if limits.pattern else None
    return StringConstraints(min_length=limits.min_length, max_length=limits.max_length, pattern=pattern)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    if isinstance(value, tuple):
        return tuple(map(_as_model, value))
    return _as_model(value)


def _as_model(value: Any) -> Any:
    """A section's default: all of its own defaults."""
    return model_of(type(value))() if isinstance(value, msgspec.Struct) else value
