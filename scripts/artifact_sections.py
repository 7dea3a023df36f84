"""Write floe_engine/artifact/sections.py: the settings that a platform publishes, as types.

    python scripts/artifact_sections.py

A setting is declared once, in `floe_engine.manifest`. But an artifact has only what is published, in its
own spelling, and a type checker has to know the fields; so what the declarations come to is written out.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, get_args, get_origin

from msgspec.structs import FieldInfo, fields

from floe_engine.artifact import part, paths
from floe_engine.manifest import terms
from floe_engine.manifest.base import Place, Section, Settings, law_of, place_of, section_of
from floe_engine.manifest.declarations import settings
from floe_engine.manifest.laws import Fixed
from floe_engine.manifest.reference import default_of
from floe_engine.manifest.root import Manifest

TARGET = Path(__file__).parents[1] / "floe_engine" / "artifact" / "sections.py"
HEADER = '''\
"""The settings that a platform publishes, as types: the records of policies/, catalog/ and architecture/.

Made from the declarations in `floe_engine.manifest` by `scripts/artifact_sections.py`; do not edit. What
a key means is said there. The files that have these are in `model`.
"""

from typing import Any, ClassVar, Literal

import msgspec
'''
BY_HAND = frozenset({"manifest", "namespaces"})
"""Files in which hardly a setting stands as it is declared."""

FILES = {PurePosixPath(file).stem: file for file in paths.FILES}

Place_ = tuple[str, ...]

RECORDS: dict[Place_, tuple[str, str, str]] = {
    ("quality-gates",): ("GateSettings", "The settings of policies/quality-gates.json.", ""),
    ("quality-gates", "coverage"): (
        "Coverage",
        "What test coverage counts.",
        "coverage: Coverage = Coverage()",
    ),
    ("classification",): ("ClassificationSettings", "The settings of policies/classification.json.", ""),
    ("access-control",): ("AccessSettings", "The settings of policies/access-control.json.", ""),
    ("schema-registry",): ("SchemaSettings", "The settings of catalog/schema-registry.json.", ""),
    ("naming-rules",): ("NamingSettings", "The settings of architecture/naming-rules.json.", ""),
    ("naming-rules", "aliases", "*"): (
        "LayerAliases",
        "How a model belongs to a layer when its name does not say so.",
        "aliases: dict[Name, LayerAliases] = {}",
    ),
    ("layer-constraints", "*"): ("LayerConstraint", "What holds for the models of one layer.", ""),
}
"""Records that no section of manifest.yaml is by itself: name, docstring, and the field of the record above
where no setting declares it. The others have their section's name."""

TYPES = {
    "Switch": "bool",
    "Types": "Text",
    "RuleExamples": "Any",
    **dict.fromkeys(("LayerName", "LevelName", "RoleName"), "Name"),
    **dict.fromkeys(("LayerOrSource", "TestName"), "Text"),
}
"""Types of manifest.yaml that an artifact has in a plainer form."""


ALWAYS = {
    "Layer": "paths tags schemas required_tests",
    "Naming": "enforcement name_pattern applies_to custom_patterns",
    "DataArchitecture": "pattern",
    "SchemaRegistry": (
        "column_case reserved_columns required_columns type_rules require_data_types require_contract"
    ),
    "QualityGates": (
        "minimum_test_coverage coverage_metric coverage_scope count_warn_severity "
        "zero_column_behavior required_tests require_descriptions require_column_descriptions "
        "layer_thresholds block_on_failure"
    ),
    "Propagation": "mode enforcement declassify_meta declassify_functions",
    "LevelRule": "required_tests forbidden_layers requires_meta",
    "Classification": "require_declared meta_keys propagation name_patterns name_exceptions rules",
    "Role": "inherits",
    "AccessControl": "default roles",
    "WaiverPolicy": "max_days allow_in_product require_expiry",
    "CustomRule": "tags test_types min_count applies_to",
    "RuleSetting": "overridable",
    "Governance": "policy_enforcement_level waiver_policy custom_rules rules",
}
"""By section, the settings that stand in each artifact, also where they say what none says: the first
artifacts had them so. Nothing comes to these: a new setting is left out while it says nothing."""

SNAKE = {
    "Layer": "required_tests minimum_test_coverage may_depend_on",
    "QualityGates": (
        "minimum_test_coverage required_tests require_descriptions require_column_descriptions "
        "require_declared_columns require_sources max_parents block_on_failure"
    ),
    "LevelRule": (
        "minimum_test_coverage required_tests allowed_access allowed_roles forbidden_layers requires_meta"
    ),
    "Classification": "require_declared",
    "CustomRule": "test_types min_count applies_to",
}
"""By section, the settings of several words that artifacts have in snake_case. A new one is in camelCase."""


class Record:
    """A class to be written; `fields` are its lines, in the order of the declarations."""

    def __init__(self, name: str, doc: str) -> None:
        self.name, self.doc = name, doc
        self.fields: list[str] = []
        self.keys: dict[str, str] = {}
        self.unwritten: list[str] = []
        self.named_by: list[str] = []

    def text(self, base: str) -> str:
        """The class as source."""
        lines = [f"class {self.name}({base}, frozen=True, kw_only=True):", f'    """{self.doc}"""', ""]
        if self.unwritten:
            keys = ", ".join(map(_source, sorted(self.unwritten)))
            lines.append(f"    unwritten: ClassVar[frozenset[str]] = frozenset({{{keys}}})")
        if self.named_by:
            lines.append(f"    named_by: ClassVar[tuple[str, ...]] = {_source(tuple(self.named_by))}")
        if len(lines) > 3:
            lines.append("")
        return "\n".join([*lines, *(f"    {line}" for line in self.fields)])


