"""Changes that people have looked at and let pass, in a file that is reviewed like code.

```yaml
suppressions:
  - rule: COV001
    path: governance.quality_gates.minimum_test_coverage   # as the refusal shows it
    fingerprint: 0f3a…           # optional: this change and no later one
    reason: every project is above 90% already
    owner: data-platform@acme.example
    expires: 2026-06-30          # the last day on which it holds
    acknowledge_security: true   # needed where the rule touches security
```

A suppression takes one change out of what a version number must promise. It hides nothing: the
change stays in the diff and in the changelog.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Self

from msgspec import Meta, Struct
from msgspec.structs import fields

from floe_engine.document.diagnostics import Diagnostic, Severity
from floe_engine.document.document import Document, parse
from floe_engine.document.nodes import KeyPath
from floe_engine.document.text import read_text
from floe_engine.errors import ConfigurationError, UsageError
from floe_engine.files import stands
from floe_engine.manifest.base import Section, WrongShape
from floe_engine.manifest.reading import read
from floe_engine.text import did_you_mean
from floe_engine.upgrade.rules import Assessment, Entry, rule

SUPPRESSIONS_FILE = "floe-suppressions.yaml"
"""Its name, beside manifest.yaml."""

MAX_SUPPRESSIONS = 1_000_000
"""Bytes of the file at most."""

SHAPE = "FLOE-U001"

MEANINGS: Mapping[str, str] = {
    SHAPE: f"An entry of {SUPPRESSIONS_FILE} that is incomplete or misspelt. Every suppression has rule, "
    "path, reason, owner and expires, so that nothing is let pass by an oversight.",
}
"""Code to what it means, for ``floe explain``."""

Word = Annotated[str, Meta(max_length=500, pattern=r"\S")]


class Suppression(Section, frozen=True, kw_only=True):
    """One change that is let pass."""

    rule: Word
    """ID of the upgrade rule, ``COV001``."""
    path: Word
    """The setting, as a refusal shows it; ``*`` stands for anything."""
    fingerprint: Word | None = None
    """Of the change; without it, later changes of the same setting pass as well."""
    reason: Word
    """Why it may pass."""
    owner: Word
    """Who answers for it."""
    expires: date
    """The last day on which it holds."""
    acknowledge_security: bool = False
    """Whether its author knows that the rule touches security."""

    def covers(self, entry: Entry) -> bool:
        """Whether it is about this change, whatever the date."""
        return (
            rule(self.rule) == entry.rule
            and fnmatchcase(entry.place, self.path)
            and self.fingerprint in (None, entry.fingerprint)
        )


class _File(Section, frozen=True, kw_only=True):
    suppressions: tuple[Suppression, ...] = ()


class Suppressed(Struct, frozen=True):
    """An assessment without what is suppressed, and an account of the suppressions."""

    remaining: Assessment
    """What a version number must still promise."""
    suppressed: tuple[tuple[Entry, Suppression], ...] = ()
    unused: tuple[Suppression, ...] = ()
    """Those that no change needs any more: take them out."""
    expired: tuple[Suppression, ...] = ()
    """Those past their last day; they suppress nothing."""
    unacknowledged: tuple[Suppression, ...] = ()
    """Those of security rules without ``acknowledge_security: true``; they suppress nothing."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What the owner of the file should know, a sentence each."""
        return (
            *(
                f"suppression of {s.rule} at {s.path} expired on {s.expires} ({s.owner})"
                for s in self.expired
            ),
            *(f"suppression of {s.rule} at {s.path} is not needed any more" for s in self.unused),
            *(
                f"suppression of {s.rule} at {s.path} needs acknowledge_security: true"
                for s in self.unacknowledged
            ),
        )


class Suppressions(Struct, frozen=True):
    """The content of a suppressions file."""

    entries: tuple[Suppression, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file; one that is not there suppresses nothing. Raises `ConfigurationError`."""
        if not stands(path):
            return cls()
        text = read_text(path, MAX_SUPPRESSIONS, what="suppressions file")
        return cls.parse(text, where=str(path))

    @classmethod
    def parse(cls, text: str, *, where: str = SUPPRESSIONS_FILE) -> Self:
        """Read the text of a file. Raises `ConfigurationError` with every problem and its place."""
        document = parse(text)
        problems = [d for d in document.diagnostics if d.severity is Severity.ERROR]
        if not problems:
            value: Any = document.value if document.value is not None else {}
            try:
                entries = read(_File, value).suppressions
                problems = list(_unknown_rules(document, entries))
                if not problems:
                    return cls(entries)
            except WrongShape as error:
                problems = [_problem(document, detail) for detail in error.errors]
        first = problems[0]
        raise ConfigurationError(
            f"{SUPPRESSIONS_FILE} is not valid" if len(problems) == 1 else f"{len(problems)} problems",
            first.message,
            hint=first.hint,
            where=f"{where}:{first.span.start}",
            diagnostics=problems,
        )

    def apply(self, assessment: Assessment, *, today: date | None = None) -> Suppressed:
        """Take out of `assessment` what is suppressed on `today` (UTC)."""
        day = today or datetime.now(UTC).date()
        remaining: list[Entry] = []
        suppressed: list[tuple[Entry, Suppression]] = []
        used: set[int] = set()
        unacknowledged: dict[int, Suppression] = {}
        for entry in assessment.entries:
            chosen: Suppression | None = None
            for index, candidate in enumerate(self.entries):
                if not candidate.covers(entry):
                    continue
                used.add(index)
                if candidate.expires < day:
                    continue
                if entry.security and not candidate.acknowledge_security:
                    unacknowledged[index] = candidate
                    continue
                chosen = candidate
                break
            if chosen is None:
                remaining.append(entry)
            else:
                suppressed.append((entry, chosen))
        expired = tuple(entry for entry in self.entries if entry.expires < day)
        return Suppressed(
            Assessment(tuple(remaining)),
            tuple(suppressed),
            unused=tuple(
                entry
                for index, entry in enumerate(self.entries)
                if index not in used and entry.expires >= day
            ),
            expired=expired,
            unacknowledged=tuple(unacknowledged.values()),
        )


def _unknown_rules(document: Document, entries: Iterable[Suppression]) -> Iterator[Diagnostic]:
    for number, entry in enumerate(entries):
        try:
            rule(entry.rule)
        except UsageError as error:
            message = f"{error.title}; {error.hint}"
            yield _problem(
                document, {"loc": ("suppressions", number, "rule"), "type": "unknown", "msg": message}
            )


def _problem(document: Document, detail: Mapping[str, Any]) -> Diagnostic:
    path = tuple(detail["loc"])
    kind, message, hint = detail["type"], detail["msg"].removeprefix("Value error, "), ""
    key = str(path[-1]) if path else ""
    if kind == "missing":
        message = f"{key} is missing"
        hint = "every suppression has rule, path, reason, owner and expires"
    elif kind == "extra_forbidden":
        message = f"unknown key {key!r}"
        near = did_you_mean(key, _keys(path))
        hint = f"did you mean {near}?" if near else ""
    elif key == "expires":
        message = "expires is no date"
        hint = "write the last day as 2026-06-30"
    return Diagnostic(
        code=SHAPE,
        severity=Severity.ERROR,
        span=document.locate(path, key=kind == "extra_forbidden"),
        message=message,
        hint=hint,
        path=path,
    )


def _keys(path: KeyPath) -> Iterable[str]:
    return [field.name for field in fields(_File if len(path) == 1 else Suppression)]
