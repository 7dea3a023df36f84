"""The types of the eight files say of a setting what its declaration says.

Those of `sections` are written from the declarations; what is published in another shape is by hand.
Here the two are compared as JSON Schema has them, whoever wrote which.
"""

from __future__ import annotations

import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest
from msgspec.structs import FieldInfo

from floe_engine.artifact import model
from floe_engine.artifact.sections import LayerConstraint
from floe_engine.manifest.base import bare, section_of
from floe_engine.manifest.declarations import Setting, settings
from floe_engine.manifest.reference import default_of
from floe_engine.manifest.root import Manifest

FILES: Mapping[str, Any] = {
    "manifest": model.PlatformManifest,
    "classification": model.ClassificationPolicy,
    "access-control": model.AccessPolicy,
    "quality-gates": model.QualityGates,
    "namespaces": model.Namespaces,
    "schema-registry": model.SchemaRegistry,
    "naming-rules": model.NamingRules,
    "layer-constraints": dict[str, LayerConstraint],
}
RESOLVED = {
    "apiVersion": "an older floe says of a newer one's artifact which floe it needs",
    "plugins.*.type": "a name that the catalogue knows",
    "approved_plugins.*": "names that the catalogue knows",
    "governance.custom_rules.[].subject": "a kind that a newer floe knows is told where the rule is judged",
    "security.revoked_keys": "in one spelling",
}
"""Settings whose values are published in other words, and in which."""
ALWAYS_WRITTEN = {
    "governance.classification.levels",
    "governance.classification.default_level",
    "governance.classification.meta_keys",
    "governance.classification.propagation.declassify_functions",
}
"""Settings whose default stands in each artifact, so that what none says is another matter."""
IN_PARTS = ("plugins.*.", "governance.access_control.permissions.", "catalog.namespaces.")
"""Lists and choices that are published in another shape; what they become is in `test_build`."""
PATTERN_OR_SELECT = "governance.waivers.[].select"
"""Published as a pattern, which it is another spelling of."""


def _name(setting: Setting) -> str:
    return ".".join(setting.path)


def test_the_sections_are_those_that_the_declarations_make() -> None:
    script = Path(__file__).parents[3] / "scripts" / "artifact_sections.py"
    made = runpy.run_path(str(script))
    assert made["TARGET"].read_text(encoding="utf-8") == made["module"](), "run `make docs`"


@pytest.mark.parametrize("setting", [each for each in settings() if each.place], ids=_name)
def test_a_published_setting_has_the_type_and_the_default_of_its_declaration(setting: Setting) -> None:
    declared = _declared(setting)
    kind, field = _published(setting)
    name = _name(setting)
    if kind is None:
        assert name.startswith(IN_PARTS) or name == PATTERN_OR_SELECT
        return
    ours = _values(msgspec.json.schema(declared.type))
    theirs = _values(msgspec.json.schema(kind))
    if ours is not None and theirs is not None and name not in RESOLVED:
        assert theirs == ours
    if field is not None and not field.required and not declared.required and name not in ALWAYS_WRITTEN:
        default = default_of(declared)
        assert default == default_of(field) or not (default or default_of(field))


def _declared(setting: Setting) -> FieldInfo:
    """The field of a section that declares a setting."""
    section: Any = Manifest
    field = None
    for part in setting.path:
        if part not in ("*", "[]"):
            named = {each.encode_name: each for each in msgspec.structs.fields(section)}
            field = named[part]
            section = section_of(field.type) or section
    assert field is not None
    return field


def _published(setting: Setting) -> tuple[Any, FieldInfo | None]:
    """The type at a setting's place, and the field that has it; (None, None) where there is none."""
    kind, field = FILES[setting.place[0]], None
    for part in setting.place[1:]:
        kind, field = bare(kind), None
        if part == "*" and get_origin(kind) in (dict, tuple):
            kind = get_args(kind)[1 if get_origin(kind) is dict else 0]
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            field = next((each for each in msgspec.structs.fields(kind) if each.name == part), None)
            kind = field.type if field else None
        else:
            kind = None
    return kind, field


def _values(schema: dict[str, Any]) -> dict[str, Any] | None:
    """What a value or an entry of a list may be; None for records, whose own fields are compared."""
    schema = next((part for part in schema.get("anyOf", ()) if part != {"type": "null"}), schema)
    if "items" in schema:
        return _values(schema["items"])
    if "$ref" in schema or schema.get("type") not in ("string", "integer", "boolean", None):
        return None
    known = ("type", "minimum", "maximum", "minLength", "maxLength")
    found = {key: schema[key] for key in known if key in schema}
    if "pattern" in schema:
        found["pattern"] = (
            schema["pattern"].strip("^$").removesuffix(r"\Z").removeprefix("(?:").removesuffix(")")
        )
    if words := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        found = {"enum": sorted(words)}
    return found
