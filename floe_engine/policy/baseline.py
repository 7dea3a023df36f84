"""A ratchet: what was known on the day a project began to be judged stops nothing; new findings do.

The file is JSON, canonical, made to be committed::

    {"apiVersion": "floe.dev/v1", "kind": "Baseline", "findings": {"<fingerprint>": {"rule": …,
     "subject": …, "parameter": …, "measure": "60.0000", "project": …}}}

It only shrinks: a finding that is gone leaves it, and none enters it but when it is made anew. Where a
finding has a measure (three of five columns are tested), a worse one is no old news. Where several
projects are judged together, each has its own; an entry that names none, as older files have them,
holds for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from floe_engine.acts import Act
from floe_engine.errors import ConfigurationError
from floe_engine.files import canonical_json, read_bounded, strict_json, write_file
from floe_engine.manifest.terms import API_VERSION
from floe_engine.patterns import pattern
from floe_engine.policy.finding import Finding
from floe_engine.policy.rule import Family, family_of
from floe_engine.text import printable

_MEASURE = pattern(r"-?[0-9]{1,15}(\.[0-9]{1,15})?\Z")

LIMIT = 64 * 1024 * 1024
"""Largest baseline file that is read, in bytes."""


class Baseline(Struct, frozen=True):
    """Known findings, by fingerprint; the values say for readers what each was."""

    findings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __contains__(self, finding: Finding) -> bool:
        entries = (self.findings[key] for key in _keys(finding) if key in self.findings)
        return any(not _worse(finding.measure, entry.get("measure")) for entry in entries)

    def __len__(self) -> int:
        return len(self.findings)

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Baseline:
        """A new baseline of all findings that count today; waivers have their own dates and stay out."""
        return cls(
            {
                finding.fingerprint: _entry(finding, finding.project)
                for finding in findings
                if not finding.waived and baselinable(finding)
            }
        )

    def shrunk(self, findings: Iterable[Finding]) -> Baseline:
        """What is left of it: entries that `findings` still has, at the best measure seen."""
        present = {key: finding for finding in findings for key in _keys(finding)}
        return Baseline(
            {
                key: _entry(present[key], value.get("project", ""))
                if present[key].measure is not None and present[key] in self
                else value
                for key, value in self.findings.items()
                if key in present
            }
        )

    def among(self, titles: Mapping[str, str]) -> Baseline:
        """The same findings where projects are told apart otherwise than when it was made.

        `titles` are their names by what findings call them, which depends on the others: nothing for the
        only one, and for one of two of the same name its folder as well.
        """
        moved = {}
        for key, entry in self.findings.items():
            title = entry.get("project", "")
            if title and title not in titles:
                name = title.partition(" (")[0]
                now = [each for each in titles if titles[each] == name]
                if now:  # where nobody can tell which of two it was, it is either's
                    found = Finding(
                        entry.get("rule", ""),
                        entry.get("subject", ""),
                        message="",
                        path="",
                        parameter=entry.get("parameter", ""),
                        project=now[0] if len(now) == 1 else "",
                    )
                    kept = {name: text for name, text in entry.items() if name != "project"}
                    key, entry = found.fingerprint, kept | _named(found.project)
            moved[key] = entry
        return Baseline(moved)

    @classmethod
    def load(cls, path: Path) -> Baseline:
        """Read a file. Raises `ConfigurationError` where it is absent or not a baseline."""
        data = read_bounded(path, LIMIT, what="baseline")
        try:
            return cls(_entries(strict_json(data)))
        except ValueError as error:
            raise ConfigurationError(
                "not a baseline file",
                str(error),
                hint=f"{Act.COMPILE:--baseline FILE} writes a new one where FILE does not exist",
                where=str(path),
            ) from None

    def save(self, path: Path, *, project: Path | None = None) -> None:
        """Write the file, atomically; inside `project` no link is followed."""
        write_file(path, self.render(), project=project)

    def render(self) -> bytes:
        """The file's bytes."""
        # A file name that is not UTF-8 is no text either; the fingerprint is what counts.
        known = {
            key: {
                name: text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
                for name, text in value.items()
            }
            for key, value in self.findings.items()
        }
        return canonical_json({"apiVersion": API_VERSION, "kind": "Baseline", "findings": known})


def _entries(document: Any) -> Mapping[str, Mapping[str, str]]:
    """The findings of a file. Raises `ValueError`: what is not understood must excuse nothing."""
    head = document if isinstance(document, dict) else {}
    said = f"{head.get('apiVersion')} {head.get('kind')}"
    if said != f"{API_VERSION} Baseline":
        raise ValueError(f"it says {printable(said)}, where {API_VERSION} Baseline is expected")
    findings = head.get("findings")
    if not isinstance(findings, dict):
        raise ValueError("it has no mapping `findings`")
    for key, entry in findings.items():
        if not isinstance(entry, dict) or not all(isinstance(text, str) for text in entry.values()):
            raise ValueError(f"what it says of finding {printable(key)} is no mapping of names to texts")
        measure = entry.get("measure", "0")
        if not _MEASURE.match(measure):
            raise ValueError(f"the measure of finding {printable(key)} is no number: {printable(measure)}")
    return findings


def _keys(finding: Finding) -> Iterator[str]:
    """Under which a finding may stand: as its project's, or as anybody's."""
    yield finding.fingerprint
    if finding.project:
        yield replace(finding, project="").fingerprint


def _entry(finding: Finding, project: str) -> Mapping[str, str]:
    entry = {"rule": finding.rule, "subject": finding.subject, "parameter": finding.parameter}
    entry |= _named(project)
    return entry if finding.measure is None else {**entry, "measure": f"{finding.measure:.4f}"}


def _named(project: str) -> dict[str, str]:
    return {"project": project} if project else {}


def _worse(now: float | None, known: str | None) -> bool:
    """Whether a measure has fallen below the known one; an older baseline knows none."""
    return now is not None and known is not None and now < float(known) - 0.001


def baselinable(finding: Finding) -> bool:
    """Whether a baseline may hold it: a finding about a waiver is never old news."""
    return family_of(finding.rule) is not Family.WAIVERS
