"""What rules about resources of all kinds suggest, followed to the word: the finding is gone, no other comes.

Beside `test_advice`, whose projects have models and sources alone: here each rule's own examples are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from floe_engine.artifact.platform import Platform
from floe_engine.policy.all_rules import every_rule
from floe_engine.policy.evaluate import evaluate
from floe_engine.policy.finding import Finding
from floe_engine.policy.resources import ExampleNodes
from floe_engine.policy.rule import Rule
from floe_engine.policy.words import words
from floe_engine.policy_tests.suites import project_of
from floe_engine.project.facts import DataTest, ModelRef, Project, folded
from tests.engine.policy.samples import platform
from tests.engine.policy_tests.test_suites import PLATFORMS

ASKING = {
    name: PLATFORMS[name]
    for name in (
        "everything documented",
        "sources and exposures",
        "a plain graph",
        "built as wanted",
        "code and macros",
        "tests by name of a column",
    )
}

SILENT = {
    "FLOE-E304",  # what a column is must be known before it is declared
    "FLOE-E314", "FLOE-E315",  # how models are cut is for their team to say
    "FLOE-E322", "FLOE-E323", "FLOE-E324", "FLOE-E325", "FLOE-E326",  # as is what the outside reads
    "FLOE-E330", "FLOE-E331", "FLOE-E332", "FLOE-E333", "FLOE-E334", "FLOE-E335", "FLOE-E336", "FLOE-E343",
    "FLOE-E350", "FLOE-E351", "FLOE-E353", "FLOE-E354",  # and what a query means
    "FLOE-E362", "FLOE-E363",
    "FLOE-E372",  # a model that moves may leave its source and its YAML behind
}  # fmt: skip
"""Rules that say what is expected, and suggest nothing: no edit is right whatever the project is."""

KINDS = ("models", "sources", "exposures", "macros", "semantic_models", "unit_tests", "tests")


class Following:
    """A project, and the resource that a finding is about."""

    def __init__(self, project: Project, finding: Finding) -> None:
        self.project, self.finding = project, finding
        label, self.column = finding.subject, ""
        found = self._labelled(label)
        if found is None:
            label, _, self.column = label.rpartition(".")
            found = self._labelled(label)
        assert found is not None
        self.subject: Any = found

    def _labelled(self, label: str) -> Any:
        return next(
            (each for kind in KINDS for each in getattr(self.project, kind) if each.label == label), None
        )

    def put(self, *new: Any) -> None:
        """`new` in the place of the subject; nothing: it is gone."""
        changed = {}
        for kind in KINDS:
            listed = getattr(self.project, kind)
            if self.subject in listed:
                at = listed.index(self.subject)
                changed[kind] = (*listed[:at], *new, *listed[at + 1 :])
        self.project = structs.replace(self.project, **changed)

    def change(self, **fields: Any) -> None:
        """Other values of the subject's fields, or of its column's."""
        if not self.column:
            self.put(structs.replace(self.subject, **fields))
            return
        columns = tuple(
            structs.replace(each, **fields) if each.folded == folded(self.column) else each
            for each in self.subject.columns
        )
        self.put(structs.replace(self.subject, columns=columns))

    @property
    def told(self) -> Any:
        """What has the description, meta and tags."""
        if not self.column:
            return self.subject
        return next(each for each in self.subject.columns if each.folded == folded(self.column))


def _describe(state: Following, text: str) -> None:
    part = state.finding.parameter
    if part.startswith("argument "):
        arguments = tuple(
            structs.replace(each, description=text) if each.name == part.partition(" ")[2] else each
            for each in state.subject.arguments
        )
        state.change(arguments=arguments)
    else:
        state.change(**{"source_description" if part.startswith("source ") else "description": text})


def _meta(state: Following, key: str, value: str) -> None:
    state.change(meta={**state.told.meta, key: value})


def _replace_source(state: Following, label: str) -> None:
    other = next(each for each in state.project.sources if each.label == label and each != state.subject)
    gone = state.subject.unique_id
    state.put()
    models = tuple(
        structs.replace(m, parents=tuple(other.unique_id if p == gone else p for p in m.parents))
        for m in state.project.models
    )
    state.project = structs.replace(state.project, models=models)


def _pin(state: Following, name: str) -> None:
    state.change(
        references=tuple(
            ModelRef(each.name, "1") if each.name == name else each for each in state.subject.references
        )
    )


def _tested(state: Following, test: str) -> None:
    state.put(structs.replace(state.subject, tests=(*state.subject.tests, DataTest(test, state.column))))


def _formats(state: Following, format_: str) -> None:
    given = tuple((name, format_) for name, _ in state.subject.given)
    state.change(given=given, expected_format=format_)


def _moved(state: Following, name: str) -> None:
    state.change(path=f"{state.subject.path.rpartition('/')[0]}/{name}")


_WAYS: tuple[tuple[str, Callable[..., None]], ...] = (
    (r"describe it in at least (\d+) characters", lambda state, count: _describe(state, "d" * int(count))),
    (r"describe it as the others do: (.+)", _describe),
    (r"describe it", lambda state: _describe(state, "d")),
    (r"write a (\S+) like (.+) into its meta", lambda state, key, like: _meta(state, key, next(words(like)))),
    (r"add (\S+) to its meta", lambda state, key: _meta(state, key, "x")),
    (r"add (\S+) to its tags", lambda state, tag: state.change(tags=state.told.tags | {tag})),
    (r"give it freshness with warn_after or error_after, and loaded_at_field",
     lambda state: state.change(has_freshness=True, tells_age=True)),
    (r"give it loaded_at_field, the column that tells when a row was loaded",
     lambda state: state.change(tells_age=True)),
    (r"name the tool or the team that loads it under loader", lambda state: state.change(loader="x")),
    (r"test the column that tells its rows apart with unique and not_null",
     lambda state: state.change(tests=(DataTest("unique", "id"), DataTest("not_null", "id")))),
    (r"take it out of the properties file, or select from it", lambda state: state.put()),
    (r"take it out, and select from (\S+) instead", _replace_source),
    (r"take it out, or call it", lambda state: state.put()),
    (r"name its owner", lambda state: state.change(owner_name="Ann")),
    (r"add email to its owner", lambda state: state.change(owner_email="a@b.c")),
    (r"name the version of (\S+) that it is written for", _pin),
    (r"give it unique_key, the columns that tell its rows apart",
     lambda state: state.change(unique_key=("id",))),
    (r"set strategy: (\S+), and what it needs",
     lambda state, name: state.change(strategy=name, updated_at="x", check_cols=("x",))),
    (r"set updated_at", lambda state: state.change(updated_at="x")),
    (r"set check_cols", lambda state: state.change(check_cols=("x",))),
    (r"build it as (\S+)", lambda state, way: state.change(materialized=way)),
    (r"take the semicolon away", lambda state: state.change(code=state.subject.code.rstrip().rstrip(";"))),
    (r"move it to (\S+)", _moved),
    (r"(?:describe it in|move its entry to) a YAML file (?:of|in) (\S+)",
     lambda state, folder: state.change(properties_path=f"{folder}/models.yml")),
    (r"add (\S+) to its data_tests", _tested),
    (r"write them as (\S+)", _formats),
)  # fmt: skip


def follow(project: Project, finding: Finding) -> Project:
    """The project after what a finding suggests."""
    state = Following(project, finding)
    for pattern, how in _WAYS:
        match = re.fullmatch(pattern, finding.suggestion)
        if match is not None:
            how(state, *match.groups())
            return state.project
    raise AssertionError(f"nobody knows how to follow: {finding.suggestion}")


def _told(platform: Platform, project: Project) -> set[tuple[str, str, str]]:
    return {(each.rule, each.subject, each.parameter) for each in evaluate(platform, project).findings}


RESOURCES = [rule for rule in every_rule() if rule.id.startswith("FLOE-E3")]


@pytest.mark.parametrize("rule", RESOURCES, ids=lambda rule: rule.id)
def test_what_is_suggested_resolves_the_finding_and_raises_no_other(rule: Rule) -> None:
    followed = 0
    for settings in ASKING.values():
        asking = platform(**settings)
        if not rule.active(asking):
            continue
        for example in rule.examples(ExampleNodes(asking)):
            given = project_of(example)
            before = _told(asking, given)
            for finding in evaluate(asking, given, select=[rule.id]).findings:
                assert (finding.suggestion == "") == (rule.id in SILENT), finding
                if finding.suggestion:
                    followed += 1
                    after = _told(asking, follow(given, finding))
                    assert (finding.rule, finding.subject, finding.parameter) not in after, finding
                    assert after <= before, finding.suggestion
    assert bool(followed) != (rule.id in SILENT)
