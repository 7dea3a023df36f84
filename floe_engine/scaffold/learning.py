"""A platform learnt from a dbt project: the strictest that the project passes, and the next step up.

Nothing is guessed about what the project would pass: every demand is written into a manifest, compiled,
and the project is judged by it. What brings a finding is not demanded, and is told with what it found.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.artifact.platform import Platform
from floe_engine.document.rendering import flow
from floe_engine.events import CancelToken
from floe_engine.manifest.governance import Classification
from floe_engine.manifest.nested import get, put, take
from floe_engine.policy.evaluate import Evaluation, evaluate
from floe_engine.project.facts import Model, Project
from floe_engine.scaffold.layers import LearntLayer, architecture, find_layers
from floe_engine.scaffold.templates import engine, head
from floe_engine.scaffold.writing import document, section
from floe_engine.text import plural, printable

Compile = Callable[[str], Platform]
"""A manifest's text → the platform it makes. Raises `ConfigurationError` where it is no good."""

_TESTS = ("not_null_pk", "unique_pk", "documentation", "relationships", "freshness", "contract", "unit_test")
_ASKED = frozenset(("required_tests", "require_contract", "custom_rules"))
"""Settings that ask some models and not others."""

_OF_A_KIND = 3
_MOST = 8
"""Next steps that are told; who has taken those asks again."""

_LEARNT = f"""\
Learnt from the dbt project {{project}}: its own layers, and every demand that it meets today.
{Act.COMPILE} finds nothing in it by these rules; what it does not meet yet stands at the end."""


class Demand(Struct, frozen=True):
    """A setting that demands something: its path in manifest.yaml, and the value that does."""

    path: tuple[str, ...]
    value: Any
    """A list is added to what the key has; None takes the key out, so that floe's default holds."""
    alternative: bool = False
    """Whether it is of no use beside another demand of its path."""

    @property
    def setting(self) -> str:
        """As people write it: ``governance.quality_gates.require_descriptions: true``."""
        value = "(floe's default)" if self.value is None else flow(self.value)
        return f"{'.'.join(self.path)}: {value}"


class NextStep(Struct, frozen=True):
    """A demand that the project does not meet yet."""

    demand: Demand
    findings: int
    subjects: tuple[str, ...]
    """What falls by it, sorted, each once."""

    def __str__(self) -> str:
        # Names are the project's: in a comment, a line break of theirs would begin a setting.
        first = ", ".join(map(printable, self.subjects[:3]))
        more = f" and {len(self.subjects) - 3} more" if len(self.subjects) > 3 else ""
        return f"{printable(self.demand.setting)}  ({plural(self.findings, 'finding')}: {first}{more})"


class Learnt(Struct, frozen=True):
    """What was learnt: the manifest, what it demands, and what comes next."""

    text: str
    layers: tuple[LearntLayer, ...]
    demands: tuple[Demand, ...]
    next_steps: tuple[NextStep, ...]
    """By how much has to be done, the least first."""
    evaluation: Evaluation
    """The project by the learnt platform: it has no finding but what no setting can turn off."""


def learn(project: Project, *, name: str, compute: str, compile_text: Compile, cancel: CancelToken) -> Learnt:
    """The strictest platform that a project passes, out of the demands that a manifest can make."""
    layers = find_layers(project)
    owner = _owner(project)
    settings: dict[str, Any] = {"data_architecture": architecture(layers), "governance": _loosest(project)}

    def text(values: Mapping[str, Any], steps: Sequence[NextStep] = ()) -> str:
        parts = [
            head(name, owner=owner, description=f"Learnt from the dbt project {project.name}"),
            engine(compute),
        ]
        comments = {"data_architecture": _LEARNT.format(project=printable(project.name))}
        parts += [section(key, value, comments.get(key, "")) for key, value in values.items()]
        if steps:
            told = "".join(f"#   {step}\n" for step in steps)
            parts.append(f"# The next steps up, the least work first:\n{told}")
        return document(parts)

    def judged(values: Mapping[str, Any]) -> Evaluation:
        cancel.check()
        return evaluate(compile_text(text(values)), project)

    current = judged(settings)
    always = [Demand(("governance", "rules", rule, "enforcement"), "strict") for rule in current.by_rule]
    for demand in always:  # no setting of theirs turns them off
        settings = _with(settings, Demand(demand.path, "off"))
    current = judged(settings) if always else current
    taken: list[Demand] = []
    refused: list[NextStep] = []
    for demand in (*_demands(project, layers, current), *always):
        if demand.alternative and any(other.path == demand.path for other in taken):
            continue
        stricter = _with(settings, demand)
        evaluation = judged(stricter)
        if demand.path[-1] in _ASKED and evaluation.checked == current.checked:
            continue  # nobody is asked: it would only look strict
        fresh = _counted(evaluation) - _counted(current)
        if fresh:
            subjects = tuple(sorted({subject for _, subject, _ in fresh}))
            refused.append(NextStep(demand, sum(fresh.values()), subjects))
        else:
            settings, current = stricter, evaluation
            taken.append(demand)
    steps = _least(refused, taken)
    return Learnt(text(settings, steps), layers, tuple(taken), steps, current)


