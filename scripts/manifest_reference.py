"""Write docs/manifest.md: every key of manifest.yaml, from the docstrings of the schema.

python scripts/manifest_reference.py           writes the page
python scripts/manifest_reference.py --check   exits 1 where the page is not current
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from floe_engine.manifest.codes import MANIFEST_CODES
from floe_engine.manifest.declarations import inherited
from floe_engine.manifest.effective import PATTERN_LAYERS
from floe_engine.manifest.inheritance import INHERITED
from floe_engine.manifest.laws import Free
from floe_engine.manifest.reference import SettingKey, keys, walk
from floe_engine.manifest.root import Manifest

PAGE = Path(__file__).parent.parent / "docs" / "manifest.md"

HEAD = """\
# manifest.yaml

Every key of a platform's manifest. This page is written by `scripts/manifest_reference.py` from the
schema; `floe schema manifest` gives the same as JSON Schema, and `floe platform explain KEY` tells
where a setting of your own manifest came from.

The shortest manifest that compiles:

```yaml
apiVersion: floe.dev/v1
kind: Manifest
metadata:
  name: acme-data-platform
  version: "1.2.3"
plugins:
  compute:
    type: duckdb
```

floe reads YAML 1.2: only `true` and `false` are switches (`off`, `no` and `yes` are texts), and an
unquoted `1.10` is a number, so quote versions. Unknown keys are errors at every level. In the tables
`<name>` stands for a name of your choice and `[]` for an entry of a list.

An editor that uses yaml-language-server reads the schema from a comment at the top of the file:

```yaml
# yaml-language-server: $schema=manifest.schema.json
```
"""


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, *_sections(), *_layers(), *_inheritance(), *_codes()])


def _sections() -> Iterator[str]:
    flat = [key for key in keys(Manifest).values() if key.shape.section is None]
    nested = [key for key in keys(Manifest).values() if key.shape.section is not None]
    yield "## Top level\n"
    yield from _table([((key.name,), key) for key in flat + nested])
    for key in keys(Manifest).values():
        rows = [(path, inner) for path, inner in walk() if path[0] == key.name and len(path) > 1]
        if rows:
            yield f"## {key.name}\n\n{key.meaning}\n"
            yield from _table(rows)


def _table(rows: list[tuple[tuple[str, ...], SettingKey]]) -> Iterator[str]:
    yield "| key | type | default | meaning |\n|---|---|---|---|"
    for path, key in rows:
        name = ".".join(path).replace(".[]", "[]")
        also = "".join(f", `{other}`" for other in key.also)
        default = "**required**" if key.required else key.default or ""
        cells = (f"`{name}`{also}", key.shape.text, default, key.meaning)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _layers() -> Iterator[str]:
    yield "## Layers of each pattern\n"
    yield "| pattern | layer | prefix | required tests | may depend on |\n|---|---|---|---|---|"
    for pattern, layers in PATTERN_LAYERS.items():
        for layer in layers:
            tests = ", ".join(layer.required_tests)
            above = ", ".join(layer.may_depend_on or ())
            yield f"| {pattern} | {layer.name} | `{layer.prefixes[0]}` | {tests} | {above} |"
    yield "\nPattern `custom` has no layers of its own.\n"


def _inheritance() -> Iterator[str]:
    yield "## Inheritance\n"
    yield (
        "A platform of scope `domain` takes over the settings of its enterprise parent and may only make\n"
        "them stricter. A key without a value (null) says nothing: what the parent says holds. A role to\n"
        "which the parent gives any permission gets no more in the parent's namespaces; roles of its own\n"
        "are the domain's to permit.\n"
    )
    yield "| setting | a domain may write |\n|---|---|"
    for setting in inherited():
        if not isinstance(setting.law, Free):
            path = ".".join("<name>" if part == "*" else part for part in setting.path)
            yield f"| `{path}` | {setting.law.says} |"
    yield "\nThe rest is each platform's own: `metadata`, `artifacts`, `policy_tests`, and\n"
    for setting in inherited():
        if isinstance(setting.law, Free) and setting.path[0] in INHERITED:
            path = ".".join("<name>" if part == "*" else part for part in setting.path)
            yield f"- `{path}`: {setting.law.because}"
    yield ""


def _codes() -> Iterator[str]:
    yield "## Problems\n"
    yield "`floe explain CODE` tells more of each.\n"
    yield "| code | problem |\n|---|---|"
    for code, explanation in MANIFEST_CODES.items():
        yield f"| {code} | {explanation.title} |"
    yield ""


def main() -> int:
    """Write the page, or check that it is current."""
    text = page()
    if "--check" in sys.argv[1:]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        if not current:
            print(f"{PAGE.name} is not current: run scripts/manifest_reference.py", file=sys.stderr)
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
