"""The six things that must hold before a version goes out, each looked at by itself: all of them run.

Functions here run in workers. What they find are values; the place draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter as clock
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from floe_engine import Cancelled, CancelToken, FloeError, Level
from floe_tui.action import Place
from floe_tui.hints import problems_of
from floe_tui.places.publish.facts import Wish
from floe_tui.places.registry.facts import open_at
from floe_tui.text import count, homely

if TYPE_CHECKING:
    from floe_engine import Checked, Severity, Workspace

State = Literal["waiting", "passed", "warning", "failed", "skipped"]

MOST_FINDINGS = 5
"""Of a project's new findings, those that are told."""

MOST_CONSUMERS = 20
"""Projects beside this directory that are judged."""


class Check(Struct, frozen=True):
    """One of the six."""

    title: str
    state: State = "waiting"
    said: str = ""
    lines: tuple[str, ...] = ()
    """The details."""
    mend: str = ""
    """What to do where it does not hold, a key first."""
    place: Place | None = None
    """Where Enter goes."""
    seconds: float = 0.0


CHECKS = (
    Check("Manifest", place=Place.MANIFEST),
    Check("Policies", place=Place.POLICY),
    Check("Guard", place=Place.VERSIONS),
    Check("Key"),
    Check("Registry", place=Place.REGISTRY),
    Check("Consumers", place=Place.VERSIONS),
)


class Preflight(Struct):
    """One run of all. `told` hears of each check as it ends, in any order that the registry allows."""

    directory: Path
    wish: Wish
    told: Callable[[Check], object]
    cancel: CancelToken
    keyed: Callable[[str], str] = str
    """Makes of an error's hint what is to be done here, a key first."""
    version: str = ""
    _signed: str = ""
    """The newest published version, where it is signed."""
    _newest: str = ""
    _checked: Checked | None = None
    _found: list[Check] = field(default_factory=list)

    def run(self) -> tuple[Check, ...]:
        """Every check. Raises `Cancelled`."""
        looks = (self._manifest, self._policies, self._registry, self._key, self._guard, self._consumers)
        for look in looks:
            self.cancel.check()
            started = clock()
            base = next(check for check in CHECKS if check.title.lower() == look.__name__.removeprefix("_"))
            try:
                found = look(base)
            except Cancelled:
                raise
            except FloeError as error:
                error.hint = self.keyed(error.hint)
                found = failed(base, error)
            found = _at(found, base, clock() - started)
            self._found.append(found)
            self.told(found)
        order = [check.title for check in CHECKS]
        return tuple(sorted(self._found, key=lambda check: order.index(check.title)))

    @property
    def _workspace(self) -> Workspace:
        return open_at(self.directory, self.wish.repository)

    def _manifest(self, base: Check) -> Check:
        from floe_engine import Severity, check_platform

        checked = check_platform(self._workspace, cancel=self.cancel)
        wrong = [item for item in checked.diagnostics if item.severity is not Severity.INFO]
        lines = tuple(f"{_sign(item.severity)} {item.span.start} {item.message}" for item in wrong[:30])
        if not checked.ok or checked.manifest is None:
            errors = sum(1 for item in wrong if item.severity is Severity.ERROR)
            return Check(
                base.title, "failed", count(errors, "error"), lines, "F2 shows them, F8 goes to the next"
            )
        self._checked = checked
        known = checked.manifest.metadata
        self.version = self.wish.tag or f"v{known.version}"
        said = f"{known.name} {known.version}"
        if wrong:
            return Check(
                base.title, "warning", f"{said}, {count(len(wrong), 'warning')}", lines, "F2 shows them"
            )
        return Check(base.title, "passed", said)

    def _policies(self, base: Check) -> Check:
        if self._checked is None:
            return _needs_manifest(base)
        from floe_engine import test_policies

        run = test_policies(self._workspace, cancel=self.cancel)
        every = sum(len(suite.cases) for suite in run.suites)
        broken = [problem for failure in run.failures for problem in failure.problems]
        if not run.passed:
            said = f"{len(run.failures)} of {count(every, 'case')} failed"
            return Check(
                base.title, "failed", said, tuple(f"✗ {line}" for line in broken[:30]), "F4 shows the cases"
            )
        return Check(base.title, "passed", f"{count(every, 'case')} passed")

    def _registry(self, base: Check) -> Check:
        from floe_engine import NotFound, describe_versions, list_versions

        workspace = self._workspace
        try:
            listing = list_versions(workspace, cancel=self.cancel)
        except NotFound:
            absent = (
                f"reference  {homely(workspace.registry.reference.name)}",
                f"chosen by  {homely(workspace.registry.source)}",
                "The registry answers, and has no such repository. Most make it with the first push; some,",
                "such as ECR and Artifact Registry, want it to be created before.",
                "t chooses another one",
            )
            return Check(base.title, "passed", "no such repository yet", absent)
        where = homely(listing.repository.name)
        tags = [listing.tags[version] for version in listing.versions]
        self._newest = next((tag for tag in tags if tag != self.version), "")
        if self._newest:
            (facts,) = describe_versions(workspace, listing.repository, [self._newest], cancel=self.cancel)
            if facts.verdict is not None and facts.verdict.status != "unsigned":
                self._signed = self._newest
        lines = (f"reference  {where}", f"chosen by  {homely(workspace.registry.source)}")
        said = f"{count(len(tags), 'version')}, the newest is {tags[0]}" if tags else "no version yet"
        return Check(base.title, "passed", said, (*lines, "t chooses another one"))

    def _key(self, base: Check) -> Check:
        if self._checked is None:
            return _needs_manifest(base)
        from floe_engine import choose_signing, compile_platform, expected_identity

        workspace, options = self._workspace, self.wish.signing.options()
        compiled = compile_platform(workspace, checked=self._checked, write=False, cancel=self.cancel)
        choice = choose_signing(workspace, compiled.artifact.platform.manifest.security, options)
        if choice.kind == "none":
            if self._signed:
                said = f"unsigned, though {self._signed} is signed"
                why = ("! whoever demands a signature cannot take this version",)
                return Check(base.title, "warning", said, why, "s chooses who signs")
            return Check(
                base.title, "warning", "unsigned: nobody can tell who made it", (), "s chooses who signs"
            )
        if choice.kind == "keyless":
            who = expected_identity(workspace, options)
            return Check(
                base.title, "passed", str(who) if who is not None else "you: a browser asks who you are"
            )
        return Check(base.title, "passed", homely(str(choice)), ("its password is asked for when it signs",))

    def _guard(self, base: Check) -> Check:
        if self._checked is None:
            return _needs_manifest(base)
        from floe_engine import bump

        found = bump(self._workspace, to=self.version.removeprefix("v"), dry_run=True, cancel=self.cancel)
        lines = tuple(
            f"{'✗' if entry.bump == 'major' else '!' if entry.bump == 'minor' else '-'} {entry.sentence}"
            for entry in found.verdict.assessment.entries[:30]
        )
        return Check(base.title, "passed", found.verdict.summary, lines)

    def _consumers(self, base: Check) -> Check:
        if self._checked is None:
            return _needs_manifest(base)
        beside = sorted(path.parent for path in self.directory.parent.glob("*/floe.yaml"))[:MOST_CONSUMERS]
        if not beside or not self._newest:
            why = "no version to compare with" if beside else "no project lies beside this directory"
            return Check(base.title, "skipped", why, ("P in Versions (F3) measures by any project",))
        from floe_engine import compare, find_fleet, measure_impact

        workspace = self._workspace
        compared = compare(workspace, self._newest, "manifest.yaml", cancel=self.cancel)
        broken: list[str] = []
        lines: list[str] = []
        for project in beside:
            self.cancel.check()
            try:
                fleet = find_fleet(workspace, [str(project)])
                impact = measure_impact(compared, fleet, cancel=self.cancel).impact
            except FloeError as error:
                lines.append(f"- {project.name}: {error.title}")
                continue
            hurt = impact.breaking if impact is not None else ()
            number = len(hurt)
            lines.append(f"{'✗' if number else '✓'} {project.name}: {count(number, 'new finding')}")
            for effect in hurt[:MOST_FINDINGS]:
                found = effect.finding
                lines.append(f"    {found.path}:{found.line} {found.message}")
            if number > MOST_FINDINGS:
                lines.append(f"    and {count(number - MOST_FINDINGS, 'other')}")
            broken += [f"{project.name} ({number})"] if number else []
        if broken:
            return Check(
                base.title, "warning", f"will break: {', '.join(broken)}", tuple(lines), "F3 and p show why"
            )
        return Check(base.title, "passed", f"{count(len(beside), 'project')} not hurt", tuple(lines))


