"""For programs: changes, an impact or a blast radius as one JSON document (docs/versions.md)."""

from __future__ import annotations

from typing import Any

from floe_engine.output.changes.places import Location, Sides, safe_value
from floe_engine.policy.finding import Finding
from floe_engine.upgrade.fleet import BlastRadius, ProjectImpact
from floe_engine.upgrade.impact import Effect, Impact
from floe_engine.upgrade.rules import Assessment, Entry

SCHEMA_VERSION = "1.0"
"""Of the documents: a new key raises the second number, anything else the first."""


def changes_document(assessment: Assessment, sides: Sides) -> dict[str, Any]:
    """Every change with its rule, as plain JSON values."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "kind": "Changes",
        "old": sides.old,
        "new": sides.new,
        "required": assessment.required,
        "breaking": len(assessment.breaking),
        "security": len(assessment.security),
        "changes": [_entry(entry, sides) for entry in assessment.entries],
    }


def impact_document(impact: Impact) -> dict[str, Any]:
    """What an upgrade does to one project; unchanged findings are counted only."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "kind": "Impact",
        "breaking": len(impact.breaking),
        "counts": dict(impact.counts),
        "causes": dict(impact.causes),
        "effects": [_effect(effect) for effect in impact.effects if effect.status != "unchanged"],
    }


def blast_radius_document(radius: BlastRadius) -> dict[str, Any]:
    """What a new platform would do to many projects."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "kind": "BlastRadius",
        "required": radius.assessment.required,
        "projects": [_project(project) for project in radius.projects],
        "breaking": len(radius.breaking),
        "notJudged": len(radius.unjudged),
        "models": radius.models,
        "totals": dict(radius.totals),
        "causes": [
            {"rule": rule, "projects": projects, "findings": findings}
            for rule, (projects, findings) in radius.causes.items()
        ],
    }


def _entry(entry: Entry, sides: Sides) -> dict[str, Any]:
    change, rule = entry.change, entry.rule
    return {
        "rule": rule.id,
        "title": rule.title,
        "bump": entry.bump,
        "direction": rule.direction,
        "axis": rule.axis,
        "undecidable": rule.undecidable,
        "change": change.kind,
        "path": list(change.path),
        "setting": ".".join(entry.setting),
        "old": safe_value(change.old, change.path),
        "new": safe_value(change.new, change.path),
        "sentence": entry.sentence,
        "reason": rule.reason,
        "remedy": rule.remedy,
        "fingerprint": entry.fingerprint,
        "also": [list(path) for path in change.also],
        "oldPlace": _place(sides.before(entry)),
        "newPlace": _place(sides.after(entry)),
    }


def _place(place: Location | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {"path": place.path, "line": place.line, "column": place.column}


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "status": effect.status,
        "breaks": effect.breaks,
        "causes": list(dict.fromkeys(cause.rule.id for cause in effect.causes)),
        "before": _finding(effect.before),
        "after": _finding(effect.after),
    }


def _finding(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "rule": finding.rule,
        "subject": finding.subject,
        "severity": finding.severity,
        "waived": finding.waived,
        "baseline": finding.baseline,
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
        "fingerprint": finding.fingerprint,
    }


def _project(project: ProjectImpact) -> dict[str, Any]:
    return {
        "directory": project.directory,
        "name": project.name,
        "models": project.models,
        "breaks": project.breaks,
        "breaking": project.breaking,
        "blockedBefore": project.blocked_before,
        "counts": dict(project.counts),
        "causes": dict(project.causes),
        "effects": [_effect(effect) for effect in project.effects],
        "problem": project.problem,
    }
