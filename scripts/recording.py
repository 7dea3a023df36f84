"""Record the workbench: the real ``floe-tui`` in a pseudo-terminal, played as an animated SVG.

    python scripts/recording.py [--into FILE] [--size 100x30] [--theme floe-dark]

It publishes a version of the demo's platform, and shows what that does to a project, in a scratch directory
with a home of its own. The keys and how long each picture stays are written below; how long the machine took
is not on the recording. Nothing is sent anywhere: the terminal is pyte, and the SVG is written here.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from tests.tui.terminal import KEYS, floe_tui  # noqa: E402  # they lie beside this folder

TARGET = ROOT / "docs" / "images" / "recording.svg"

CELL, LINE, SIZE = 8.4, 18.0, 14.0
"""Width and height of a cell, and of the font, in pixels."""

EDGE, BAR = 14.0, 34.0
"""Pixels around the terminal, and below it for what was pressed."""

TYPING = 0.07
"""Seconds that a typed letter stays."""


@dataclass(frozen=True, slots=True)
class Step:
    """Keys, what must be on the screen before the picture is taken, how long it stays, and what it is."""

    keys: tuple[str, ...]
    shows: tuple[str, ...]
    stays: float
    says: str
    typed: str = ""
    """Text that is typed a letter at a time before the keys."""


STEPS = (
    Step((), ("no problems", "manifest.yaml 1:1"), 2.2, "the platform's manifest, checked as you type"),
    Step(("ctrl+g",), ("Go to line",), 0.6, "Ctrl+G  go to a line"),
    Step(("enter", "end"), ("14:",), 0.8, "Ctrl+G  go to a line", typed="14"),
    Step((), ("1 error", "duckbd"), 2.2, "a mistake is underlined at once", typed="\x7f\x7fbd"),
    Step(("ctrl+t",), ("duckdb", "no problems"), 1.6, "Ctrl+T  the quick fix"),
    Step(("f3",), ("breaking", "COV001"), 2.8, "F3  what changed since the last version"),
    Step(("f4",), ("Naming convention", " cases"), 2.2, "F4  the policies are tested themselves"),
    Step(("f5",), ("Preflight of v2.0.0", "will break"), 3.0, "F5  six checks, and who would be hurt"),
    Step(("p",), ("Publish", "Cancel"), 2.2, "p  asks first, naming target and digest"),
    Step(("y",), ("✓ published",), 3.0, "y  pushed, signed, verified; the tag comes last"),
    Step(("f6",), ("v2.0.0", "v1.3.0", "online"), 2.4, "F6  every version, and who signed it"),
    Step(("0",), ("Welcome", "/project"), 1.4, "0  start: a directory of before"),
    Step(("G", "enter"), ("Findings", "E210"), 2.6, "Enter  a dbt project, judged by its platform"),
    Step(("j",), ("silver_orders",), 1.8, "j  each finding in its source"),
    Step(("u",), ("v2.0.0", "newest"), 1.6, "u  another version of the platform"),
    Step(("enter",), ("What changed",), 4.0, "Enter  what it would newly break, before it is taken"),
)


Run = tuple[int, str, str, str, bool, bool, bool]
"""Column, text, foreground, background, bold, italic, underlined."""

Row = tuple[Run, ...]


@dataclass
class Film:
    """Pictures in their order, each drawn from rows that several may share."""

    rows: dict[Row, int] = field(default_factory=dict)
    frames: list[tuple[list[tuple[int, int]], float, str]] = field(default_factory=list)
    """Rows as line and number, seconds, and what was pressed."""

    def take(self, screen: Any, seconds: float, says: str) -> None:
        """A picture of a pyte screen; the same as the last only makes that one stay longer."""
        drawn = []
        for y in range(screen.lines):
            row = tuple(_runs(screen.buffer[y], screen.columns))
            if row:
                drawn.append((y, self.rows.setdefault(row, len(self.rows))))
        if self.frames and self.frames[-1][0] == drawn and self.frames[-1][2] == says:
            self.frames[-1] = (drawn, self.frames[-1][1] + seconds, says)
        else:
            self.frames.append((drawn, seconds, says))


def _runs(line: Any, columns: int) -> Iterator[Run]:
    """The pieces of a line that look the same; empty ones of the ground's colour are left out."""

    def look(x: int) -> tuple[str, str, bool, bool, bool]:
        cell = line[x]
        fg, bg = _colour(cell.fg, INK), _colour(cell.bg, GROUND)
        if cell.reverse:
            fg, bg = bg, fg
        return fg, bg, cell.bold, cell.italics, cell.underscore

    for style, places in groupby(range(columns), look):
        at = list(places)
        text = "".join(line[x].data for x in at)
        if text.strip() or style[1] != GROUND:
            yield (at[0], text, *style)


INK, GROUND = "#dde5ec", "#0f151c"


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return f"#{name}" if len(name) == 6 and all(c in "0123456789abcdef" for c in name) else default


# --- the SVG -----------------------------------------------------------------------------------


