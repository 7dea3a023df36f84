"""`floe platform init`: an empty directory becomes a platform's."""

from __future__ import annotations

from pathlib import Path

import click

from floe_engine.cli.command import Context, command
from floe_engine.cli.options import DIRECTORY, ci_service, option
from floe_engine.errors import UsageError
from floe_engine.scaffold.choices import TEMPLATES, Service, Template


@command(
    "init",
    examples={
        "floe platform init": "bronze, silver and gold",
        "floe platform init --from-project ../dbt": "what it passes",
        "floe platform init --template kimball": "a star",
    },
)
@option(
    "--template",
    type=click.Choice(list(TEMPLATES)),
    metavar="NAME",
    help=f"What to begin with: {'|'.join(TEMPLATES)}.  [default: medallion]",
)
@option(
    "--from-project",
    type=DIRECTORY,
    metavar="DIRECTORY",
    help="Learn from this dbt project: the strictest platform that it passes.",
)
@option("--name", help="The platform's name.  [default: the directory's]")
@option("--compute", help="Plugin that runs the SQL.  [default: the project's adapter, else duckdb]")
@option("--parent", metavar="PLATFORM", help="Enterprise platform of a mesh-domain: a reference or a path.")
@ci_service("github", "Whose CI file to write")
def init(
    context: Context,
    *,
    template: Template | None,
    from_project: Path | None,
    name: str | None,
    compute: str | None,
    parent: str | None,
    service: Service,
) -> None:
    """Begin a platform: manifest.yaml, a policy test, CI, README; what is there already stays."""
    from floe_engine.platform.begin_platform import begin_platform

    if template and from_project:
        raise UsageError("--template and --from-project are two ways to begin", hint="choose one")
    begun = begin_platform(
        context.workspace,
        template=template or "medallion",
        from_project=from_project,
        name=name,
        compute=compute,
        parent=parent,
        service=service,
        **context.progress,
    )
    steps = begun.learnt.next_steps if begun.learnt else ()
    if steps:
        context.output.section()
        context.output.line("The next steps up, the least work first:")
        for step in steps:
            context.output.line(f"  {step}")
    context.output.section()
    context.output.line(f"{begun.name} is begun.")
    context.output.line("Next: floe platform check, floe platform test, floe platform publish v0.1.0")
    context.output.result(
        name=begun.name,
        directory=str(begun.directory),
        written=list(begun.written),
        kept=list(begun.kept),
        demands=[demand.setting for demand in begun.learnt.demands] if begun.learnt else [],
        nextSteps=[
            {"setting": step.demand.setting, "findings": step.findings, "subjects": list(step.subjects)}
            for step in steps
        ],
    )