def module() -> str:
    """sections.py as source."""
    records: dict[Place_, Record] = {}
    _collect(Manifest, (), records)
    # What a record has stands above it.
    deepest = sorted(records.items(), key=lambda item: -len(item[0]))
    classes = [record.text("PolicyFile" if len(at) == 1 else "Part") for at, record in deepest]
    body = "\n\n\n".join([*classes, _places(records)])
    used = set(re.findall(r"\w+", body))
    imports = []
    for source in (part, terms):
        names = sorted(used & vars(source).keys() - {"Any", "ClassVar", "Literal", "field", "written"})
        imports.append(f"from {source.__name__} import ({', '.join(names)})")
    formatter = [sys.executable, "-m", "ruff", "format", "--stdin-filename", TARGET, "-"]
    text = "\n".join([HEADER, *imports, "", "", body, ""])
    return subprocess.run(formatter, input=text, capture_output=True, text=True, check=True).stdout


def _places(records: dict[Place_, Record]) -> str:
    """The table of where a manifest's own settings (of no layer, level or rule) go as they are declared."""
    rows = []
    for setting in settings():
        path, place = setting.path, setting.place
        if path[-1] == "*":
            path, place = path[:-1], place[:-1]
        if place and place[0] not in BY_HAND and not setting.reshaped and not {"*", "[]"}.intersection(path):
            keys = [records[place[:at]].keys.get(place[at], place[at]) for at in range(1, len(place))]
            rows.append(f'    "{".".join(path)}": "{" ".join((FILES[place[0]], *keys))}",')
    title = '"""Setting to its file and the keys there, for those that are published as they are declared."""'
    return "\n".join(["PLACES = {", *rows, "}", title])


def _collect(section: type[Settings], published: Place_, records: dict[Place_, Record]) -> None:
    """Put every setting of a section, and of those below, into the record that it is published in."""
    for declared in fields(section):
        name = declared.name
        own, inner = place_of(declared.type) or Place(), section_of(declared.type)
        place = tuple(own.at.split(".")) if own.at else (*published, name) if published else ()
        if own.reshaped or BY_HAND.intersection(place[:1]):
            continue
        if len(place) > 1:
            if place[:-1] not in records:
                records[place[:-1]] = _record(place[:-1], section, records)
            _add(records[place[:-1]], place, section, declared, own)
        if inner is not None:
            _collect(inner, (*place, *_wrappings(declared.type)) if place else (), records)


def _record(at: Place_, section: type[Settings], records: dict[Place_, Record]) -> Record:
    """A new record. Where no section declares it, it comes into the one above by itself."""
    name, doc, field = RECORDS.get(at) or (section.__name__, _summary(section), "")
    if field:
        above = next(place for place in (at[:-1], at[:-2]) if place in records)
        records[above].fields.append(field)
    return Record(name, doc)


def _add(record: Record, place: Place_, section: type[Settings], declared: FieldInfo, own: Place) -> None:
    """One setting's line."""
    here, name = place[-1], declared.name
    snake, always = (table.get(section.__name__, "").split() for table in (SNAKE, ALWAYS))
    key = here if name in snake else re.sub(r"_(.)", lambda match: match[1].upper(), here)
    kind = _type(_written(section)[name], own)
    default = ""
    if not (own.required or declared.required):
        value = default_of(declared)
        empty: Any = {} if kind.startswith("dict") else ()
        default = _source(empty if own.worked_out else value)
        if default != "None" and name not in always:
            record.unwritten.append(key)
    if key != here:
        options = f"default={default}, name=" if default else "name="
        default = f'msgspec.field({options}"{key}")'
    record.fields.append(f"{here}: {kind}{f' = {default}' if default else ''}")
    record.keys[here] = key
    law = law_of(declared.type)
    if isinstance(law, Fixed) and not law.changes:
        record.named_by.append(key)


@cache
def _written(section: type[Section]) -> dict[str, ast.expr]:
    """A section's fields and their types, as its source has them."""
    tree = ast.parse(inspect.getsource(section)).body[0]
    assert isinstance(tree, ast.ClassDef)
    return {
        ast.unparse(line.target): line.annotation for line in tree.body if isinstance(line, ast.AnnAssign)
    }


def _type(tree: ast.expr, own: Place) -> str:
    """The type of a field as an artifact has it, from its declaration's source."""
    while isinstance(tree, ast.Subscript) and ast.unparse(tree.value) == "Annotated":
        assert isinstance(tree.slice, ast.Tuple)
        tree = tree.slice.elts[0]
    if own.any_text:
        return "Text | None"
    if own.worked_out and isinstance(tree, ast.BinOp):
        tree = tree.left  # what None stands for is worked out
    text = re.sub(r"\w+", lambda match: TYPES.get(match[0], match[0]), ast.unparse(tree)).replace("'", '"')
    return "Any" if "Any |" in text else text


def _wrappings(annotation: Any) -> Place_:
    """A ``*`` for each mapping or list around a section."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return ()
    inner = next(part for part in reversed(get_args(annotation)) if section_of(part) is not None)
    return (*(("*",) if get_origin(annotation) in (dict, tuple) else ()), *_wrappings(inner))


def _source(value: Any) -> str:
    """A default as source."""
    if isinstance(value, Section):
        return f"{type(value).__name__}()"
    if isinstance(value, tuple):
        return f"({', '.join(map(_source, value))}{',' if len(value) == 1 else ''})"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _summary(section: type[Section]) -> str:
    """What a section's docstring says first."""
    return re.split(r"[.:](?: |$)", " ".join((section.__doc__ or "").split()))[0] + "."


if __name__ == "__main__":
    TARGET.write_text(module(), encoding="utf-8")
    print(TARGET)
