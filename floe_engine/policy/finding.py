"""What a rule found, as a value. Reports, the upgrade preview and the workbench share it."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from floe_engine.artifact.model import Waiver

FindingSeverity = Literal["error", "warning", "info"]

Result = Literal["pass", "fail", "warn", "skip", "waived"]
"""What a rule says of a resource: `fail` stops a build, `warn` does not, `waived` is excused, and
`skip` means that the rule was not asked (off, not wanted by the platform, or not applicable)."""


SPEC_FILE = "floe.yaml"
"""Where a finding stands that is about no file of the project: code hosts refuse one without a place."""


def located(prefix: str, path: str) -> str:
    """A finding's path from where the reader stands; `prefix` leads to the project (``dbt/``)."""
    return posixpath.normpath(prefix + path) if prefix else path


def homes(subject: str) -> Iterator[str]:
    """A subject and what it is part of: ``model.column``, then ``model``."""
    while subject:
        yield subject
        subject = subject.rpartition(".")[0]


class Finding(Struct, frozen=True, gc=False):
    """One way in which a project departs from its platform.

    `rule` is its ID (``FLOE-E201``); `subject` the model, column (``model.column``), source or
    project it is about; `parameter` tells apart findings of one rule on one subject (the missing
    test, the layer). `severity` is what enforcement made of it: an error stops a build.
    """

    rule: str
    subject: str
    message: str
    path: str
    """POSIX, relative to the project directory."""
    line: int = 1
    parameter: str = ""
    expected: str = ""
    actual: str = ""
    suggestion: str = ""
    severity: FindingSeverity = "error"
    waiver: Waiver | None = None
    """The waiver that excludes or downgrades it, where one does."""
    baseline: bool = False
    """Known already, from the baseline file; counted, but stops nothing."""
    downstream: int = 0
    """How many models and exposures depend on the subject."""
    measure: float | None = None
    """How good it is, where that is a number, such as the share of tested columns: a baseline that
    holds the finding at a better measure does not hold it at a worse one."""
    fix: str = ""
    """Names the one edit that would resolve it where that edit is elsewhere (a source, a group);
    findings with the same fix go away together."""
    models: tuple[str, ...] = ()
    """Those that it stands for, where one line causes a finding of each."""
    config: str = ""
    """The config that causes it and what that says: ``grants:analyst``. Where dbt_project.yml gives it to a
    folder, the finding is about that line. ``sources:`` says that the sources above it do, and
    ``unread`` that only dbt could follow something (`Model.unread`)."""
    project: str = ""
    """Whose it is, where several projects are judged together; empty where there is one."""

    @property
    def count(self) -> int:
        """How many findings it stands for, itself at least."""
        return max(1, len(self.models))

    @property
    def waived(self) -> bool:
        """Whether a waiver takes it out of the count."""
        return self.waiver is not None and self.waiver.action == "exclude"

    @property
    def blocking(self) -> bool:
        """Whether it stops a build."""
        return self.severity == "error" and not self.waived and not self.baseline

    @property
    def fingerprint(self) -> str:
        """16 hex digits that stay the same while message, line and severity change."""
        identity = "\0".join((self.rule, self.subject, self.parameter, *filter(None, (self.project,))))
        return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]
