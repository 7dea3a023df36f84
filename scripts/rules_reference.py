"""Write docs/rules.md from the docstrings of the policy rules.

    python scripts/rules_reference.py [--check]

With --check nothing is written; the exit code is 1 where the page is not what it should be.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from floe_engine.policy.all_rules import every_rule
from floe_engine.policy.rule import Family, Rule

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rules.md"

INTRODUCTION = """\
# Rules

Written by `scripts/rules_reference.py` from the rules' own docstrings; do not edit it by hand.

`floe compile` judges a dbt project by these rules, and `floe explain FLOE-E201` prints one of them.
How a rule bites is the platform's to say: its family's enforcement (`naming.enforcement` for names,
`block_on_failure` for quality gates, otherwise strict), a setting of its own under
`governance.rules`, and over all of them the cap `governance.policy_enforcement_level`. `strict`
makes an error, `warn` a warning, and `off` does not ask. Rules that the platform asks nothing of
are not asked.
"""

FAMILIES = {
    Family.NAMING: "Naming and layers",
    Family.QUALITY: "Quality gates",
    Family.CLASSIFICATION: "Classification",
    Family.ACCESS: "Access",
    Family.WAIVERS: "Waivers",
}


def page() -> str:
    """The whole page."""
    rules = sorted(every_rule(), key=lambda rule: (list(FAMILIES).index(rule.family), rule.id))
    parts = [INTRODUCTION]
    for family, members in groupby(rules, key=lambda rule: rule.family):
        parts.append(f"## {FAMILIES[family]}\n")
        parts.extend(section(rule) for rule in members)
    return "\n".join(parts)


def section(rule: Rule) -> str:
    """One rule."""
    _, _, rest = rule.documentation.partition("\n")
    text = rest.strip().replace("``", "`")
    body = f"{text}\n\n" if text else ""
    return f"### {rule.id}: {rule.title}\n\n{body}Setting: `{rule.setting}`\n"


def main() -> int:
    """Write or check the page."""
    text = page()
    if "--check" in sys.argv[1:]:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        if not current:
            print("docs/rules.md is not current; run scripts/rules_reference.py", file=sys.stderr)
        return 0 if current else 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
