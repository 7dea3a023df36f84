"""Past a syntax error: find the line to blame, say what is wrong with it, and read on.

libyaml stops at the first error. Each of `guesses` is tried on the text; the one after which
libyaml gets furthest is believed, so that the rest of the text is still checked and as little
of it as possible is lost. Lines keep their numbers, hence every position stays true.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.document.codes import CONFLICT, GAVE_UP
from floe_engine.document.diagnostics import Diagnostic, Fix, Severity, Span, TextEdit
from floe_engine.document.entries import whole_lines
from floe_engine.document.guesses import Guess, guesses, open_quote_lines
from floe_engine.document.libyaml import SyntaxProblem, first_problem
from floe_engine.document.nodes import KeyPath, Kind, Node
from floe_engine.document.problems import MAX_DIAGNOSTICS
from floe_engine.patterns import pattern

MAX_ERRORS: Final = 20
"""Syntax errors that are explained; what follows the last is not checked."""

MAX_TRIES: Final = 12
"""Guesses that are tried for one error."""

MAX_SCANNED: Final = 24_000_000
"""Characters that may be read again in all, about a third of a second."""

_MARKER: Final = pattern(r"(<{7}|\|{7}|={7}|>{7})(?: .*)?")


class Recovered(Struct, frozen=True):
    """The lines as they were read in the end, what was wrong, and which lines lost something."""

    lines: list[str]
    diagnostics: tuple[Diagnostic, ...]
    dropped: frozenset[int]


def recover(original: list[str], problem: SyntaxProblem) -> Recovered:
    """Mend or drop lines of `original`, in which libyaml met `problem`, until the rest can be read."""
    lines = list(original)
    diagnostics: list[Diagnostic] = []
    dropped: set[int] = set()
    scanner = _Scanner()
    pending: SyntaxProblem | None = problem
    if any(line.startswith("<<<<<<< ") for line in lines):
        diagnostics.extend(_settle_conflicts(lines))
        pending = scanner.first_problem(lines)
    conflicts = len(diagnostics)
    quotes = open_quote_lines(lines)
    mended: set[tuple[int, str]] = set()
    while pending is not None:
        found = _best_guess(lines, pending, quotes, mended, scanner)
        if found is None or len(diagnostics) - conflicts >= MAX_ERRORS:
            line = min(pending.line, len(lines) - 1)
            diagnostics.append(_gave_up(original, line))
            dropped.update(range(line, len(lines)))
            lines[line:] = [""] * (len(lines) - line)
            # What stands above may be open still: a quote, a bracket. The tree ends there.
            break
        guess, pending = found
        diagnostics.append(_diagnostic(guess, lines, original))
        if guess.drops:
            dropped.update(guess.replaced)
        mended.update((number, guess.code) for number in guess.replaced)
        for number, text in guess.replaced.items():
            lines[number] = text
    return Recovered(lines, tuple(diagnostics), frozenset(dropped))


class Places:
    """Takes places in the lines as they were read back to places in the lines as they are written."""

    def __init__(self, written: list[str], read: list[str]) -> None:
        self._edits: dict[int, TextEdit] = {}
        for number, (old, new) in enumerate(zip(written, read, strict=True)):
            if old is not new and (edit := line_edit(number, old, new)) is not None:
                self._edits[number] = edit

    def restore(self, root: Node | None) -> None:
        """Correct the places of every node of the tree."""
        seen: set[Node] = set()
        pending = [root] if root is not None else []
        while pending:
            node = pending.pop()
            if node in seen:
                continue
            seen.add(node)
            if node.line in self._edits:
                node.column = self._column(node.line, node.column)
            if node.end_line in self._edits:
                node.end_column = self._column(node.end_line, node.end_column)
            pending += (*node.keys.values(), *node.children.values(), *node.items, *node.origins.values())

    def diagnostic(self, found: Diagnostic) -> Diagnostic:
        """The same, with its own and its related spans corrected; without fixes where these would not fit."""
        spans = [edit.span for fix in found.fixes for edit in fix.edits]
        fits = all(self._span(span) == span for span in spans)
        return replace(
            found,
            span=self._span(found.span),
            related=tuple(replace(each, span=self._span(each.span)) for each in found.related),
            fixes=found.fixes if fits else (),
        )

    def _span(self, span: Span) -> Span:
        start, end = span.start, span.end
        return Span.at(
            start.line,
            self._column(start.line, start.column),
            end.line,
            self._column(end.line, end.column),
        )

    def _column(self, line: int, column: int) -> int:
        edit = self._edits.get(line)
        if edit is None or column <= edit.span.start.column:
            return column
        start, end = edit.span.start.column, edit.span.end.column
        behind = column - start - len(edit.new_text)
        return end + behind if behind >= 0 else min(column, end)


def uncertain_paths(root: Node | None, original: list[str], dropped: frozenset[int]) -> frozenset[KeyPath]:
    """The mappings and values that may have lost something to the `dropped` lines."""
    found: set[KeyPath] = set()
    for number in dropped:
        line = original[number]
        if line.strip():
            found.update(_owners(root, number, len(line) - len(line.lstrip(" \t"))))
    return frozenset(found)


def _owners(root: Node | None, line: int, indent: int) -> list[KeyPath]:
    """Whose entry a line that begins at `indent` may have been."""
    path: KeyPath = ()
    node = root
    while node is not None and node.via is None:
        entry = _entry_above(node, line)
        if entry is None:
            break
        step, first, child = entry
        column = first.column if node.kind is Kind.MAPPING else node.column
        if first.line != line and column >= indent:
            # A line between two columns may as well belong to the mapping around.
            return [path] if column == indent or not path else [path, path[:-1]]
        path = (*path, step)
        node = child
    return [path]


def _entry_above(node: Node, line: int) -> tuple[str | int, Node, Node] | None:
    last: tuple[str | int, Node, Node] | None = None
    for name, key in node.keys.items():
        if name not in node.origins and key.line <= line:
            last = (name, key, node.children[name])
    for index, item in enumerate(node.items):
        if item.line <= line:
            last = (index, item, item)
    return last


class _Scanner:
    """Asks libyaml how far it gets, within a budget."""

    def __init__(self) -> None:
        self.budget = MAX_SCANNED

    def first_problem(self, lines: list[str]) -> SyntaxProblem | None:
        text = "\n".join(lines)
        self.budget -= len(text)
        return first_problem(text)


def _best_guess(
    lines: list[str],
    problem: SyntaxProblem,
    quotes: list[int],
    mended: set[tuple[int, str]],
    scanner: _Scanner,
) -> tuple[Guess, SyntaxProblem | None] | None:
    """The guess that gets furthest past `problem` and where the next one is; None if none gets past."""
    best: tuple[Guess, SyntaxProblem | None] | None = None
    furthest = (problem.line, problem.column)
    tried: set[tuple[tuple[int, str], ...]] = set()
    for guess in islice(guesses(lines, problem, quotes), 3 * MAX_TRIES):
        change = tuple(sorted(guess.replaced.items()))
        if change in tried or all(lines[number] == text for number, text in change):
            continue
        if not guess.drops and any((number, guess.code) in mended for number, _ in change):
            continue  # that mend did not help this line the first time
        tried.add(change)
        if scanner.budget <= 0 or len(tried) > MAX_TRIES:
            break
        if guess.drops and best is not None and best[1] is not None and best[1].line in guess.replaced:
            continue  # it would get further only by hiding the next error
        after = scanner.first_problem(_replace(lines, guess.replaced))
        if after is None:
            return guess, None
        if (after.line, after.column) > furthest:
            furthest = (after.line, after.column)
            best = (guess, after)
    return best


def _replace(lines: list[str], replaced: Mapping[int, str]) -> list[str]:
    changed = list(lines)
    for number, text in replaced.items():
        changed[number] = text
    return changed


def _diagnostic(guess: Guess, lines: list[str], original: list[str]) -> Diagnostic:
    fixes: tuple[Fix, ...] = ()
    if guess.fix and all(lines[number] == original[number] for number in guess.replaced):
        edits = [line_edit(number, lines[number], text) for number, text in sorted(guess.replaced.items())]
        fixes = (Fix(guess.fix, tuple(edit for edit in edits if edit is not None)),)
    found = Diagnostic(guess.code, Severity.ERROR, guess.span, guess.message, guess.hint, fixes=fixes)
    touched = lines[guess.span.start.line] != original[guess.span.start.line]
    return Places(original, lines).diagnostic(found) if touched else found


def line_edit(number: int, old: str, new: str) -> TextEdit | None:
    """The smallest edit that makes line `number` read `new` instead of `old`."""
    if old == new:
        return None
    shortest = min(len(old), len(new))
    start = next((at for at in range(shortest) if old[at] != new[at]), shortest)
    rest = shortest - start
    end = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    return TextEdit(Span.at(number, start, number, len(old) - end), new[start : len(new) - end])


def _gave_up(lines: list[str], line: int) -> Diagnostic:
    span = Span.at(line, 0, line, len(lines[line].rstrip()) or len(lines[line]))
    message = "from here on the text cannot be read as YAML and is not checked"
    return Diagnostic(GAVE_UP, Severity.ERROR, span, message, "mend what is reported above first")


def _settle_conflicts(lines: list[str]) -> list[Diagnostic]:
    """Blank the markers of git's conflicts and the second side of each; one diagnostic a conflict."""
    markers = [
        (number, found[1][0]) for number, line in enumerate(lines) if (found := _MARKER.fullmatch(line))
    ]
    before = list(lines)
    result = []
    for index, (start, kind) in enumerate(markers):
        lines[start] = ""
        if kind != "<":
            continue
        rest = markers[index + 1 : index + 4]
        middle = next((number for number, other in rest if other == "="), None)
        base = next((number for number, other in rest if other == "|"), middle)
        end = next((number for number, other in rest if other == ">"), None)
        fixes: tuple[Fix, ...] = ()
        if middle is not None and base is not None and end is not None and start < base <= middle < end:
            lines[base:end] = [""] * (end - base)
            first = (whole_lines(before, start, start + 1), whole_lines(before, base, end + 1))
            second = (whole_lines(before, start, middle + 1), whole_lines(before, end, end + 1))
            fixes = (
                Fix("keep the first side", tuple(TextEdit(span, "") for span in first)),
                Fix("keep the second side", tuple(TextEdit(span, "") for span in second)),
            )
        span = Span.at(start, 0, start, len(before[start].rstrip()))
        message = "an unresolved merge conflict: both sides are still in the file"
        hint = "keep one side and remove the marker lines"
        result.append(Diagnostic(CONFLICT, Severity.ERROR, span, message, hint, fixes=fixes))
    return result[:MAX_DIAGNOSTICS]
