"""The house rule that one is writing: what it says of each of its examples, as the text stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from floe_tui.text import count
from floe_tui.themes import GLYPHS
from floe_tui.widgets.frame import Frame
from floe_tui.widgets.marks import chip
from floe_tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from floe_engine import Document, RuleTrial, Tried

NO_EXAMPLES = "No example shows what it passes or refuses.\n→ add  examples: {pass: […], fail: […]}"


class RulePane(Frame):
    """There while the text's cursor is in a rule."""

    def __init__(self) -> None:
        super().__init__(title="Rule", id="rule", classes="pane -follows -off")
        self.rule: RuleTrial | None = None

    def compose(self) -> ComposeResult:
        """The examples, one under another."""
        yield TextView(headings=True, wrap=True)

    def follow(self, document: Document, line: int, column: int) -> bool:
        """Show the rule that a place (zero-based) of a text lies in; whether it lies in one.

        While a line of the rule cannot be read, it stays what it was.
        """
        from floe_engine import Position, try_rule_at

        rule = try_rule_at(document, Position(line, column))
        known = self.rule
        if rule is None and document.recovered_lines and known and known.first <= line <= known.last:
            return True
        if rule != known:
            self.rule = rule
            self.set_class(rule is None, "-off")
            if rule is not None:
                self.entitle(rule.id or "Rule", verdict(rule))
                self.query_one(TextView).show(written(rule), keep_place=True)
        return rule is not None


def verdict(rule: RuleTrial) -> str:
    """Whether its examples hold, as a chip."""
    wrong = sum(not example.holds for example in rule.examples)
    if rule.mistakes:
        return chip(f"{GLYPHS['error']} {count(len(rule.mistakes), 'mistake')}", "error")
    if wrong:
        return chip(f"{GLYPHS['error']} {wrong} of {count(len(rule.examples), 'example')}", "error")
    if not rule.examples:
        return chip(f"{GLYPHS['warning']} no examples", "warning")
    return chip(f"{GLYPHS['done']} {count(len(rule.examples), 'example')}", "success")


def asked(rule: RuleTrial) -> str:
    """What it asks of whom, as facts by the names that the manifest has for them."""
    told = {"subject": rule.subject, "when": rule.when, "expr": rule.expr, "message": rule.message}
    return "\n".join(f"{label:<9}{' '.join(text.split())}" for label, text in told.items() if text)


def written(rule: RuleTrial) -> str:
    """Its mistakes, then its examples with what it says of them."""
    lines = [f"✗ {mistake}" for mistake in rule.mistakes]
    for wanted, title in (("pass", "# Passes"), ("fail", "# Is refused")):
        some = [_example(example) for example in rule.examples if example.wanted == wanted]
        lines += ["", title, *some] if some else []
    return "\n".join(lines).strip() or NO_EXAMPLES


def _example(example: Tried) -> str:
    said = {
        "pass": "the rule passes it",
        "skip": "`when` is false for it: it is not asked",
        "unknown": f"it cannot be told: {example.said}",
    }.get(example.answer, f"says: {example.said.strip()}" if example.answer else example.said)
    sign = "✓" if example.holds else "✗" if example.answer or example.said else "-"
    what = f"{sign} {example.given}"
    if example.holds and example.answer == "pass":
        return what
    return f"{what}\n    {said}" if said else what
