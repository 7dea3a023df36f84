"""Which platform this is, where it stands among others, and where it is published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from floe_engine.acts import Act
from floe_engine.document.diagnostics import Diagnostic
from floe_engine.document.nodes import KeyPath
from floe_engine.manifest.draft import Draft

RESERVED = frozenset(("default", "system", "floe", "admin", "root"))


def reserved_name(draft: Draft) -> Iterator[Diagnostic]:
    """The platform's name is not one that floe or Kubernetes keeps for itself."""
    name = draft.text("metadata", "name")
    if name in RESERVED:
        yield draft.report(
            "FLOE-M013",
            ("metadata", "name"),
            f"`{name}` is a reserved name",
            hint=f"name the platform after its house, such as acme-{name}",
        )


def one_scope(draft: Draft) -> Iterator[Diagnostic]:
    """`scope` and `metadata.scope` agree where both are there."""
    top, inner = draft.text("scope"), draft.text("metadata", "scope")
    if top and inner and top != inner:
        yield draft.report(
            "FLOE-M015",
            ("scope",),
            f"`scope` is `{top}` here and `{inner}` in `metadata`",
            hint="keep `metadata.scope` only",
            fixes=[draft.replace(("scope",), inner)],
        )


def parent_fits_scope(draft: Draft) -> Iterator[Diagnostic]:
    """A domain has a parent, and nothing else has one (upstream's C001 and C002)."""
    key = "parent" if draft.get("parent") is not None else "parent_manifest"
    parent = draft.get(key)
    scope = draft.text("metadata", "scope") or draft.text("scope")
    where: KeyPath = ("metadata", "scope") if draft.text("metadata", "scope") else ("scope",)
    if scope == "domain" and parent is None:
        yield draft.report(
            "FLOE-M016",
            where,
            "a platform of scope `domain` needs a parent",
            hint="add `parent.ref`: oci://host/repository:v1.2.3, or the path of the parent's manifest.yaml",
        )
    elif parent is not None and scope != "domain":
        scopes = f"of scope `{scope}`" if scope else "without a scope"
        yield draft.report(
            "FLOE-M017",
            (key,),
            f"a platform {scopes} cannot have a parent",
            hint="set `metadata.scope: domain`, or remove the parent",
            key=True,
            fixes=[draft.replace(where, "domain", title="Set the scope to `domain`")] if scope else (),
        )


def approvals_need_enterprise(draft: Draft) -> Iterator[Diagnostic]:
    """Only an enterprise platform approves plugins for others (upstream's C004)."""
    scope = draft.text("metadata", "scope") or draft.text("scope")
    if draft.mapping("approved_plugins") and scope != "enterprise":
        yield draft.report(
            "FLOE-M019",
            ("approved_plugins",),
            "`approved_plugins` is for platforms of scope `enterprise`",
            hint="set `metadata.scope: enterprise`, or remove it",
            key=True,
        )


_USER_INFO = re.compile(r"^[a-z-]+://[^/@]*@")


def registry_is_usable(draft: Draft) -> Iterator[Diagnostic]:
    """The registry is a repository without tag, and its certificates are checked."""
    base: KeyPath = ("artifacts", "registry")
    path = base if draft.text(*base) else (*base, "uri")
    uri = draft.text(*path)
    if uri:
        problem = hint = ""
        name = uri.rsplit("/", 1)[-1]
        if uri.startswith(("http://", "https://")):
            problem, hint = "is a web address", "write oci://host/repository"
        elif "://" in uri and not uri.startswith("oci://"):
            problem, hint = "has a scheme that floe does not know", "use oci:// or oci-layout:"
        elif _USER_INFO.match(uri):
            problem, hint = "holds credentials", f"log in with {Act.LOGIN} instead"
        elif "@" in name:
            problem, hint = "names a digest", "leave out everything behind `@`: publishing sets it"
        elif not uri.startswith("oci-layout:") and ":" in name and "/" in uri.removeprefix("oci://"):
            problem, hint = "names a tag", "leave out the tag: publishing sets it"
        elif uri.startswith("oci://") and "/" not in uri.removeprefix("oci://").strip("/"):
            problem, hint = "lacks a repository", "write oci://host/repository"
        if problem:
            shown = "the registry" if "credentials" in problem else f"`{uri}`"
            fixes = []
            if problem == "is a web address":
                fixes = [draft.replace(path, "oci://" + uri.split("://", 1)[1])]
            elif problem == "names a tag":
                fixes = [draft.replace(path, uri.rsplit(":", 1)[0])]
            yield draft.report("FLOE-M049", path, f"{shown} {problem}", hint=hint, fixes=fixes)
    if draft.get(*base, "tls_verify") is False:
        where = (*base, "tls_verify")
        yield draft.report(
            "FLOE-M049",
            where,
            "floe always checks certificates",
            hint="give a private certificate authority in FLOE_CA_FILE or SSL_CERT_FILE",
            fixes=[draft.replace(where, True)],
        )


def policy_tests_are_inside(draft: Draft) -> Iterator[Diagnostic]:
    """Policy tests lie in the manifest's directory."""
    for path, glob in draft.texts("policy_tests"):
        if glob.startswith(("/", "~")) or ".." in PurePosixPath(glob.replace("\\", "/")).parts:
            yield draft.report(
                "FLOE-M042",
                path,
                f"`{glob}` leads outside the manifest's directory",
                hint="keep policy tests below the manifest, such as tests/policies/*.yaml",
            )
