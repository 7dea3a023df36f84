"""The table of rules in docs/versions.md is the catalogue's; FLOE_WRITE_DOCS=1 writes it."""

from __future__ import annotations

import os
from pathlib import Path

from floe_engine.upgrade.rules import all_rules

PAGE = Path(__file__).parents[3] / "docs" / "versions.md"
BEGIN, END = "FLOE_WRITE_DOCS=1 brings it up to date -->\n", "<!-- /rules -->"
WRITE = os.environ.get("FLOE_WRITE_DOCS")


def table() -> str:
    rows = ["| rule | change | bump | way back | why |", "|---|---|---|---|---|"]
    for rule in sorted(all_rules(), key=lambda rule: (rule.id == "UNK000", rule.id)):
        bump = (
            rule.bump
            + (f", {rule.axis}" if rule.axis else "")
            + (" (people decide)" if rule.undecidable else "")
        )
        back = ", ".join(other for other in rule.mirror if other != rule.id) or "the same"
        rows.append(f"| {rule.id} | {rule.title} | {bump} | {back} | {rule.reason} |")
    return "\n".join(rows) + "\n"


def test_the_page_lists_every_rule_as_it_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    written, _, tail = rest.partition(END)
    if WRITE:
        PAGE.write_text(head + BEGIN + table() + END + tail, encoding="utf-8")
        return
    assert written == table(), "run this test with FLOE_WRITE_DOCS=1"
