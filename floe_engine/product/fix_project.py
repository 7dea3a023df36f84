"""What findings suggest, written into a dbt project's properties files.

Only what can be declared is mended: tests of keys, meta, access, contracts, columns that the SQL
gives; for what people have to say (descriptions, owners) a place is made, which still counts as
missing. Nothing is written that has not been judged first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from floe_engine.acts import Act
from floe_engine.document.text import read_text, rewrite
from floe_engine.errors import FloeError, UsageError
from floe_engine.events import CancelToken, Notice, Report, silent
from floe_engine.files import stands
from floe_engine.policy.all_rules import rule_by_id
from floe_engine.policy.evaluate import Evaluation, evaluate_together
from floe_engine.policy.finding import Finding
from floe_engine.policy.product import excuses
from floe_engine.policy.repairs import (
    ChangedFile,
    Node,
    Repair,
    applied,
    home_of,
    mendable,
    proven,
    repairs,
)
from floe_engine.policy.view import View
from floe_engine.product.compile_project import CompiledProject, CompileOptions, compile_project
from floe_engine.project.facts import Model, Project, Source
from floe_engine.project.packages import has_package
from floe_engine.project.properties_edit import FILL_IN, Properties, Unwritable, new_file
from floe_engine.text import plural
from floe_engine.workspace import Workspace


class FixedProject(Struct, frozen=True):
    """What fixing found to do."""

    files: tuple[ChangedFile, ...]
    left: tuple[str, ...]
    """What could not be written, and why; a line each."""
    mended: int
    """How many findings are gone with it."""

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """Everything that is (or would be) declared."""
        return tuple(repair for file in self.files for repair in file.repairs)

    @property
    def places(self) -> int:
        """How many places people have to fill in."""
        return sum(repair.blank for repair in self.repairs)


def fix_project(
    workspace: Workspace,
    wanted: Sequence[str] = (),
    *,
    write: bool = True,
    offline: bool = False,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> FixedProject:
    """Declare what findings ask for, in the files that describe the models.

    `wanted` are rule IDs and globs over model names; none: everything. With ``write=False`` nothing
    is written, and the answer has the same diffs. Raises `UsageError` for a rule that there is not or
    that nothing can be declared for, and what `compile_project` raises.
    """
    cancel = cancel or CancelToken()
    rules, names = _split(wanted)
    compiled = compile_project(
        workspace.without_network() if offline else workspace,
        options=CompileOptions(write_profile=False),
        report=report,
        cancel=cancel,
    )
    files: list[ChangedFile] = []
    left: list[str] = []
    mended = 0
    for place, (project, evaluation) in enumerate(zip(compiled.projects, compiled.evaluations, strict=True)):
        cancel.check()

        def asked(found: Evaluation) -> list[Finding]:
            return [finding for finding in found.findings if _asked(finding, found, rules, names)]

        alone: dict[tuple[str, ...], str] = {}
        while True:  # what cannot be written may be what the rest was proven with
            todo, gone = _todo(compiled, place, asked(evaluation), alone, then=asked)
            changed, problems = _written(workspace.directory, project, todo)
            alone |= problems
            if not problems:
                break
        files += changed
        mended += len(gone) if changed else 0
        left += dict.fromkeys(alone.values())
    if write:
        for file in files:
            rewrite(workspace.files, file.path, file.before, file.after)
    for problem in left:
        report(Notice(problem))
    return FixedProject(tuple(files), tuple(left), mended)


def proposals(compiled: CompiledProject, *, at_most: int = 200) -> tuple[Mapping[str, ChangedFile], ...]:
    """For each project, by fingerprint of a finding that declaring something mends: the file with that alone.

    `path` is relative to the finding's dbt project. All of them hold together, as `fix_project` would
    write them; the first `at_most` findings of each project are tried. Where nothing proven can be
    written into a file that is there already, a finding has no proposal.
    """
    able = mendable()
    found: list[Mapping[str, ChangedFile]] = []
    for place, (project, evaluation) in enumerate(zip(compiled.projects, compiled.evaluations, strict=True)):
        asked = [finding for finding in evaluation.findings if finding.rule in able and not finding.waived]
        todo, _ = _todo(compiled, place, asked[:at_most])
        held = {repair.thing for repair in todo}
        view = View(compiled.platform, project)
        proposed: dict[str, ChangedFile] = {}
        for finding in asked[:at_most] if held else ():
            alone = repairs(view, [finding])  # one thing may mend several findings
            if not alone or not held.issuperset(repair.thing for repair in alone):
                continue
            try:
                files, _ = _written(project.directory, project, alone)
            except FloeError:  # a file that cannot be read: a report goes on without
                continue
            if len(files) == 1 and files[0].before:
                proposed[finding.fingerprint] = files[0]
        found.append(proposed)
    return tuple(found)


def _split(wanted: Sequence[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    rules: set[str] = set()
    names: list[str] = []
    for word in wanted:
        rule = rule_by_id(word)
        if rule is None:
            if word.upper().startswith("FLOE-"):
                raise UsageError(f"there is no rule {word}", hint="docs/rules.md lists every rule")
            names.append(word)
        elif not mendable((rule.id,)):
            able = ", ".join(mendable())
            raise UsageError(
                f"nothing that is declared mends {rule.id} ({rule.title})",
                hint=f"{Act.FIX} knows {able}; {Act.WAIVE} excuses a finding",
            )
        else:
            rules.add(rule.id)
    return frozenset(rules), tuple(names)


def _asked(finding: Finding, evaluation: Evaluation, rules: frozenset[str], names: tuple[str, ...]) -> bool:
    subject = evaluation.asked_of(finding)
    return (
        not finding.waived
        and (not rules or finding.rule in rules)
        and (
            not names
            or any(fnmatchcase(subject, name) or fnmatchcase(finding.subject, name) for name in names)
        )
    )


def _todo(
    compiled: CompiledProject,
    place: int,
    asked: Sequence[Finding],
    alone: Collection[tuple[str, ...]] = (),
    *,
    then: Callable[[Evaluation], Sequence[Finding]] | None = None,
) -> tuple[tuple[Repair, ...], frozenset[str]]:
    """The repairs that hold for what is asked, and the fingerprints of all findings that go with them.

    `alone` are the things that cannot be declared. `then` says what is asked of a project that is repaired
    so far: a column that is declared may be a key that wants tests. It goes on until nothing is left to add.
    """
    platform, projects = compiled.platform, compiled.projects
    project, evaluation = projects[place], compiled.evaluations[place]
    utils = has_package(project.directory, "dbt_utils")

    def found(state: Project, wanted: Sequence[Finding]) -> tuple[Repair, ...]:
        new = (each for each in repairs(View(platform, state), wanted) if each.thing not in alone)
        return tuple(each for each in new if utils or not each.name.startswith("dbt_utils."))

    def judged(changed: Project) -> Evaluation:
        together = [*projects[:place], changed, *projects[place + 1 :]]
        return evaluate_together(platform, together, excuses(platform, compiled.spec, together))[place]

    todo, gone = proven(project, evaluation, found(project, asked), judged)
    state, new = project, todo
    while then is not None and new:
        state = applied(state, new)
        now, held = judged(state), {repair.thing for repair in todo}
        more = [repair for repair in found(state, then(now)) if repair.thing not in held]
        new, also = proven(state, now, more, judged) if more else ((), frozenset())
        todo, gone = (*todo, *new), gone | also
    return todo, gone


def _written(
    directory: Path, project: Project, todo: Sequence[Repair]
) -> tuple[list[ChangedFile], dict[tuple[str, ...], str]]:
    """The files with everything in them that can be written, and why some things cannot."""
    prefix = project.directory.relative_to(directory).as_posix()
    by_file: dict[str, dict[str, list[Repair]]] = {}
    for repair in todo:
        home = home_of(project, project.by_id[repair.node])
        by_file.setdefault(home, {}).setdefault(repair.node, []).append(repair)
    changed: list[ChangedFile] = []
    left: dict[tuple[str, ...], str] = {}
    for name, nodes in sorted(by_file.items()):
        path = project.directory / name
        before = read_text(path) if stands(path) else ""
        text = before or new_file()
        done: list[Repair] = []
        of_all: dict[tuple[str, ...], bool] = {}  # and whether the file has changed by it
        waiting, began = [repair for wanted in nodes.values() for repair in wanted], ""
        while waiting and text != began:  # an alias that was written out no longer shares what it meant
            again, began = waiting, text
            waiting = []
            for repair in again:
                node = project.by_id[repair.node]
                whole = _of_all_versions(text, node, repair, todo, project)
                if whole is not None and whole in of_all:
                    done += [repair] if of_all[whole] else []
                    continue
                editor = Properties(text, of_all_versions=whole is not None)
                try:
                    _edit(editor, node, repair)
                except (Unwritable, KeyError, ValueError) as error:
                    waiting.append(repair)
                    left[repair.thing] = f"{name}: {node.label} was left alone: {error}"
                    continue
                left.pop(repair.thing, None)
                done += [repair] if editor.text != text else []
                if whole is not None:
                    of_all[whole] = editor.text != text
                text = editor.text
        if done:
            shown = name if prefix == "." else f"{prefix}/{name}"
            changed.append(ChangedFile(shown, before, text, tuple(done)))
    return changed, left


def _of_all_versions(
    text: str, node: Node, repair: Repair, todo: Sequence[Repair], project: Project
) -> tuple[str, ...] | None:
    """What is to be declared of a column, where all versions that share it want the same; else None."""
    if not isinstance(node, Model) or node.version is None or repair.column is None:
        return None
    thing = (node.name, *repair.thing[1:])
    wanted = [project.by_id[each.node] for each in todo if each.thing[1:] == thing[1:]]
    wanting = {each.version for each in wanted if isinstance(each, Model) and each.name == node.name}
    sharing = Properties(text).sharing(node, repair.column, tests=repair.kind == "test")
    return thing if len(sharing) > 1 and sharing <= wanting and node.version in sharing else None


def _edit(editor: Properties, node: Node, repair: Repair) -> None:
    match repair.kind:
        case "test":
            editor.add_test(node, repair.column, repair.name, repair.value or {})
        case "meta":
            editor.set_meta(node, repair.column, repair.name, repair.value, blank=repair.blank)
        case "description":
            editor.describe(node, repair.column)
        case "access":
            editor.set_access(node, repair.value)
        case "contract":
            editor.enforce_contract(node)
        case "column":
            editor.declare(node, repair.name, repair.value)
            if repair.blank:
                editor.describe(node, repair.name)
        case "freshness" if isinstance(node, Source):
            editor.watch(node)


def told(fixed: FixedProject, *, written: bool) -> Iterator[str]:
    """What was done, or would be, a sentence each."""
    if not fixed.files:
        yield "Nothing to declare: what is left is for people, or for SQL"
        return
    did = "Changed" if written else "Would change"
    yield f"{did} {plural(len(fixed.files), 'file')}; {plural(fixed.mended, 'finding')} mended"
    if fixed.places:
        yield f"{plural(fixed.places, 'place')} to fill in, marked `{FILL_IN}`"
