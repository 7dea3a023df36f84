"""Harnesses of what people write: manifest.yaml, floe.yaml, policy tests, settings, words of a command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from floe_engine.artifact.build import build
from floe_engine.document import edit
from floe_engine.document.diagnostics import Diagnostic, Position
from floe_engine.document.document import Document
from floe_engine.document.text import decode, read_text
from floe_engine.errors import FloeError
from floe_engine.expressions import BadExpression, NotLinear, compiled
from floe_engine.manifest import assist
from floe_engine.manifest.check import check
from floe_engine.platform.fix_platform import mend
from floe_engine.policy.cases import run_case
from floe_engine.policy_tests.case_file import load_suite
from floe_engine.product.check_spec import check_spec
from floe_engine.project.spec_check import against_platform
from floe_engine.project.spec_file import load_spec
from floe_engine.registry.reference import Reference
from floe_engine.trust.policy import read_policy
from floe_engine.versions import Constraint
from floe_engine.workspace import Workspace
from tests.engine.upgrade.artifacts import artifact
from tests.engine.variations import CATALOGUE, PLAIN, TODAY, VALUES, edited
from tests.fuzz import scratch
from tests.fuzz.harness import Harness

EXAMPLES = Path(__file__).parents[2] / "examples"
PLATFORM = artifact().platform


def shown(document: Document, diagnostics: Sequence[Diagnostic]) -> None:
    """Every problem points into the text, and every fix can be made."""
    lines = document.lines
    for found in diagnostics:
        for span in (found.span, *(one.span for fix in found.fixes for one in fix.edits)):
            assert span.start <= span.end, found
            assert span.end.line < len(lines), found
            assert span.end.column <= len(lines[span.end.line]), found
        for fix in found.fixes:
            edit.apply(document.text, fix.edits)


def manifests() -> list[bytes]:
    plain = (EXAMPLES / "acme-platform" / "manifest.yaml").read_bytes()
    whole = edited(PLAIN, [(path, values[-1]) for path, values in VALUES.items() if "secret" not in path])
    small = [edited(PLAIN, [(path, values[-1])]).encode() for path, values in VALUES.items()]
    return [plain, whole.encode(), *small]


def read_manifest(data: bytes) -> None:
    place = scratch.put("manifest", "manifest.yaml", data)
    text = read_text(place / "manifest.yaml")
    checked = check(text, path=place / "manifest.yaml", catalogue=CATALOGUE, today=TODAY)
    shown(checked.document, checked.diagnostics)
    assert checked.ok or checked.errors
    if checked.ok and checked.manifest is not None:
        made = build(checked.manifest, checked.plugins, created="2026-06-01T00:00:00Z")
        made.check_files()


def fix_manifest(data: bytes) -> None:
    place = scratch.put("fix", "manifest.yaml", data)
    text = read_text(place / "manifest.yaml")
    mend(text, workspace=Workspace.open(place, environ={}))


def assist_manifest(data: bytes) -> None:
    checked = check(decode(data), catalogue=CATALOGUE, today=TODAY)
    for line, column in ((0, 0), (len(data) % 41, len(data) % 23), (9, 4), (10**6, 10**6)):
        position = Position(line, column)
        assist.complete(checked, position)
        assist.hover(checked, position)
        assist.definition(checked, position)
    assist.outline(checked.document)


SPEC = b"""\
apiVersion: floe.dev/v1
kind: DataProduct
metadata: {name: shop, version: "1.0.0", owner: team}
platform:
  ref: oci://127.0.0.1:9/acme/platform:v1.0.0
  trusted_identities:
    - {identity: ada@acme.test, issuer: "https://issuer.test"}
transforms:
  - type: dbt
    project_dir: .
    profiles_dir: .
schedule: {cron: "0 6 * * *", timezone: UTC}
dbt: {reader: static, vars: {a: 1}}
waivers:
  - {id: w, pattern: "gold_*", rules: [FLOE-E210], reason: r, owner: o, expires: 2026-09-01}
