"""One self-contained HTML page: the shell that every page of floe has, and its few building blocks.

A page loads nothing: its policy forbids every request, its one script is allowed by its digest, and
all text goes through `text`, so that no name in a project becomes markup. It is read in light, in
dark and on paper, and nothing is told by colour alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import NewType

from floe_engine.text import printable

Html = NewType("Html", str)
"""Markup that is safe to put into a page."""


def text(value: object) -> Html:
    """Text as markup that shows it: no tags, no control or reversing characters.

    No line of the page begins with it: a page that goes to stdout is read by the runner that keeps the log.
    """
    return Html(escape(printable(str(value), lines=True)).replace("\n", "&#10;"))


def tag(name: str, *content: Html, **attributes: object) -> Html:
    """An element; ``class_`` is ``class``, and None leaves an attribute out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{said}>{''.join(content)}</{name}>")


def joined(parts: Iterable[Html]) -> Html:
    """Several pieces, one after the other."""
    return Html("".join(parts))


def bar(share: float, label: str, *, mark: float | None = None, kind: str = "") -> Html:
    """A bar of `share` (0 to 1) with its value in words, and a mark where it should reach."""
    width = 100 * min(max(share, 0.0), 1.0)
    drawn = tag("i", class_=f"fill {kind}".strip(), style=f"width:{width:.1f}%")
    if mark is not None:
        drawn = joined([drawn, tag("i", class_="mark", style=f"left:{100 * min(max(mark, 0), 1):.1f}%")])
    return joined([tag("span", drawn, class_="bar", aria_hidden="true"), tag("span", text(label))])


def table(head: Sequence[str], rows: Iterable[Sequence[Html]], *, numbers: Sequence[int] = ()) -> Html:
    """A table; `numbers` are the columns that are flush right."""
    classes = ["n" if column in numbers else None for column in range(len(head))]
    heads = joined(tag("th", text(cell), class_=css) for cell, css in zip(head, classes, strict=True))
    body = joined(
        tag("tr", *(tag("td", cell, class_=css) for cell, css in zip(row, classes, strict=True)))
        for row in rows
    )
    return tag("table", tag("thead", tag("tr", heads)), tag("tbody", body))


def cards(numbers: Mapping[str, tuple[int, str]]) -> Html:
    """A row of numbers, each with what it counts, and its class where it is not 0."""
    return tag(
        "ul",
        *(
            tag("li", tag("b", text(f"{number:,}"), class_=css or None if number else None), text(name))
            for name, (number, css) in numbers.items()
        ),
        class_="cards",
    )


def filters(kinds: Sequence[str]) -> Html:
    """The field that searches what stands in ``.rows`` below it, and a choice among `kinds`."""
    options = joined(tag("option", text(kind), value=kind) for kind in kinds)
    return tag(
        "form",
        tag("label", text("Search "), Html('<input type="search" id="search" autocomplete="off">')),
        tag("label", text("Show "), tag("select", tag("option", text("all"), value=""), options, id="kind")),
        tag("output", id="shown"),
        class_="filters",
    )


def page(title: str, *body: Html) -> str:
    """The whole page."""
    style, script = _resource("page.css"), _resource("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}';"
        " base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{''.join(body)}\n</main>\n<script>{script}</script>\n</body>\n</html>\n"
    )


@cache
def _resource(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")
