"""A team's policy tests: files of kind ``PolicyTest``, read and checked.

The format is described field by field here; `policy_test_schema` is its JSON Schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StrictBool, ValidationError
from pydantic_core import ErrorDetails

from floe_engine.acts import Act
from floe_engine.artifact.model import Waiver
from floe_engine.document.diagnostics import Diagnostic, Severity
from floe_engine.document.document import Document, parse
from floe_engine.document.problems import told
from floe_engine.document.text import read_text
from floe_engine.errors import ConfigurationError
from floe_engine.policy.all_rules import every_rule, rule_by_id
from floe_engine.policy.cases import Case, Expectation, Suite
from floe_engine.policy.rule import spelt
from floe_engine.policy_tests.given import Given, GivenPart, UnknownName, assemble, summary
from floe_engine.text import did_you_mean, plural, printable

UNKNOWN = "FLOE-T001"
MISSING = "FLOE-T002"
WRONG = "FLOE-T003"
RULE = "FLOE-T004"
NAME = "FLOE-T005"
REPEATED = "FLOE-T006"

MEANINGS: Mapping[str, str] = {
    UNKNOWN: "A key of a policy test that floe does not know; often a misspelling.",
    MISSING: "A key of a policy test that has to be there.",
    WRONG: "A value of a policy test that is not of the kind its key takes.",
    RULE: "A policy test expects something of a rule that does not exist.",
    REPEATED: "Two cases of a policy test have one name; a report could not tell them apart.",
    NAME: "A policy test selects from a model or source that its case does not give.",
}
"""Code to what it means, for ``floe explain``."""


def _date(value: Any) -> Any:
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value


Day = Annotated[date, BeforeValidator(_date)]
Text = Annotated[str, Field(min_length=1)]


class Expected(GivenPart):
    """What one rule is expected to say of one resource."""

    rule: Text
    """ID of the rule, such as `FLOE-E201`."""
    resource: Text
    """A model, `model.column`, `source.table`, a layer, `group NAME`, or the project's name."""
    result: Literal["pass", "fail", "warn", "skip", "waived"]
    """`fail` stops a build, `warn` does not, `waived` is excused, `skip`: the rule was not asked."""
    severity: Literal["error", "warning", "info"] | None = None
    """Severity of the finding, where it matters."""


class WaiverGiven(GivenPart):
    """A waiver as floe.yaml would have it."""

    id: Text = "waiver"
    """Name of the waiver."""
    pattern: Text
    """Glob over model names, or `path:…`, or `tag:…`."""
    rules: tuple[Text, ...] = ()
    """IDs of the waived rules; empty: every rule."""
    action: Literal["downgrade", "exclude"] = "exclude"
    """Turn findings into warnings, or take them out of the count."""
    reason: str = "a policy test"
    """Why."""
    owner: str | None = "policy-tests"
    """Who answers for it."""
    expires: str | None = None
    """Last day on which it holds, `YYYY-MM-DD`."""


class CaseGiven(GivenPart):
    """One case: a project, and what the platform should say of it."""

    name: Text
    """What the case shows, as a sentence."""
    given: Given
    """The project: models written here, or a dbt manifest."""
    expect: tuple[Expected, ...]
    """Every finding that is expected, and whatever else should be certain."""
    allow_others: StrictBool = False
    """Whether findings that `expect` does not name are all right."""
    rules: tuple[Text, ...] = ()
    """Rules to judge by (IDs, `FLOE-E23*`); empty: all of them."""
    waivers: tuple[WaiverGiven, ...] = ()
    """Waivers of the data product; the platform's waiver_policy decides whether they hold."""
    enforcement: Literal["off", "warn", "strict"] | None = None
    """Judge as if everything were enforced so."""
    today: Day | None = None
    """The day on which waivers are looked at; unset: today."""


class Metadata(GivenPart):
    """What the file is about."""

    name: Text
    """Title of the suite in reports."""
    description: str | None = None
    """What it is for."""


class PolicyTest(GivenPart):
    """A file of policy tests."""

    api_version: Literal["floe.dev/v1"] = Field(alias="apiVersion")
    """Version of this format."""
    kind: Literal["PolicyTest"]
    """What the file is."""
    metadata: Metadata
    """What the file is about."""
    cases: Annotated[tuple[CaseGiven, ...], Field(min_length=1)]
    """The cases."""


