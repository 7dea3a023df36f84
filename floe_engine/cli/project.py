"""`floe init`, `floe compile` and the rest of the data team's commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import click

from floe_engine.cli import asking
from floe_engine.cli.command import Context, command
from floe_engine.cli.findings import FORMATS
from floe_engine.cli.options import (
    CONSTRAINT,
    DIRECTORY,
    FILE,
    FILE_OR_NAME,
    Word,
    ci_service,
    offline,
    option,
)
from floe_engine.errors import Refused
from floe_engine.scaffold.choices import PROJECT_FILES, Service
from floe_engine.text import plural

WhatIf = Literal["off", "warn", "strict"]


@command("init", registry=True)
@option(
    "--platform",
    type=CONSTRAINT,
    required=True,
    metavar="VERSION",
    help="v1.2.3, v1.2.*, sha256:… or a whole reference.",
)
@option(
    "--trusted-key",
    type=FILE_OR_NAME,
    multiple=True,
    metavar="FILE",
    help="Public key that must have signed it; may be repeated.",
)
@ci_service("none", "Write the CI file that judges each change")
@option("--dry-run", is_flag=True, help="Say what it would find in this project; write nothing.")
def init(
    context: Context, *, platform: str, trusted_key: tuple[str, ...], service: Service, dry_run: bool
) -> None:
    """Pin a platform: pull and verify it, write floe.yaml and the lock."""
    if dry_run:
        _preview_init(context, platform, trusted_key, PROJECT_FILES.get(service))
        return
    from floe_engine.product.init_project import init_project

    done = init_project(
        context.workspace,
        platform,
        trusted_keys=trusted_key,
        service=service,
        ask=asking.first_use(),
        **context.progress,
    )
    manifest = done.platform.manifest
    out = context.output
    out.section()
    out.line(f"Platform: {manifest.metadata.name} v{manifest.metadata.version}")
    for category in ("compute", "orchestrator", "catalog"):
        if category in manifest.plugins:
            out.line(f"  {category.capitalize()}: {manifest.plugins[category]}")
    out.line(f"  Pattern: {manifest.architecture.pattern} ({manifest.architecture.enforcement} enforcement)")
    if done.created:
        out.section()
        out.line("Created:")
        for path in done.created:
            out.line(f"  {path}")
    lock = done.lock
    out.result(
        name=manifest.metadata.name,
        version=manifest.metadata.version,
        reference=f"{lock.reference}:{lock.tag}",
        digest=lock.digest,
        plugins=dict(manifest.plugins),
        architecture={
            "pattern": manifest.architecture.pattern,
            "enforcement": manifest.architecture.enforcement,
        },
        signer=str(lock.signer) if lock.signer else None,
        firstUse=bool(lock.signer and lock.signer.first_use),
        created=list(done.created),
    )


def _preview_init(context: Context, platform: str, trusted_keys: Sequence[str], ci_file: str | None) -> None:
    """What a first pin would do."""
    from floe_engine.policy.all_rules import rule_by_id
    from floe_engine.product.init_project import plan_init

    plan = plan_init(
        context.workspace, platform, trusted_keys=trusted_keys, ask=asking.first_use(), **context.progress
    )
    lock, out = plan.locks, context.output
    out.section()
    out.line(f"Would pin: {plan.ref}")
    out.line(f"Would lock: {lock.tag}, {lock.digest}")
    if ci_file is not None:
        out.line(f"Would write, if it is not there: {ci_file}")
    for problem in plan.problems:
        out.line(f"floe.yaml:{problem.span.start}: {problem.message}")
    if plan.unjudged:
        out.line(f"Nobody can say what it would find: {plan.unjudged}")
    elif not plan.by_rule:
        out.line(f"It would find nothing in {plural(plan.models, 'model')}")
    else:
        out.line(f"It would find in {plural(plan.models, 'model')}:")
    for rule, findings in plan.by_rule.items():
        known = rule_by_id(rule)
        title = f" {known.title}" if known is not None else ""
        out.line(f"  {rule} {findings[0].severity} ×{len(findings)}{title}")
    out.result(
        reference=plan.ref,
        version=lock.tag,
        digest=lock.digest,
        models=plan.models,
        breaks=plan.breaks,
        unjudged=plan.unjudged,
        findings={rule: len(findings) for rule, findings in plan.by_rule.items()},
    )


@command("compile", formats=FORMATS)
@option("--frozen", is_flag=True, help="Refuse to change the lock.")
@offline
@option(
    "--select",
    type=Word("model"),
    multiple=True,
    metavar="SELECTOR",
    help="Judge these only: a glob, +x+, path:…, tag:…, state:modified, a file, a rule ID; may be repeated.",
)
@option(
    "--exclude",
    type=Word("model"),
    multiple=True,
    metavar="SELECTOR",
    help="Do not judge these: as --select; may be repeated.",
)
@option("--selector", metavar="NAME", help="Judge what this selector of dbt's selectors.yml selects.")
@option(
    "--baseline",
    type=FILE,
    metavar="FILE",
    help="Known findings: made where absent, then it can only shrink.",
)
@option(
    "--what-if",
    type=click.Choice(get_args(WhatIf)),
    help="Judge as if everything were enforced so; write no profile.",
)
@option(
    "--profiles-dir",
    type=DIRECTORY,
    metavar="DIRECTORY",
    help="Write profiles.yml here, instead of where floe.yaml says.",
)
@option(
    "--state",
    metavar="STATE",
    help="What state:modified and its like compare with: a git revision, or a manifest.json of dbt.",
)
@option("--allow-empty", is_flag=True, help="Succeed where the selection leaves nothing to judge.")
@option(
    "--summary/--no-summary",
    default=None,
    help="Show one screen: the worst, and what to do first; unset: at a terminal, past 60 findings.",
)
@option("--limit", type=click.IntRange(min=0), metavar="N", help="Show at most N findings, the worst first.")
@option("--by-rule", is_flag=True, help="Group the findings by rule.")
@option("--all", "show_all", is_flag=True, help="Show every finding in full, waived and known ones too.")
def compile_(
    context: Context,
    *,
    offline: bool,
    baseline: Path | None,
    profiles_dir: Path | None,
    summary: bool | None,
    limit: int | None,
    by_rule: bool,
    show_all: bool,
    **judging: Any,
) -> int:
    """Judge the dbt project against its platform, and write its dbt profile."""
    from floe_engine.cli import findings
    from floe_engine.product.compile_project import CompileOptions, compile_project

    workspace = context.workspace.nearest()
    compiled = compile_project(
        workspace.without_network() if offline else workspace,
        options=CompileOptions(
            baseline=context.path(baseline) if baseline else None,
            profiles_dir=context.path(profiles_dir) if profiles_dir else None,
            **judging,
        ),
        ask=asking.first_use(),
        **context.progress,
    )
    context.keep(compiled)
    findings.show(context, compiled, by_rule=by_rule, show_all=show_all, summary=summary, limit=limit)
    return 0 if compiled.ok else Refused.exit_code
