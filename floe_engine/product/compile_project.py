"""A dbt project judged against its platform, and its dbt profile."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.acts import Act, Option
from floe_engine.artifact.platform import Platform
from floe_engine.distribution.pull import PullOptions, load_or_pull
from floe_engine.distribution.request import VersionRequest
from floe_engine.document.document import Document, parse
from floe_engine.document.text import read_text
from floe_engine.errors import ConfigurationError, LockMismatch, NothingChecked, UnsafePath
from floe_engine.events import CancelToken, Notice, Report, Stage, Step, silent
from floe_engine.files import Directory, placed, stands
from floe_engine.manifest.terms import Enforcement
from floe_engine.policy.baseline import Baseline
from floe_engine.policy.evaluate import Evaluation, StepStatus, evaluate_together, told_apart
from floe_engine.policy.product import excuses, projects_of, tightened
from floe_engine.project.facts import Project
from floe_engine.project.project_file import read_project_file
from floe_engine.project.spec import Spec, Transform
from floe_engine.project.spec_check import against_platform
from floe_engine.project.spec_file import read_spec
from floe_engine.registry.reference import Reference
from floe_engine.text import plural
from floe_engine.trust.authority import authority
from floe_engine.trust.verdict import AskFirstUse, demand_unvouched
from floe_engine.workspace import MANIFEST_FILE, SPEC_FILE, Workspace

if TYPE_CHECKING:
    from floe_engine.project.profiles import Outcome

PROFILES = "profiles.yml"

PROFILES_WORDS = ("auto", "write", "never")
"""What ``profiles`` of floe.yaml may say; anything else is a folder."""


class CompileOptions(Struct, frozen=True):
    """What to judge, and how."""

    frozen: bool = False
    """Refuse whatever would change the lock."""
    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    selector: str | None = None
    """The name of a selector of dbt's selectors.yml, in the place of nodes in `select` and `exclude`."""
    baseline: Path | None = None
    what_if: Enforcement | None = None
    """Judge as if everything were enforced so; no profile is written then."""
    write_profile: bool = True
    state: str | None = None
    """What ``state:modified`` and its like compare with: a git revision, or a manifest of dbt."""
    allow_empty: bool = False
    """Whether it is no error that a selection leaves nothing to judge."""
    profiles_dir: Path | None = None
    """Where to write profiles.yml whatever floe.yaml says; may lie outside of the project."""


class WrittenProfile(Struct, frozen=True):
    """A profiles.yml, and what became of it."""

    path: Path
    outcome: Outcome


class CompiledProject(Struct, frozen=True):
    """What compiling a project found and wrote."""

    spec: Spec
    platform: Platform
    """As the project is held to it: with the stricter gates of its floe.yaml."""
    projects: tuple[Project, ...]
    evaluations: tuple[Evaluation, ...]
    """One for each dbt transform of floe.yaml, as `projects`."""
    profiles: tuple[WrittenProfile, ...] = ()
    """Each profiles.yml that was thought of; none where findings stopped it, or it was not asked for."""

    @property
    def profile_path(self) -> Path | None:
        """Where the first (most often the only) profiles.yml is; None where none was thought of."""
        return self.profiles[0].path if self.profiles else None

    @property
    def profile_outcome(self) -> Outcome | None:
        """What became of the first."""
        return self.profiles[0].outcome if self.profiles else None

    @property
    def evaluation(self) -> Evaluation:
        """The first (most often the only) evaluation."""
        return self.evaluations[0]

    @property
    def project(self) -> Project:
        """The first (most often the only) project."""
        return self.projects[0]

    @property
    def ok(self) -> bool:
        """Whether nothing stops a build."""
        return all(evaluation.passed for evaluation in self.evaluations)


