"""docs/keys.md, made from the table of actions by scripts/keys_reference.py."""

from __future__ import annotations

from floe_tui.actions import ACTIONS, Action, Place


def markdown() -> str:
    """docs/keys.md: every action by place."""
    lines = [
        "# Keys",
        "",
        "Made from `floe_tui/actions.py` and `place_actions.py` by `scripts/keys_reference.py`; do not edit.",
        "Give an action another key in the settings file's `[keys]` table, by its id.",
    ]
    for place in (None, *Place):
        rows = [action for action in ACTIONS if action.place == place and not action.part]
        lines += _table(place.title if place else "Everywhere", rows)
    for part, title in (
        ("list", "In lists"),
        ("filter", "In lists with a filter"),
        ("diff", "In comparisons"),
    ):
        lines += _table(title, [action for action in ACTIONS if action.part == part])
    return "\n".join(lines) + "\n"


def _table(title: str, rows: list[Action]) -> list[str]:
    if not rows:
        return []
    lines = ["", f"## {title}", ""]
    lines += ["| key | action | what it does | id |", "|---|---|---|---|"]
    for action in rows:
        keys = ", ".join(f"`{key}`" for key in action.keys.split(",") if key) or "palette"
        lines.append(f"| {keys} | {action.title} | {action.description} | `{action.id}` |")
    return lines