"""


def read_spec(data: bytes) -> None:
    place = scratch.put("spec", "floe.yaml", data)
    workspace = Workspace.open(place, environ={}).without_network()
    checked = check_spec(workspace, read_text(place / "floe.yaml"))
    shown(checked.document, checked.diagnostics)
    spec = load_spec(place / "floe.yaml")
    against_platform(spec, checked.document, PLATFORM)
    _ = workspace.registry


SUITE = b"""\
apiVersion: floe.dev/v1
kind: PolicyTest
metadata: {name: names}
cases:
  - name: good
    given:
      models:
        - name: gold_sales
          description: Sales.
          columns: [{name: id, tests: [unique, not_null]}, {name: email, meta: {classification: pii}}]
          depends_on: [raw.orders]
      sources: [{source: raw, name: orders, columns: [{name: id}]}]
    waivers: [{pattern: "gold_*", rules: [FLOE-E210], reason: r, expires: 2026-09-01}]
    today: 2026-06-01
    enforcement: warn
    allow_others: true
    expect: [{rule: FLOE-E201, resource: gold_sales, result: pass}]
"""


def read_suite(data: bytes) -> None:
    place = scratch.put("suite", "naming.yaml", data)
    for case in load_suite(place / "naming.yaml").cases:
        run_case(PLATFORM, case)


TRUST = b"""\
version = 1
default = "refuse"
[[scope]]
match = "oci://registry.test/acme"
keys = ["sha256:0000000000000000000000000000000000000000000000000000000000000000"]
identities = [{ subject = "ada@acme.test", issuer = "https://issuer.test" }]
required = 1
[revoked]
keys = ["sha256:1111111111111111111111111111111111111111111111111111111111111111"]
identities = [{ subject_regexp = "bob@.*", issuer = "https://issuer.test" }]
"""


def read_trust(data: bytes) -> None:
    place = scratch.put("trust", "trust.toml", data)
    policy = read_policy(place / "trust.toml", scratch.directory("project"))
    policy.scope_for(Reference.parse("oci://registry.test/acme/platform"))


CONFIG = b"""\
registry = "oci://registry.test/acme"
trusted_keys = ["cosign.pub", "sha256:0000000000000000000000000000000000000000000000000000000000000000"]
trusted_identities = [{ identity = "ada@acme.test", issuer = "https://issuer.test" }]
revoked_keys = ["sha256:1111111111111111111111111111111111111111111111111111111111111111"]
first_use = "accept"
ca_file = "ca.pem"
plain_http = ["127.0.0.1:5000"]
"""


def read_config(data: bytes) -> None:
    place = scratch.put("config", "config.toml", data)
    workspace = Workspace.open(place, environ={"FLOE_CONFIG": str(place / "config.toml"), "HOME": str(place)})
    _ = workspace.settings
    _ = workspace.registry


WORDS = (
    b"v1.2.3", b"v1.*.*", b">=1.0 <2", b"^1.2", b"~1.2.3-rc.1", b"oci://registry.test:5000/a/b:v1.2.3",
    b"oci-layout:./x:v1", b"oci://[::1]:5000/a@sha256:" + b"0" * 64,
    b"(crm|erp)__[a-z_]+", b"[a-z]{2,4}\\d+$",
)  # fmt: skip


def read_word(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for read in (
        lambda: Constraint.parse(text).resolve(["v1.2.3", "1.0.0", text]),
        lambda: Reference.parse(text, base=scratch.directory("words")),
        lambda: Reference.parse_constrained(text, base=scratch.directory("words")),
    ):
        try:
            read()
        except FloeError as error:
            str(error)
    try:
        found = compiled(text)
    except (BadExpression, NotLinear):
        return
    for line in ("", "a" * 2000, "orders_2024", text):
        found.fullmatch(line)
        found.search(line)


def specs() -> list[bytes]:
    return [SPEC, SPEC.replace(b"oci://127.0.0.1:9/acme/platform", b"oci-layout:../registry")]


def suites() -> list[bytes]:
    return [SUITE, *(path.read_bytes() for path in sorted(EXAMPLES.glob("*/tests/policies/*.yaml")))]


HARNESSES = (
    Harness("manifest", manifests, read_manifest),
    Harness("manifest-fixes", manifests, fix_manifest),
    Harness("manifest-help", manifests, assist_manifest),
    Harness("floe-yaml", specs, read_spec),
    Harness("policy-test", suites, read_suite),
    Harness("trust-toml", lambda: [TRUST], read_trust),
    Harness("config-toml", lambda: [CONFIG], read_config),
    Harness("words", lambda: list(WORDS), read_word),
)