def compile_project(
    workspace: Workspace,
    *,
    options: CompileOptions | None = None,
    ask: AskFirstUse | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> CompiledProject:
    """Load the locked platform, judge every dbt project of floe.yaml, write its profile.

    With a lock and a whole cache no request is made. Findings are a result, not an error. Raises
    `NothingChecked` where there was nothing to judge, `ConfigurationError` for a bad floe.yaml or
    dbt project, and what `pull` raises where the platform has to be fetched.
    """
    options = options or CompileOptions()
    cancel = cancel or CancelToken()
    spec, document = read_spec(workspace.spec_path)
    if options.write_profile and options.what_if is None:
        for number in range(len(spec.transforms)):
            profile_place(workspace, spec, options.profiles_dir, number)  # told before the work
    report(Stage(1, 4, "Loading platform artifacts"))
    platform = _platform(workspace, spec, options, ask, report, cancel)
    _check_spec(workspace, spec, document, platform, report)
    platform = tightened(platform, spec)

    report(Stage(2, 4, "Validating against platform"))
    known = Baseline.load(options.baseline) if options.baseline and stands(options.baseline) else None
    _, projects = projects_of(workspace.directory, spec, platform=platform)
    cancel.check()
    if known is not None:
        titles = told_apart(projects) if len(projects) > 1 else [""] * len(projects)
        known = known.among({title: each.name for title, each in zip(titles, projects, strict=True)})
    for project in projects:
        for warning in project.warnings:
            report(Notice(warning))
    states = None
    if options.state:
        from floe_engine.project.changed import beside

        states = [beside(project, options.state) for project in projects]
    for lacks in dict.fromkeys(state.lacks for state in states or () if state.lacks):
        report(
            Notice(f"state:modified may miss a model: {lacks}", "run `dbt parse` first, and none is missed")
        )
    evaluations = evaluate_together(
        platform,
        projects,
        excuses(platform, spec, projects),
        baseline=known,
        select=options.select,
        exclude=options.exclude,
        what_if=options.what_if,
        states=states,
        selector=options.selector,
    )
    if selectors := (*options.select, *options.exclude):
        from floe_engine.policy.selection import unmatched

        for selector, meant in unmatched(projects, selectors):
            report(Notice(f"{selector} selects nothing", meant))
    for title, status, detail in _steps(evaluations):
        report(Step(title, status.outcome, detail, key=title))
    if evaluations and evaluations[0].note:
        report(Notice(evaluations[0].note, "nothing to do here: the platform team renews or removes them"))
    selected = bool(options.select or options.exclude or options.selector)
    empty = not evaluations or all(evaluation.nothing_checked for evaluation in evaluations)
    if empty and not (selected and options.allow_empty):
        raise NothingChecked(
            "no model was checked",
            f"read {workspace.directory} with the {projects[0].reader} reader: {projects[0].reason}"
            if projects
            else "floe.yaml has no transform",
            hint=f"the selection leaves none of its models; {Option.ALLOW_EMPTY} takes that for success"
            if selected
            else "check transforms[].project_dir in floe.yaml",
        )
    compiled = CompiledProject(spec, platform, projects, evaluations)
    if options.baseline is not None and options.what_if is None:
        compiled = _ratchet(workspace, compiled, options.baseline, known, report)
    if not compiled.ok or options.what_if is not None or not options.write_profile:
        return compiled

    report(Stage(3, 4, "Generating dbt profile"))
    if spec.profiles == "never" and options.profiles_dir is None:
        report(Step(PROFILES, "skipped", "floe.yaml says `profiles: never`", key="profile"))
        report(Stage(4, 4, "Compilation successful"))
        return compiled
    profiles = _write_profiles(workspace, spec, platform, options.profiles_dir, report)
    report(Stage(4, 4, "Compilation successful"))
    return replace(compiled, profiles=profiles)


def _ratchet(
    workspace: Workspace, compiled: CompiledProject, path: Path, known: Baseline | None, report: Report
) -> CompiledProject:
    """Write a baseline where there is none yet; take out of an old one what is gone."""
    findings = [finding for evaluation in compiled.evaluations for finding in evaluation.findings]
    if known is None:
        baseline = Baseline.of(findings)
        baseline.save(path, project=workspace.directory)
        part = any(evaluation.partial for evaluation in compiled.evaluations)
        report(
            Notice(
                f"{path.name} is new: it holds {plural(len(baseline), 'finding')}, which stop nothing now",
                hint="of what was selected alone: what else there is still counts" if part else "",
            )
        )
        noted = tuple(evaluation.with_baseline(baseline) for evaluation in compiled.evaluations)
        return replace(compiled, evaluations=noted)
    if any(evaluation.partial for evaluation in compiled.evaluations):
        # What was not looked at is not gone.
        return compiled
    shrunk = known.shrunk(findings)
    if shrunk != known:
        shrunk.save(path, project=workspace.directory)
    if len(shrunk) < len(known):
        praise = ": well done" if compiled.ok else ""  # a model that was renamed is gone, and new
        report(Notice(f"{path.name} shrank by {plural(len(known) - len(shrunk), 'finding')}{praise}"))
    return compiled


def _platform(
    workspace: Workspace,
    spec: Spec,
    options: CompileOptions,
    ask: AskFirstUse | None,
    report: Report,
    cancel: CancelToken,
) -> Platform:
    if spec.platform.manifest is not None:
        source = workspace.directory / spec.platform.manifest
        directory = source if source.is_dir() else source.parent
        if source not in (directory, directory / MANIFEST_FILE) or not (directory / MANIFEST_FILE).exists():
            raise ConfigurationError(
                f"platform.manifest names no {MANIFEST_FILE}",
                f"it is {spec.platform.manifest}",
                hint=f"write the path of a {MANIFEST_FILE}, or of its folder, relative to {SPEC_FILE}",
                where=str(workspace.spec_path),
            )
        _demand_unvouched(workspace, spec, directory, frozen=options.frozen)
        from floe_engine.platform.compile_platform import compile_platform

        compiled = compile_platform(replace(workspace, directory=directory), write=False, cancel=cancel)
        report(Step(f"Platform: {compiled.artifact.platform.name} (from {spec.platform.manifest})"))
        return compiled.artifact.platform
    wanted, pulling = VersionRequest.demanded(spec, workspace), PullOptions(spec=spec, frozen=options.frozen)
    pulled = load_or_pull(workspace, wanted, options=pulling, ask=ask, report=report, cancel=cancel)
    report(Step(f"Platform: {pulled.platform.name} v{pulled.platform.version}", key="platform"))
    cached = pulled.directory.relative_to(workspace.directory).as_posix()
    report(Step(f"Cached at: {cached}/", key="cache"))
    return pulled.platform


def _demand_unvouched(workspace: Workspace, spec: Spec, directory: Path, *, frozen: bool) -> None:
    """Raise where the reader takes no platform that nobody vouches for, or only what is locked."""
    where = str(directory)
    if frozen:
        raise LockMismatch(
            f"no lock covers a {MANIFEST_FILE}",
            f"{Option.FROZEN} takes only what is locked, and {SPEC_FILE} names {spec.platform.manifest}",
            hint="pin a published version with platform.ref",
            where=where,
        )
    place = Reference.parse(f"oci-layout:{directory.resolve()}")
    demand_unvouched(authority(workspace, place, spec=spec), where)


def _check_spec(
    workspace: Workspace, spec: Spec, document: Document, platform: Platform, report: Report
) -> None:
    problems = against_platform(spec, document, platform)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise ConfigurationError(
            f"floe.yaml asks for what {platform.name} {platform.version} does not permit",
            where=workspace.spec_path.name,
            diagnostics=errors,
        )
    for problem in problems:
        report(Notice(f"floe.yaml:{problem.span.start}: {problem.message}", problem.hint))


_TOLD_APART = 4
"""How many projects' steps are told one by one; of more, a step is told once for all of them."""


def _steps(evaluations: Sequence[Evaluation]) -> Iterator[tuple[str, StepStatus, str]]:
    """Title, status and what there is to say of each step."""
    if len(evaluations) <= _TOLD_APART:
        for evaluation in evaluations:
            of = f"{evaluation.project}: " if len(evaluations) > 1 else ""
            for step in evaluation.steps:
                yield f"{of}{step.title}", step, _detail(step)
        return
    for steps in zip(*(evaluation.steps for evaluation in evaluations), strict=True):
        worst = min(steps, key=lambda step: ("failed", "warned", "done", "skipped").index(step.outcome))
        alike = sum(step.outcome == worst.outcome for step in steps)
        all_of_them = StepStatus(
            worst.title,
            worst.outcome,
            errors=sum(step.errors for step in steps),
            warnings=sum(step.warnings for step in steps),
            waived=sum(step.waived for step in steps),
            baseline=sum(step.baseline for step in steps),
        )
        said = _detail(all_of_them)
        yield worst.title, all_of_them, f"{said + ', ' if said else ''}{alike} of {len(steps)} projects"


def _detail(step: StepStatus) -> str:
    parts = [(step.errors, "error"), (step.warnings, "warning")]
    said = [plural(count, noun) for count, noun in parts if count]
    said += [
        f"{count} {word}" for count, word in ((step.waived, "waived"), (step.baseline, "known")) if count
    ]
    return ", ".join(said)


def profile_place(
    workspace: Workspace, spec: Spec, chosen: Path | None = None, number: int = 0
) -> tuple[Directory, str]:
    """Where the profiles.yml of a transform is written: the directory to keep in, and the name below it.

    That of its dbt project, unless the command line has `chosen` one. floe.yaml comes with the clone, so
    what it names has to lie in the project. Raises `UnsafePath`.
    """
    if chosen is not None:
        return placed(chosen / PROFILES, workspace.directory)
    transform = spec.transforms[number]
    if transform.profiles_dir:
        key, named = f"transforms[{number}].profiles_dir", transform.profiles_dir
    elif spec.profiles not in PROFILES_WORDS:
        key, named = "profiles", spec.profiles
    else:
        key, named = f"transforms[{number}].project_dir", transform.project_dir
    # As written, link or not: a link on the way is refused when it is walked.
    below = Path(os.path.relpath(workspace.directory / named, workspace.directory))
    if os.pardir in below.parts:
        raise UnsafePath(
            f"{key} leads outside the project",
            f"it is {named}, and profiles.yml would be written there",
            hint=f"{Act.COMPILE:--profiles-dir DIRECTORY} writes it wherever you say",
            where=str(workspace.spec_path),
        )
    return workspace.files, (below / PROFILES).as_posix()


def _write_profiles(
    workspace: Workspace, spec: Spec, platform: Platform, chosen: Path | None, report: Report
) -> tuple[WrittenProfile, ...]:
    """The profiles of all dbt projects; those that go to one place make one file."""
    places: dict[Path, tuple[Directory, str, dict[str, Transform]]] = {}
    for number, transform in enumerate(spec.transforms):
        directory, name = profile_place(workspace, spec, chosen, number)
        found = read_project_file(workspace.directory / transform.project_dir, variables=spec.dbt.vars)
        of_place = places.setdefault(directory.path / name, (directory, name, {}))
        of_place[2].setdefault(found.profile, transform)
    return tuple(
        WrittenProfile(path, _write_profile(workspace, spec, platform, *place, chosen is not None, report))
        for path, place in places.items()
    )


def _write_profile(
    workspace: Workspace,
    spec: Spec,
    platform: Platform,
    directory: Directory,
    name: str,
    transforms: Mapping[str, Transform],
    chosen: bool,
    report: Report,
) -> Outcome:
    """The profiles, by name, that go to one file."""
    path = directory.path / name
    named, transform = next(iter(transforms.items()))
    asked = chosen or transform.profiles_dir is not None or spec.profiles != "auto"
    if not asked and not stands(path) and (elsewhere := _profile_elsewhere(workspace, named)) is not None:
        report(Step(PROFILES, "skipped", f"dbt has {named} in {elsewhere}", key="profile"))
        report(
            Notice(
                f"dbt has a profile {named} in {elsewhere}; one beside dbt_project.yml would hide it",
                hint=f"`profiles: write` in floe.yaml, or {Option.PROFILES_DIR}, asks for one all the same",
            )
        )
        return "kept"
    from floe_engine.project.profiles import profiles_text, write_profile

    targets = {
        profile_name: spec.dbt.targets or ((each.target,) if each.target else ())
        for profile_name, each in transforms.items()
    }
    text = profiles_text(platform, targets)
    outcome = write_profile(directory, name, text)
    target = next(iter(targets[named]), platform.manifest.plugins.get("compute", ""))
    inside = path.is_relative_to(workspace.directory)
    shown = path.relative_to(workspace.directory).as_posix() if inside else str(path)
    if outcome == "kept":
        report(Step(shown, "skipped", "left alone: floe did not write it", key="profile"))
        report(
            Notice(
                f"{shown} is not floe's, so it was not touched",
                hint=f"move it away to get one for {target}, or keep maintaining it by hand",
            )
        )
    else:
        report(Step(f"{shown} (target: {target})", key=f"profile {shown}"))
    return outcome


def _profile_elsewhere(workspace: Workspace, name: str) -> Path | None:
    """The file outside of the project in which dbt finds a profile of that name; None where it has none."""
    home = workspace.environ.get("HOME") or workspace.environ.get("USERPROFILE") or ""
    folders = [workspace.environ.get("DBT_PROFILES_DIR") or "", f"{home}/.dbt" if home else ""]
    for folder in filter(None, folders):
        path = workspace.directory / folder / PROFILES
        try:
            value = parse(read_text(path, what=PROFILES)).value
        except ConfigurationError:
            continue  # none, or one that dbt cannot read either
        if isinstance(value, dict) and name in value:
            return path
    return None
