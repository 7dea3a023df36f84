"""The actions of each place, in the order of the places. `actions` has those that belong to none."""

from __future__ import annotations

from msgspec.structs import replace

from floe_tui.action import Action, Place


def _at(place: Place, *actions: Action) -> tuple[Action, ...]:
    return tuple(replace(action, place=place) for action in actions)


_MANIFEST = _at(
    Place.MANIFEST,
    Action(
        "manifest.save",
        "ctrl+s",
        "Save",
        "Write manifest.yaml",
        "save",
        show=True,
        priority=True,
        needs_write=True,
    ),
    Action(
        "manifest.find",
        "ctrl+f",
        "Find",
        "Find and replace in the manifest",
        "find",
        show=True,
        priority=True,
    ),
    Action(
        "manifest.line", "ctrl+g", "Go to line", "Go to a line by its number", "go_to_line", priority=True
    ),
    Action("manifest.start", "ctrl+home", "Start", "Go to the start of the text", "start"),
    Action("manifest.end", "ctrl+end", "End", "Go to the end of the text", "end"),
    Action("manifest.select_all", "ctrl+a", "Select all", "Select the whole text", "select_all"),
    Action(
        "manifest.problem.next",
        "f8",
        "Next problem",
        "Go to the next problem",
        "next_problem",
        show=True,
        priority=True,
    ),
    Action(
        "manifest.problem.previous",
        "shift+f8",
        "Previous problem",
        "Go to the previous problem",
        "previous_problem",
        priority=True,
    ),
    Action(
        "manifest.fix",
        "ctrl+t,shift+f9",
        "Quick fix",
        "Mend the problem at the cursor",
        "fix",
        show=True,
        priority=True,
        needs_write=True,
    ),
    Action(
        "manifest.complete",
        "ctrl+@,ctrl+space",
        "Complete",
        "Offer the keys and values that could stand at the cursor",
        "complete",
        priority=True,
        needs_write=True,
    ),
    Action(
        "manifest.explain",
        "ctrl+n,shift+f1",
        "Explain",
        "What the setting at the cursor means, its default, and where its value comes from",
        "explain",
        show=True,
        priority=True,
    ),
    Action(
        "manifest.definition",
        "ctrl+r",
        "Definition",
        "Go to where the name, or the inherited setting, at the cursor is written",
        "definition",
        priority=True,
    ),
    Action(
        "manifest.outline", "ctrl+b", "Outline", "Show the sections of the manifest", "outline", priority=True
    ),
    Action(
        "manifest.compile",
        "f10",
        "Compile",
        "Write the eight files into .floe/artifacts",
        "compile",
        show=True,
        priority=True,
        needs_write=True,
    ),
    Action(
        "manifest.external",
        "f9",
        "$EDITOR",
        "Edit the text in $EDITOR; comes back as one undo",
        "external",
        show=True,
        priority=True,
        needs_write=True,
    ),
    Action("manifest.undo", "ctrl+z", "Undo", "Take back the last edit", "undo"),
    Action("manifest.redo", "ctrl+y", "Redo", "Do again what was taken back", "redo", priority=True),
    Action(
        "manifest.compare",
        "",
        "Compare with disk",
        "Show how the text differs from what somebody else wrote, and choose",
        "compare_disk",
    ),
    Action("manifest.reload", "", "Reload from disk", "Replace the text by the file's", "reload"),
)

_VERSIONS = _at(
    Place.VERSIONS,
    Action(
        "versions.old",
        "o",
        "Old side",
        "Choose what to compare from",
        "choose_old",
        show=True,
    ),
    Action(
        "versions.new",
        "w",
        "New side",
        "Choose what to compare with",
        "choose_new",
        show=True,
    ),
    Action("versions.swap", "s", "Swap", "Exchange the two sides", "swap"),
    Action(
        "versions.breaking",
        "b",
        "Breaking",
        "Only what needs a major version",
        "breaking",
        show=True,
    ),
    Action(
        "versions.mine",
        "p",
        "My project",
        "Only what changes what a project is told; judges it under both versions",
        "mine",
        show=True,
    ),
    Action("versions.project", "P", "Other project", "Choose the project to measure by", "project"),
    Action("versions.next", "n", "Next change", "Go to the text's next difference", "next", show=True),
    Action("versions.previous", "N", "Previous change", "Go to the difference before", "previous"),
    Action("versions.columns", "u", "Columns", "One column or two", "columns", show=True),
    Action("versions.fold", "f", "Fold", "Fold or show lines that are the same", "fold"),
    Action(
        "versions.search", "ctrl+f", "Search", "Search in the text (in the text also /)", "search", show=True
    ),
    Action("versions.match", "m", "Next match", "Go to the next place of what is searched", "match"),
    Action("versions.match_back", "M", "Previous match", "Go to the place before", "match_back"),
    Action("versions.refresh", "r", "Refresh", "Compare again", "refresh"),
    Action("versions.copy", "y", "Copy", "Copy the change; in the text, the difference as a patch", "copy"),
)

