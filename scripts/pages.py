"""Write the pages that come whole from the code.

python scripts/pages.py           writes docs/floe-yaml.md, and tables of other pages
python scripts/pages.py --check   exits 1 where it is not current
python scripts/pages.py --site    writes the pages of the site alone, docs/site/*.md, which git ignores
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from floe_engine.manifest.subjects import OBJECTS, SUBJECTS
from floe_engine.peers.built_in import BUILT_IN
from floe_engine.peers.carrying import Check
from floe_engine.peers.reading import TABLES
from floe_engine.project.adapters import ADAPTERS, SCHEMA_VARIABLE, SECRET_PREFIX, AdapterSettings
from floe_engine.project.spec_schema import spec_json_schema
from floe_engine.support.explain import families

DOCS = Path(__file__).parent.parent / "docs"

SPEC = """\
# floe.yaml

A data team's file: which platform its dbt project is pinned to, and how the project is read and judged.
`floe init` writes the first one; `floe schema floe` gives the same as JSON Schema, for editors. This page is
written by `scripts/pages.py` from that schema.

```yaml
apiVersion: floe.dev/v1
kind: DataProduct
platform:
  ref: oci://registry.example.com/floe-platform:v1.2.3
transforms:
  - type: dbt
    path: models/
```

In the table `[]` stands for an entry of a list and `<name>` for a name of your choice.

| key | type | default | meaning |
|---|---|---|---|
"""

CODES = """\
# Every code, and what to do