def svg(film: Film, columns: int, rows: int) -> str:
    """The film as one SVG: its pictures hang one below another, and a step moves to the next."""
    width, height = columns * CELL, rows * LINE
    whole = height + BAR
    seconds = sum(stays for _, stays, _ in film.frames)
    stops, at = [], 0.0
    for number, (_, stays, _) in enumerate(film.frames):
        stops.append(f"{100 * at / seconds:.3f}%{{transform:translateY({-number * whole:g}px)}}")
        at += stays
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 2 * EDGE:g} {whole + 2 * EDGE:g}" '
        f"font-family=\"'Fira Code',ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace\" "
        f'font-size="{SIZE:g}" role="img" aria-label="floe-tui: a platform is published, and what that does '
        'to a dbt project is shown before it is taken">',
        f"<style>.film{{animation:film {seconds:.2f}s step-end infinite}}"
        f"@keyframes film{{{''.join(stops)}}}"
        "@media (prefers-reduced-motion:reduce){.film{animation:none}}"
        "text{white-space:pre}.b{font-weight:bold}.i{font-style:italic}.u{text-decoration:underline}</style>",
        "<defs>",
        *(f'<g id="r{number}">{"".join(_drawn(row))}</g>' for row, number in film.rows.items()),
        "</defs>",
        f'<rect width="100%" height="100%" rx="10" fill="{GROUND}"/>',
        f'<svg x="{EDGE:g}" y="{EDGE:g}" width="{width:g}" height="{whole:g}"><g class="film">',
    ]
    for number, (drawn, _, says) in enumerate(film.frames):
        uses = "".join(f'<use href="#r{row}" y="{y * LINE:g}"/>' for y, row in drawn)
        parts.append(f'<g transform="translate(0 {number * whole:g})">{uses}{_caption(says, height)}</g>')
    return "\n".join([*parts, "</g></svg></svg>", ""])


def _drawn(row: Row) -> Iterator[str]:
    for column, text, fg, bg, bold, italic, underlined in row:
        x, size = column * CELL, len(text) * CELL
        if bg != GROUND:
            yield f'<rect x="{x:g}" width="{size + 0.3:g}" height="{LINE + 0.3:g}" fill="{bg}"/>'
        if text.strip():
            lead = len(text) - len(text.lstrip(" "))
            text = text.strip(" ")
            kinds = "".join(name for name, on in zip("biu", (bold, italic, underlined), strict=True) if on)
            looks = f' class="{" ".join(kinds)}"' if kinds else ""
            yield (
                f'<text x="{x + lead * CELL:g}" y="13.5" fill="{fg}"{looks} '
                f'textLength="{len(text) * CELL:g}">{escape(text, quote=False)}</text>'
            )


def _caption(says: str, height: float) -> str:
    """What was pressed, as a key cap, and what it does."""
    key, gap, about = says.partition("  ")
    y, x, cap = height + 14, 0.0, ""
    if gap:
        x = (len(key) + 2) * CELL
        cap = (
            f'<rect y="{y - 3:g}" width="{x:g}" height="20" rx="4" fill="#1b2530"/>'
            f'<text class="b" x="{CELL:g}" y="{y + 11:g}" fill="{INK}">{escape(key)}</text>'
        )
        x += CELL
    return f'{cap}<text x="{x:g}" y="{y + 11:g}" fill="#9caab7">{escape(about if gap else says)}</text>'


# --- the recording -----------------------------------------------------------------------------


def record(folder: Path, steps: Sequence[Step], columns: int, rows: int, theme: str) -> Film:
    """Run the real program in `folder`, press the keys, and take a picture after each."""
    film = Film()
    with floe_tui(folder, "--theme", theme, columns=columns, rows=rows) as terminal:
        for step in steps:
            for letter in step.typed:
                terminal.press(letter)
                terminal.rests(seconds=0.15)
                film.take(terminal._screen, TYPING, step.says)  # noqa: SLF001  # its own screen
            for key in step.keys:
                terminal.press(KEYS.get(key, _KEYS.get(key, key)))
                terminal.rests(seconds=0.4)
            terminal.shows(*step.shows, seconds=90)
            terminal.rests(seconds=0.8)
            film.take(terminal._screen, step.stays, step.says)  # noqa: SLF001
    return film


_KEYS = {"ctrl+g": "\x07", "ctrl+t": "\x14", "end": "\x1b[F"}


def main() -> None:
    """Record what the steps say."""
    import screenshots

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--into", type=Path, default=TARGET, metavar="FILE")
    parser.add_argument("--size", default="110x32", metavar="COLUMNSxROWS")
    parser.add_argument("--theme", default="floe-dark")
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder).resolve()
        screenshots.own_home(scratch)
        screenshots.prepare(scratch)
        from floe_tui.session import Session

        known = Session.load(scratch / "project")
        known.place = "project"
        known.save()  # so that Start lists it
        del os.environ["SOURCE_DATE_EPOCH"]
        film = record(scratch / "platform", STEPS, columns, rows, options.theme)
        text = svg(film, columns, rows)
        assert str(scratch) not in text, "it shows a path of this machine"
    options.into.write_text(text, encoding="utf-8")
    print(f"{options.into}: {len(film.frames)} pictures, {len(text) // 1000} kB")


if __name__ == "__main__":
    main()