def _least(refused: Sequence[NextStep], taken: Sequence[Demand]) -> tuple[NextStep, ...]:
    """The steps worth telling, the least work first, and few of one kind."""
    settled = {demand.path for demand in taken}
    kinds: Counter[tuple[str, str]] = Counter()
    found = []
    for step in sorted(refused, key=lambda step: (step.findings, step.demand.path)):
        path = step.demand.path
        kinds[path[0], path[-1]] += 1
        if not (step.demand.alternative and path in settled) and kinds[path[0], path[-1]] <= _OF_A_KIND:
            found.append(step)
    return tuple(found[:_MOST])


def _loosest(project: Project) -> dict[str, Any]:
    """Every demand off, said in full: a default of floe's must not fall on the project."""
    classification: dict[str, Any] = {
        **({"meta_keys": keys} if (keys := _meta_keys(project)) else {}),
        "name_patterns": [],
        "propagation": {"mode": "off", "enforcement": "off"},
    }
    return {
        "quality_gates": {
            "minimum_test_coverage": 0,
            "coverage_metric": "columns",
            "coverage_scope": "layer",
            "required_tests": [],
        },
        "classification": classification,
        "access_control": {"default": "allow"},
    }


def _demands(project: Project, layers: Sequence[LearntLayer], current: Evaluation) -> Iterator[Demand]:
    """The demands to try, those that a team feels most first."""
    yield Demand(("data_architecture", "naming", "enforcement"), "strict")
    for layer in layers:
        for test in _TESTS:
            yield Demand(("data_architecture", "layers", layer.name, "required_tests"), [test])
    gates = ("governance", "quality_gates")
    for name, share in current.coverage.layers.items():
        percent = int(share.percent or 0)
        if name and percent:
            yield Demand((*gates, "layer_thresholds", name), percent)
        if name and percent < 100:
            yield Demand((*gates, "layer_thresholds", name), min(100, percent // 10 * 10 + 10))
    yield Demand((*gates, "require_descriptions"), True)
    yield Demand((*gates, "require_column_descriptions"), True)
    classification = ("governance", "classification")
    yield Demand((*classification, "name_patterns"), None)
    yield Demand((*classification, "require_declared"), True)
    for mode in ("name", "model"):  # the stricter comes last and takes the other's place
        yield Demand((*classification, "propagation"), {"mode": mode, "enforcement": "strict"})
    for field in _meta_fields(project):
        rule = {
            "id": f"{re.sub('[^a-z0-9]+', '-', field.lower()).strip('-')}-is-said",
            "type": "require_meta_field",
        }
        yield Demand(("governance", "custom_rules"), [{**rule, "field": field}])
    registry = ("catalog", "schema_registry")
    for case in ("snake", "upper", "camel"):
        yield Demand((*registry, "column_case"), case, alternative=True)
    yield Demand((*registry, "require_data_types"), True)
    for layer in layers:
        yield Demand((*registry, "require_contract"), [layer.name])


def _meta_keys(project: Project) -> list[str]:
    """The keys by which the project says how sensitive its data is; none where floe's own suffice."""
    usual = Classification()
    own = {
        key
        for node in project.models
        for meta in (node.meta, *(column.meta for column in node.columns))
        for key, value in meta.items()
        if isinstance(key, str) and isinstance(value, str) and value.lower() in usual.levels
    }
    new = sorted(own - set(usual.meta_keys))
    return [*usual.meta_keys, *new] if new else []


def _meta_fields(project: Project) -> list[str]:
    """Meta keys that most models carry: a habit of the house that a platform can hold."""
    models = [node for node in project.models if node.resource_type == "model"]
    carried = Counter(key for model in models for key in model.meta if isinstance(key, str))
    return [key for key, count in carried.most_common(5) if count * 10 >= len(models) * 8]


def _owner(project: Project) -> str:
    """Who owns most of the project's models by its groups; empty where no group says."""
    owners = {group.name: group.owner for group in project.groups}
    counted = Counter(
        owners.get(node.group or "", "") for node in project.models if isinstance(node, Model) and node.group
    )
    counted.pop("", None)
    return counted.most_common(1)[0][0] if counted else ""


def _with(settings: Mapping[str, Any], demand: Demand) -> dict[str, Any]:
    """The settings with a demand in them; lists grow, and None takes a key out."""
    changed, path, value = copy.deepcopy(dict(settings)), demand.path, demand.value
    if isinstance(value, list):
        value = [*(get(changed, path) or ()), *value]
    if value is not None:
        put(changed, path, value)
    elif get(changed, path) is not None:
        take(changed, path)
    return changed


def _counted(evaluation: Evaluation) -> Counter[tuple[str, str, str]]:
    """The findings by rule, subject and parameter."""
    return Counter(
        (finding.rule, finding.subject, finding.parameter)
        for finding in evaluation.findings
        if finding.severity != "info"
    )