What `floe explain CODE` says, in one page: problems of files, findings of rules, what changes of a platform
cost, and errors with their exit codes. Written by `scripts/pages.py` from the code.
"""


def spec_page() -> str:
    """Every key of floe.yaml as a table."""
    schema = spec_json_schema()
    return SPEC + "".join(f"{row}\n" for row in _rows(schema, schema, ""))


def _rows(schema: Mapping[str, Any], section: Mapping[str, Any], prefix: str) -> Iterator[str]:
    required = section.get("required", ())
    for name, value in section.get("properties", {}).items():
        path = f"{prefix}{name}"
        default = "**required**" if name in required else _default(value)
        meaning = " ".join((value.get("description") or "").split())
        inner, suffix = _inner(schema, value)
        if not meaning and inner is not None:
            meaning = " ".join(inner.get("description", "").split())
        yield f"| `{path}` | {_type(schema, value)} | {default} | {_cell(meaning)} |"
        if inner is not None:
            yield from _rows(schema, inner, f"{path}{suffix}.")


def _inner(schema: Mapping[str, Any], value: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
    """The section that a key holds, and what stands between the two in a path."""
    for choice in (value, *value.get("anyOf", ())):
        if "$ref" in choice:
            return schema["$defs"][choice["$ref"].rpartition("/")[2]], ""
        if "$ref" in choice.get("items", {}):
            return schema["$defs"][choice["items"]["$ref"].rpartition("/")[2]], "[]"
        if isinstance(more := choice.get("additionalProperties"), dict) and "$ref" in more:
            return schema["$defs"][more["$ref"].rpartition("/")[2]], ".<name>"
    return None, ""


def _type(schema: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return r" \| ".join(f"`{choice}`" for choice in value["enum"])
    if "anyOf" in value:
        kinds = [_type(schema, choice) for choice in value["anyOf"] if choice.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in value or value.get("type") == "object":
        return "mapping"
    if value.get("type") == "array":
        return f"list of {_type(schema, value.get('items', {}))}"
    return {"string": "text", "boolean": "`true` or `false`", "integer": "whole number"}.get(
        value.get("type", ""), "anything"
    )


def _default(value: Mapping[str, Any]) -> str:
    default = value.get("default")
    if default is None:
        return "unset"
    if isinstance(default, dict) or (isinstance(default, list) and default and isinstance(default[0], dict)):
        return "as its keys say" if default else "`{}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def codes_page() -> str:
    """Every code by its family."""
    parts = [CODES]
    for family in families():
        parts.append(f"## {family.title[0].upper()}{family.title[1:]} (`{family.pattern}`)\n")
        for page in family.pages:
            parts.append(f"### {page.code}\n\n{page.title[0].upper()}{page.title[1:]}.\n")
            if page.prose:
                parts.append(f"{page.prose}\n")
    return "\n".join(parts)


_FACTS = re.compile(r"(<!-- facts:[^\n]*-->\n).*(<!-- /facts -->)", re.DOTALL)


def house_rules_page() -> str:
    """The page of house rules, with what an expression may ask written anew."""
    variables = {", ".join(f"`{name}`" for name in names): subject for subject, names in SUBJECTS.items()}
    lines = [f"- about a {subject}: {names}" for names, subject in variables.items()]
    for kind in OBJECTS:
        lines += ["", f"### {kind.name}", "", kind.says, "", "| field | type | |", "|---|---|---|"]
        lines += [
            f"| `{name}` | `{field.type}` | {_cell(field.says)} |" for name, field in kind.fields.items()
        ]
    facts = "\n".join(lines)
    page = (DOCS / "house-rules.md").read_text(encoding="utf-8")
    return _FACTS.sub(lambda found: f"{found[1]}\n{facts}\n\n{found[2]}", page)


_CHECKS = re.compile(r"(<!-- checks:[^\n]*-->\n).*(<!-- /checks -->)", re.DOTALL)


def coming_from_page() -> str:
    """The page of other tools, with every check of theirs and its equal here written anew."""
    lines = []
    for peer, checks in TABLES.items():
        carried = sum(check.carried for check in checks)
        lines += [
            f"## {peer}",
            "",
            f"{carried} of {len(checks)} checks are carried.",
            "",
            "| check | here | |",
            "|---|---|---|",
        ]
        lines += [f"| `{check.name}` | {_equal(check)} |" for check in checks]
        lines.append("")
    page = (DOCS / "coming-from.md").read_text(encoding="utf-8")
    return _CHECKS.sub(lambda found: f"{found[1]}\n" + "\n".join(lines) + f"\n{found[2]}", page)


_PROFILE = re.compile(r"(<!-- profile:[^\n]*-->\n).*(<!-- /profile -->)", re.DOTALL)
_VARIABLE = re.compile(r'env=(?:SCHEMA_VARIABLE|(f?)"(?:\{SECRET_PREFIX\})?(\w+)")')


def environment_page() -> str:
    """The page of the environment, with what each adapter's profile reads written anew."""
    lines = ["| adapter | has to be set | may be set, or has to for another way to log in |", "|---|---|---|"]
    for adapter, fill in ADAPTERS.items():
        bare = AdapterSettings({}, "shop")
        fill(bare)
        needed = [name for name, must in bare.variables.items() if must]
        named = [
            (SECRET_PREFIX if found[1] else "") + found[2] if found[2] else SCHEMA_VARIABLE
            for found in _VARIABLE.finditer(inspect.getsource(fill))
        ]
        others = [name for name in dict.fromkeys(named) if name not in needed]
        cells = (", ".join(f"`{name}`" for name in names) or "—" for names in (needed, others))
        lines.append(f"| {adapter} | {' | '.join(cells)} |")
    page = (DOCS / "environment.md").read_text(encoding="utf-8")
    return _PROFILE.sub(lambda found: f"{found[1]}\n" + "\n".join(lines) + f"\n\n{found[2]}", page)


def _equal(check: Check) -> str:
    """What a check is here, and where it differs."""
    if check.why:
        return f"— | {check.why}"
    built = BUILT_IN.get(check.name)
    near = " ".join(filter(None, (check.near, built.near if built else "")))
    return f"{f'`{built.setting}`' if built else f'rule about a {check.subject}'} | {near}"


PAGES = {
    "coming-from.md": coming_from_page,
    "environment.md": environment_page,
    "floe-yaml.md": spec_page,
    "house-rules.md": house_rules_page,
}
SITE = {"site/codes.md": codes_page}


def main() -> int:
    """Write or check the pages."""
    checks = "--check" in sys.argv[1:]
    stale = []
    for name, page in (SITE if "--site" in sys.argv[1:] else PAGES).items():
        path, text = DOCS / name, page()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if checks:
            stale.append(name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"docs/{name} is not current; run `make docs`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