def failed(base: Check, error: FloeError) -> Check:
    """What an error says of a check."""
    found = problems_of(error)
    lines = [*error.message.splitlines(), *found]
    if error.where:
        lines = [homely(error.where), *lines]
    mend = {
        "Guard": f"e sets the version: {error.hint}" if error.hint else "e sets the version",
        "Registry": f"r asks again, t chooses another: {error.hint}" if error.hint else "r asks again",
        "Key": f"s chooses who signs: {error.hint}" if error.hint else "s chooses who signs",
    }.get(base.title, error.hint)
    return Check(base.title, "failed", error.title, tuple(lines), mend)


class Bump(Struct, frozen=True):
    """A version that manifest.yaml could have."""

    version: str
    about: str
    enough: bool


def bumps(directory: Path, wish: Wish, cancel: CancelToken) -> list[Bump]:
    """What to raise the version to, the least that the changes need first."""
    return list(_bumps(directory, wish, cancel))


def _bumps(directory: Path, wish: Wish, cancel: CancelToken) -> Iterator[Bump]:
    from floe_engine import bump

    workspace = open_at(directory, wish.repository)
    least = bump(workspace, dry_run=True, cancel=cancel)
    yield Bump(str(least.version), "the least that the changes need", True)
    levels: tuple[Level, ...] = ("patch", "minor", "major")
    for level in levels:
        cancel.check()
        try:
            found = bump(workspace, level=level, dry_run=True, cancel=cancel)
        except FloeError as error:
            yield Bump(level, error.title, False)
        else:
            if found.version != least.version:
                yield Bump(str(found.version), f"a {level} version", True)


def set_version(directory: Path, wish: Wish, version: str, cancel: CancelToken) -> str:
    """Write a version into manifest.yaml; says which it is now. Raises what `bump` raises."""
    from floe_engine import bump

    found = bump(open_at(directory, wish.repository), to=version.removeprefix("v"), cancel=cancel)
    return str(found.version)


def _at(found: Check, base: Check, seconds: float) -> Check:
    return Check(found.title, found.state, found.said, found.lines, found.mend, base.place, seconds)


def _needs_manifest(base: Check) -> Check:
    return Check(base.title, "skipped", "needs a manifest without errors")


def _sign(severity: Severity) -> str:
    return "✗" if severity.value == "error" else "!"