def policy_test_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a policy test, for editors."""
    from floe_engine.manifest.reference import meanings

    schema = PolicyTest.model_json_schema(by_alias=True)
    for section in _below(GivenPart):
        shape = schema if section is PolicyTest else schema["$defs"].get(section.__name__, {})
        for attribute, meaning in meanings(section).items() if shape else ():
            shape["properties"][section.model_fields[attribute].alias or attribute]["description"] = meaning
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://floe.dev/schemas/v1/policy-test.schema.json",
        **schema,
    }


def _below(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for section in base.__subclasses__():
        yield section
        yield from _below(section)


def load_suite(path: Path) -> Suite:
    """Read and check a file of policy tests.

    Raises `ConfigurationError` with every problem of the file as diagnostics, or with the reason
    why it, or a dbt manifest that it names, cannot be read.
    """
    text = read_text(path, what="policy test")
    parsed, diagnostics, document = check_policy_test(text)
    if parsed is None:
        raise ConfigurationError(
            f"{path.name} has {plural(len(diagnostics), 'problem')}",
            hint=f"{Act.SCHEMA:policy-test} describes every key",
            where=str(path),
            diagnostics=diagnostics,
        )
    cases = tuple(
        _case(entry, path, document.locate(("cases", number)).start.line + 1)
        for number, entry in enumerate(parsed.cases)
    )
    return Suite(parsed.metadata.name, cases, path)


def check_policy_test(text: str) -> tuple[PolicyTest | None, tuple[Diagnostic, ...], Document]:
    """What a text says, and everything that is wrong with it; never raises for what it says."""
    document = parse(text)
    found = list(document.diagnostics)
    parsed: PolicyTest | None = None
    value = document.value if document.value is not None else {}
    if not isinstance(value, dict):
        found.append(_problem(document, WRONG, (), "a policy test is a mapping of keys to values"))
    else:
        try:
            parsed = PolicyTest.model_validate(value)
        except ValidationError as error:
            found += _diagnostics(document, error)
        else:
            found += (_problem(document, *each) for each in _cross_checks(parsed))
    failed = any(diagnostic.severity is Severity.ERROR for diagnostic in found)
    found.sort(key=lambda diagnostic: diagnostic.span)
    return (None if failed else parsed), tuple(found), document


def _case(entry: CaseGiven, path: Path, line: int) -> Case:
    return Case(
        name=entry.name,
        project=assemble(entry.given, path.parent),
        expect=tuple(Expectation(_id(e.rule), e.resource, e.result, e.severity) for e in entry.expect),
        given=summary(entry.given),
        rules=entry.rules,
        allow_others=entry.allow_others,
        waivers=tuple(Waiver(**dict(waiver)) for waiver in entry.waivers),
        enforcement=entry.enforcement,
        today=entry.today,
        line=line,
    )


def _id(text: str) -> str:
    rule = rule_by_id(text)
    return rule.id if rule is not None else text


def _cross_checks(parsed: PolicyTest) -> Iterator[tuple[str, tuple[int | str, ...], str, str]]:
    """Rules that do not exist, names that the case does not give, and names that come twice: code, place,
    what is wrong, and what to do."""
    names: set[str] = set()
    for number, entry in enumerate(parsed.cases):
        if entry.name in names:
            yield (
                REPEATED,
                ("cases", number, "name"),
                f"there is a case {printable(entry.name)} above",
                "give each case a name of its own",
            )
        names.add(entry.name)
        for place, selector in enumerate(entry.rules):
            if not any(fnmatchcase(rule.id, spelt(selector)) for rule in every_rule()):
                yield (
                    RULE,
                    ("cases", number, "rules", place),
                    f"there is no rule {printable(selector)}",
                    "write an ID, or FLOE-E23* for several; docs/rules.md lists every rule",
                )
        for place, expected in enumerate(entry.expect):
            if rule_by_id(expected.rule) is None:
                near = did_you_mean(expected.rule.upper(), [rule.id for rule in every_rule()])
                yield (
                    RULE,
                    ("cases", number, "expect", place, "rule"),
                    f"there is no rule {printable(expected.rule)}",
                    f"did you mean {near}?" if near else "docs/rules.md lists every rule",
                )
        if entry.given.manifest is None:
            try:
                assemble(entry.given, Path())
            except UnknownName as error:
                yield (
                    NAME,
                    ("cases", number, "given", "models", error.model, "depends_on"),
                    f"depends_on names {printable(error.name)}, which the case does not give",
                    "give it under models or sources (as source.table)",
                )
        elif entry.given.models or entry.given.sources:
            yield (
                WRONG,
                ("cases", number, "given"),
                "a case gives a manifest, or models and sources, not both",
                "",
            )


def _diagnostics(document: Document, error: ValidationError) -> list[Diagnostic]:
    """One diagnostic a problem, where pydantic repeats itself.

    Of a value that may be text or a mapping it says twice that it is neither, and the last word is
    about the kind that comes closest. A list whose only item is wrong it calls too short as well.
    """
    details = [
        detail
        for detail in error.errors(include_url=False)
        if detail["type"] != "too_short" or not detail["input"]
    ]
    found = told(details, lambda detail: _diagnostic(document, detail))
    return list({(diagnostic.span, diagnostic.code): diagnostic for diagnostic in found}.values())


def _diagnostic(document: Document, detail: ErrorDetails) -> Diagnostic:
    path, kind = detail["loc"], detail["type"]
    if kind == "missing":
        return _problem(document, MISSING, path, f"`{path[-1]}` is missing")
    if kind == "extra_forbidden":
        near = did_you_mean(str(path[-1]), _known(path))
        hint = f"did you mean `{near}`?" if near else ""
        return _problem(document, UNKNOWN, path, f"unknown key `{printable(str(path[-1]))}`", hint, key=True)
    while path and document.find(path) is None:
        # pydantic ends a path with the kind of value that it tried.
        path = path[:-1]
    return _problem(document, WRONG, path, detail["msg"].removeprefix("Value error, "))


def _known(path: tuple[int | str, ...]) -> list[str]:
    """The keys of the section that a path leads into, found by walking the models' annotations."""
    section: type[BaseModel] | None = PolicyTest
    for step in path[:-1]:
        if isinstance(step, int) or section is None:
            continue
        field = next((f for n, f in section.model_fields.items() if step in (n, f.alias)), None)
        section = _section(field.annotation) if field is not None else None
    return [field.alias or name for name, field in section.model_fields.items()] if section else []


def _section(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _section(part)
        if found is not None:
            return found
    return None


def _problem(
    document: Document,
    code: str,
    path: tuple[int | str, ...],
    message: str,
    hint: str = "",
    *,
    key: bool = False,
) -> Diagnostic:
    span = document.locate(path, key=key)
    return Diagnostic(code, Severity.ERROR, span, message, hint, path=path)
