"""What one pass over the events finds wrong that is no syntax error, in words and with fixes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from floe_engine.document.codes import (
    ALIAS_UNDEFINED,
    ANCHOR_UNUSED,
    DUPLICATE_KEY,
    NESTED_TOO_DEEPLY,
    SECOND_DOCUMENT,
    TAG_MISMATCH,
    TAG_UNKNOWN,
)
from floe_engine.document.diagnostics import Diagnostic, Fix, Related, Severity, Span, TextEdit
from floe_engine.document.entries import block_removal, entry_start, flow_removal, last_line
from floe_engine.document.libyaml import MAX_DEPTH, Event
from floe_engine.document.nodes import MappingNode, Node, Style
from floe_engine.document.text import shown
from floe_engine.patterns import pattern

MAX_DIAGNOSTICS: Final = 1_000
"""More problems of one text are not listed: nobody reads them, and a hostile text has millions."""

MOST_TOLD: Final = 100
"""Wrong keys and values of one file that are told one by one."""

CORE_TAG: Final = "tag:yaml.org,2002:"
"""What ``!!`` stands for (YAML 1.2.2 §6.8.2)."""

CORE_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}
"""Core tags of scalars that are no text, and the values that fit."""

PROPERTY: Final = pattern(r"!<[^>]*>|[&!][^\s,\[\]{}]*")
"""An anchor or a tag."""


Detail = TypeVar("Detail")


def told(details: Sequence[Detail], tell: Callable[[Detail], Diagnostic]) -> list[Diagnostic]:
    """What `tell` makes of the first `MOST_TOLD` of what is wrong, and how many more there are."""
    found = [tell(detail) for detail in details[:MOST_TOLD]]
    if rest := details[MOST_TOLD:]:
        message = f"{len(rest):,} more {'problem' if len(rest) == 1 else 'problems'}, from here on"
        found.append(replace(tell(rest[0]), message=message, hint="mend what is listed first", fixes=()))
    return found


class Problems:
    """Collects diagnostics of a text, given as `lines`."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.found: list[Diagnostic] = []

    @property
    def full(self) -> bool:
        """Whether no more will be listed."""
        return len(self.found) >= MAX_DIAGNOSTICS

    def error(
        self,
        code: str,
        span: Span,
        message: str,
        hint: str = "",
        *,
        related: tuple[Related, ...] = (),
        fixes: tuple[Fix, ...] = (),
    ) -> None:
        """Note one error; past `MAX_DIAGNOSTICS` it is dropped."""
        if not self.full:
            self.found.append(
                Diagnostic(code, Severity.ERROR, span, message, hint, related=related, fixes=fixes)
            )

    def duplicate(self, parent: MappingNode, key: Node, value: Node) -> None:
        """`key: value` is the second entry of that name in `parent`."""
        if self.full:
            return
        first = parent.keys[key.raw]
        start = entry_start(self.lines, key)
        if parent.style is Style.FLOW:
            edit = flow_removal(self.lines, start, value.end)
        else:
            edit = block_removal(self.lines, start, last_line(self.lines, key, value))
        name = shown(key.raw)
        self.error(
            DUPLICATE_KEY,
            key.span,
            f"the key `{name}` is already on line {first.line + 1}; only that one is used",
            "remove one of them",
            related=(Related(first.span, "first written here"),),
            fixes=(Fix(f"remove this second `{name}`", (edit,)),),
        )

    def second_document(self, event: Event) -> None:
        """`event` starts a document after another."""
        mark = event.start_mark
        width = 3 if event.explicit else 1
        self.error(
            SECOND_DOCUMENT,
            Span.at(mark.line, mark.column, mark.line, mark.column + width),
            "a second YAML document begins here; floe reads only the first",
            "remove the `---`, or move what follows to a file of its own",
        )

    def too_deep(self, span: Span) -> None:
        """What begins at `span` is deeper than `MAX_DEPTH`."""
        self.error(
            NESTED_TOO_DEEPLY,
            span,
            f"nested deeper than {MAX_DEPTH} levels; what is inside is not read",
            "check for a bracket or an alias that repeats itself",
        )

    def tag_error(self, tag: str, node: Node, line: int, column: int) -> None:
        """`tag`, written at or behind (line, column), is unknown or does not fit `node`."""
        text = self.lines[line]
        begin = max(text.find("!", column), column)
        found = PROPERTY.match(text, begin)
        end = found.end() if found else begin + 1
        rest = re.compile(r"[ \t]*").match(text, end)
        short = f"!!{tag.removeprefix(CORE_TAG)}" if tag.startswith(CORE_TAG) else tag
        core = short[2:] in ("map", "seq", "str", *CORE_TYPES) and tag.startswith(CORE_TAG)
        message = (
            f"the tag {short} does not fit a {node.kind}"
            if core
            else f"the tag {shown(short)} means nothing to floe; the value is read as if it were not there"
        )
        edit = TextEdit(Span.at(line, begin, line, rest.end() if rest else end), "")
        self.error(
            TAG_MISMATCH if core else TAG_UNKNOWN,
            Span.at(line, begin, line, end),
            message,
            "remove the tag",
            fixes=(Fix("remove the tag", (edit,)),),
        )

    def undefined_alias(self, anchor: str, span: Span, anchors: Iterable[str]) -> None:
        """`*anchor` stands at `span`, and of all `anchors` so far none is it."""
        if self.full:
            return
        # A hostile text has a hundred thousand of each: suggest for the first few alone.
        near: list[str] = []
        if len(self.found) < 10:
            from difflib import get_close_matches

            near = get_close_matches(anchor, list(anchors)[:100], 1)
        hint = f"did you mean *{near[0]}?" if near else f"define it first with &{shown(anchor)}"
        fixes = (Fix(f"change to *{near[0]}", (TextEdit(span, f"*{near[0]}"),)),) if near else ()
        message = f"no anchor &{shown(anchor)} stands before this alias"
        self.error(ALIAS_UNDEFINED, span, message, hint, fixes=fixes)

    def unused_anchor(self, anchor: str, span: Span) -> None:
        """No alias names the anchor at `span`."""
        if not self.full:
            message = f"the anchor &{shown(anchor)} is never used"
            self.found.append(Diagnostic(ANCHOR_UNUSED, Severity.INFO, span, message))


def first_line(node: Node) -> Span:
    """Its span, cut to one character where it has several lines: whole blocks are not underlined."""
    if node.line == node.end_line:
        return node.span
    return Span.at(node.line, node.column, node.line, node.column + 1)