_POLICY = _at(
    Place.POLICY,
    Action("policy.all", "r", "Run all", "Run every suite", "run_all", show=True),
    Action("policy.one", "o", "Run one", "Run the case or suite under the cursor", "run_one", show=True),
    Action("policy.failed", "f", "Run failed", "Run what failed the last time", "run_failed", show=True),
    Action(
        "policy.mutate",
        "m",
        "Mutants",
        "Weaken one demand of the platform at a time: does any case notice?",
        "mutate",
        show=True,
    ),
    Action("policy.mutate_own", "M", "Own mutants", "The same, by the team's own cases alone", "mutate_own"),
    Action("policy.only_failed", "x", "Only failed", "Show only what failed", "only_failed", show=True),
    Action(
        "policy.open",
        "e",
        "Open",
        "Open the case in $EDITOR; a house rule in the manifest, its examples beside it",
        "open",
        show=True,
    ),
)

_PUBLISH = _at(
    Place.PUBLISH,
    Action("publish.plan", "r", "Plan", "Say what would be pushed, and where", "plan", show=True),
    Action(
        "publish.publish",
        "p",
        "Publish",
        "Push, sign, verify and tag",
        "publish",
        show=True,
        needs_write=True,
    ),
    Action("publish.target", "t", "Target", "Choose the repository to publish to", "target", show=True),
    Action(
        "publish.signing",
        "s",
        "Signer",
        "Choose who signs: a key, a Sigstore identity, or nobody",
        "signing",
        show=True,
    ),
    Action("publish.version", "e", "Version", "Set the version to publish", "version", show=True),
    Action("publish.copy", "y", "Copy digest", "Copy the published digest", "copy"),
    Action(
        "publish.verify",
        "v",
        "Copy cosign",
        "Copy the command that verifies it by hand",
        "copy_verify",
    ),
)

_REGISTRY = _at(
    Place.REGISTRY,
    Action("registry.refresh", "r", "Refresh", "Ask the registry again", "refresh", show=True),
    Action(
        "registry.constraint",
        "c",
        "Constraint",
        "See what v1.2.* would resolve to",
        "constraint",
        show=True,
    ),
    Action(
        "registry.pull",
        "p",
        "Pull",
        "Fetch the version, verify it and lock it",
        "pull",
        show=True,
        needs_write=True,
    ),
    Action(
        "registry.verify",
        "v",
        "Verify",
        "Look at every signature of the version",
        "verify",
        show=True,
    ),
    Action(
        "registry.pin",
        "i",
        "Pin",
        "See what pinning the version would do: exact, patch or minor; and pin it in floe.yaml",
        "pin",
        show=True,
    ),
    Action(
        "registry.repositories",
        "b",
        "Repositories",
        "Look into another repository, listed or typed",
        "repositories",
        show=True,
    ),
    Action(
        "registry.promote",
        "m",
        "Promote",
        "Copy the version to another registry, digest and signatures kept",
        "promote",
        needs_write=True,
    ),
    Action("registry.copy", "y", "Copy", "Copy the version's reference", "copy", show=True),
    Action(
        "registry.undo",
        "",
        "Undo pin",
        "Take the last move of the pin back: floe.yaml and the lock",
        "undo",
        needs_write=True,
    ),
)

_PROJECT = _at(
    Place.PROJECT,
    Action("project.check", "r", "Check", "Judge the project by its platform", "check", show=True),
    Action(
        "project.compile",
        "c",
        "Compile",
        "Judge, and write profiles.yml",
        "compile",
        show=True,
        needs_write=True,
    ),
    Action(
        "project.upgrade",
        "u",
        "Upgrade",
        "See what another version of the platform would newly break, and take it",
        "upgrade",
        show=True,
    ),
    Action(
        "project.fix",
        "f",
        "Fix",
        "Declare what the findings ask for, after showing the change: of one, a rule, or what is marked",
        "fix",
        show=True,
    ),
    Action(
        "project.waive",
        "w",
        "Waive",
        "Excuse the finding in floe.yaml, with a reason, an owner and an end",
        "waive",
        show=True,
    ),
    Action("project.group", "t", "Group", "By rule, file, severity or waiver", "group", show=True),
    Action("project.open", "e", "Open", "Open the line in $EDITOR", "open", show=True),
    Action("project.waived", "x", "Waived", "Show or hide what is waived or known", "waived"),
    Action("project.copy", "y", "Copy", "Copy the finding", "copy"),
    Action(
        "project.undo",
        "",
        "Undo upgrade",
        "Take the last move of the pin back: floe.yaml and the lock",
        "undo",
        needs_write=True,
    ),
)

_START = _at(
    Place.START,
    Action(
        "start.begin",
        "b",
        "Begin",
        "Write a manifest.yaml from a template, or learn it from a dbt project",
        "begin",
        show=True,
        needs_write=True,
    ),
    Action(
        "start.join",
        "i",
        "Join",
        "Choose a published platform and pin one of its versions here",
        "join",
        show=True,
        needs_write=True,
    ),
    Action(
        "start.demo",
        "d",
        "Demo",
        "Make a signed platform and a project to try everything with, in a folder of its own",
        "demo",
        show=True,
        needs_write=True,
    ),
    Action("start.open", "o", "Open", "Work in another directory", "open", show=True),
)

PLACES: tuple[Action, ...] = (*_MANIFEST, *_VERSIONS, *_POLICY, *_PUBLISH, *_REGISTRY, *_PROJECT, *_START)
"""Every row."""
