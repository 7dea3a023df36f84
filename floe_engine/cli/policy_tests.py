"""`floe platform test`: how a run of policy tests is printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from floe_engine.cli.code_hosts import top
from floe_engine.cli.command import Context
from floe_engine.errors import NothingChecked, Refused, UsageError
from floe_engine.events import Event, Step, warnings_only
from floe_engine.text import plural

if TYPE_CHECKING:
    from floe_engine.policy_tests.mutation import MutationRun
    from floe_engine.policy_tests.running import TestRun


class Options(Struct, frozen=True):
    """What to run and what to show of it: the command's options, by their names."""

    select: Sequence[str] = ()
    verbose: bool = False
    coverage: bool = False
    mutate: bool = False
    own: bool = False
    """Of mutants: let only the team's own cases notice them."""
    strict: bool = False
    """Fail where a mutant survives."""
    workers: int | None = None


def run(context: Context, options: Options, *, watch: bool = False) -> int:
    """Run the tests, once or for every change; exit code 1 where a case fails, 4 where there was none."""
    if (options.strict or options.own) and not options.mutate:
        raise UsageError(f"--{'strict' if options.strict else 'own'} is about mutants", hint="add --mutate")
    if options.mutate and context.output.format in ("junit", "github", "tap"):
        raise UsageError(
            "JUnit, TAP and annotations have no words for mutants", hint="use --output json with --mutate"
        )
    if not watch:
        return _once(context, options)
    from floe_engine.cli.manifest import again
    from floe_engine.platform.watch import platform_files

    return again(context, platform_files(context.workspace, cases=True), lambda: _once(context, options))


def _once(context: Context, options: Options) -> int:
    from floe_engine.platform.compile_platform import compile_platform
    from floe_engine.platform.test_policies import mutate_policies, test_policies

    def report(event: Event) -> None:
        """The seed's lines are bare; how many cases a suite has is for those who ask."""
        if isinstance(event, Step) and not options.verbose:
            event = replace(event, detail="")
        context.output.report(event)

    workspace, cancel = context.workspace, context.cancel
    compiled = compile_platform(
        workspace, write=False, report=warnings_only(context.output.report), cancel=cancel
    )
    result = test_policies(
        workspace,
        compiled=compiled,
        select=options.select,
        workers=options.workers,
        report=report,
        cancel=cancel,
    )
    if not result.cases:
        raise NothingChecked("no policy test was run", hint="check the words after `floe platform test`")
    if context.output.format == "junit":
        from floe_engine.output.findings.junit import run_junit

        context.output.data(run_junit(result))
    elif context.output.format == "tap":
        from floe_engine.output.findings.tap import run_tap

        context.output.data(run_tap(result))
    elif context.output.format == "github":
        from floe_engine.output.findings.github import run_annotations

        context.output.data("\n".join(run_annotations(result, top())))
    else:
        _print(context, result, options.verbose, options.coverage)
    mutants = None
    if options.mutate:
        mutants = mutate_policies(workspace, compiled=compiled, own=options.own, cancel=cancel)
        _print_mutants(context, mutants, options.own)
    passed = result.passed and (mutants is None or mutants.passed or not options.strict)
    context.output.result(
        **(facts(result) | ({"mutation": _mutant_facts(mutants, options.own)} if mutants else {})), ok=passed
    )
    return 0 if passed else Refused.exit_code


def _print(context: Context, result: TestRun, verbose: bool, coverage: bool) -> None:
    out = context.output
    for suite in result.suites:
        shown = suite.cases if verbose else suite.failures
        if shown:
            out.section()
            out.answer(suite.title)
        for case in shown:
            out.step(Step(case.case.name, "done" if case.passed else "failed"))
            for problem in case.problems:
                for row in problem.split("\n"):
                    out.answer(f"      {row}")
    out.section()
    passed = sum(suite.passed for suite in result.suites)
    if result.passed:
        out.line(f"All {plural(passed, 'test')} passed")
    else:
        out.answer(f"{passed} of {plural(len(result.suites), 'test')} passed")
    if coverage:
        rules = ", ".join(result.unexercised) or "none"
        out.answer(f"Rules that no case exercises: {rules}")


def _print_mutants(context: Context, mutants: MutationRun, own: bool) -> None:
    out = context.output
    out.section()
    judges = "the team's own cases" if own else "the tests"
    noticed = len(mutants.trials) - len(mutants.survivors)
    out.answer(f"Mutants: {judges} noticed {noticed} of {len(mutants.trials)}")
    for trial in mutants.survivors:
        out.step(Step(f"{trial.rule}: nobody notices when {trial.change}", "failed"))


def _mutant_facts(mutants: MutationRun, own: bool) -> dict[str, Any]:
    return {
        "judges": "own" if own else "all",
        "mutants": len(mutants.trials),
        "survivors": [{"rule": trial.rule, "change": trial.change} for trial in mutants.survivors],
    }


def facts(result: TestRun) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "platform": result.platform,
        "passed": result.passed,
        "suites": [
            {
                "title": suite.title,
                "passed": suite.passed,
                "cases": [
                    {"name": case.case.name, "passed": case.passed, "problems": list(case.problems)}
                    for case in suite.cases
                ],
            }
            for suite in result.suites
        ],
        "unexercised": list(result.unexercised),
    }
