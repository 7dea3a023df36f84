"""The codes of what can be wrong with a manifest, and what ``floe explain`` says of each.

A code never changes its meaning and is never given away again. `CODES` has those of YAML
itself (`document.codes`) too.
"""

from __future__ import annotations

from types import MappingProxyType

from floe_engine.acts import Act
from floe_engine.document.codes import CODES as DOCUMENT_CODES
from floe_engine.document.diagnostics import CodeExplanation


def _explained(title: str, prose: str, *example: str) -> CodeExplanation:
    """The prose, and under it the lines of an example in YAML."""
    shown = "".join(f"\n    {line}" for line in example)
    return CodeExplanation(title, f"{prose}\n{shown}" if shown else prose)


MANIFEST_CODES = MappingProxyType(
    {
        # --- the shape of a value ---
        "FLOE-M001": _explained(
            "unknown key",
            "A manifest may hold only the keys that floe knows: a misspelt key that was ignored would "
            "be a policy that nobody applies. Where a known key is near, floe offers to rename it; "
            "where the key belongs to another section, to move it.",
            "governance:",
            "  quality_gate: {}   # quality_gates",
        ),
        "FLOE-M002": _explained(
            "missing key",
            "The section is incomplete without this key; it has no default.",
            "metadata:",
            "  name: acme-data-platform",
            '  version: "1.2.3"',
        ),
        "FLOE-M003": _explained(
            "value of the wrong kind",
            "The key wants a mapping, a list, a text, a whole number or a switch, and something else "
            "stands there. A key with nothing behind it is empty, which is none of these.",
            "plugins:",
            "  compute: duckdb           # wrong: a text",
            "  compute: {type: duckdb}   # right",
        ),
        "FLOE-M004": _explained(
            "not one of the allowed words",
            "The key takes one of a few words, in the case in which the message shows them. `off` needs "
            "no quotes: floe reads YAML 1.2, where it is a text.",
            "naming: {enforcement: strict}",
        ),
        "FLOE-M005": _explained(
            "number out of range",
            "Percentages are whole numbers from 0 to 100, counts begin at 1.",
            "quality_gates: {minimum_test_coverage: 80}",
        ),
        "FLOE-M006": _explained(
            "text of the wrong form",
            "Names of layers, levels and roles are lower snake case; a platform's name is lower case "
            "with hyphens; a date is YYYY-MM-DD; namespaces are dotted identifiers. These names become "
            "files, tags, schemas and Kubernetes objects.",
            "layers:",
            "  raw_vault: {prefix: rv_}",
        ),
        "FLOE-M007": _explained(
            "the manifest is empty",
            "There is nothing to compile. The smallest manifest has apiVersion, kind, metadata and a "
            "compute plugin.",
            "apiVersion: floe.dev/v1",
            "kind: Manifest",
            'metadata: {name: acme, version: "0.1.0"}',
            "plugins: {compute: {type: duckdb}}",
        ),
        "FLOE-M008": _explained(
            "a word where true or false is needed",
            "In YAML 1.2, which floe reads, `yes`, `no`, `on` and `off` are texts; only `true` and "
            "`false` are switches.",
            "block_on_failure: true",
        ),
        "FLOE-M009": _explained(
            "a number or switch where text is needed",
            "Without quotes YAML reads digits as a number, and what is written may not be what arrives: "
            "007 becomes 7. Quote it.",
            'owner: "42"',
        ),
        # --- the platform ---
        "FLOE-M010": _explained(
            "a version written as a number",
            "Without quotes 1.10 is a number and equals 1.1. A version is a quoted text of three numbers.",
            'version: "1.10.0"',
        ),
        "FLOE-M011": _explained(
            "a version with a leading v",
            "The manifest holds the bare version; the tag in the registry gets the `v`.",
            'version: "1.2.3"     # published as v1.2.3',
        ),
        "FLOE-M012": _explained(
            "not a semantic version",
            "Versions are X.Y.Z, perhaps with a prerelease (semver 2.0.0). Build metadata behind `+` is "
            "refused, because a registry's tag cannot hold it.",
            'version: "2.0.0-rc.1"',
        ),
        "FLOE-M013": _explained(
            "reserved name",
            "default, system, floe, admin and root are names that floe and Kubernetes use themselves.",
            "name: acme-data-platform",
        ),
        "FLOE-M014": _explained(
            "a key for one environment",
            "A manifest has no sections such as dev or prod: one artifact, tested once and signed once, "
            "is promoted through all environments. What differs comes from outside, by `${NAME}` or by "
            "the secret that `connection_secret_ref` names.",
            'config: {account: "${SNOWFLAKE_ACCOUNT}"}',
        ),
        "FLOE-M015": _explained(
            "said twice",
            "Some settings have two spellings: `scope` may stand in `metadata` or at the top, `parent` "
            "may be written `parent_manifest`, and `waivers` `policy_overrides`. Use one of them.",
        ),
        "FLOE-M016": _explained(
            "a domain without a parent",
            "A platform of scope `domain` builds on an enterprise platform and has to say which.",
            "metadata: {scope: domain}",
            "parent: {ref: oci://registry.example.com/platform:v1.2.3}",
        ),
        "FLOE-M017": _explained(
            "a parent without the scope for it",
            "Only a platform of scope `domain` has a parent.",
            "metadata: {scope: domain}",
        ),
        "FLOE-M018": _explained(
            "the parent cannot be used",
            "The parent is not there, is not an enterprise platform, is the manifest itself, or has "
            "errors of its own. A path is relative to the child's directory.",
            "parent: {ref: ../enterprise/manifest.yaml}",
        ),
        "FLOE-M019": _explained(
            "approved_plugins outside an enterprise platform",
            "`approved_plugins` says which plugins the domains below may choose; only an enterprise "
            "platform has any below it.",
            "metadata: {scope: enterprise}",
            "approved_plugins: {compute: [duckdb, snowflake]}",
        ),
        # --- plugins ---
        "FLOE-M020": _explained(
            "unknown plugin category",
            "Plugins are chosen by category: compute, orchestrator, catalog, storage and so on. The "
            "catalogue lists them; installed packages can add to it.",
            "plugins:",
            "  compute: {type: duckdb}",
        ),
        "FLOE-M021": _explained(
            "unknown plugin type",
            "Neither floe's catalogue nor an installed plugin package has this type in this category. "
            "docs/plugins.md tells how to add one.",
            "compute: {type: duckdb}",
        ),
        "FLOE-M022": _explained(
            "unknown plugin version",
            "The plugin exists, but not in this version. Leave `version` out to take the catalogue's "
            "default; the artifact records which one that was.",
            'compute: {type: duckdb, version: "1.0.0"}',
        ),
        "FLOE-M023": _explained(
            "the plugin needs another floe",
            "A plugin's API fits when its major number equals floe's and its minor is not greater. "
            "Update floe, or install a version of the plugin that is made for this one.",
        ),
        "FLOE-M024": _explained(
            "plugins that do not work together",
            "Some plugins need a certain neighbour, and some cannot stand beside one: dbt Fusion, for "
            "example, runs on snowflake, bigquery, databricks and redshift only.",
            "compute: {type: snowflake}",
            "dbt: {type: fusion}",
        ),
        "FLOE-M025": _explained(
            "a plugin setting that does not fit",
            "The plugin's own schema says which settings it takes, and of what kind. A setting it does "
            "not know is a warning and is passed on, unless the plugin forbids others.",
            "config: {threads: 8}",
        ),
        "FLOE-M026": _explained(
            "a secret written literally",
            "The manifest is compiled into an artifact that every data team can read. Name a Kubernetes "
            "secret, or read the value from the environment. Whatever was committed should be replaced: "
            "it is in the history.",
            "connection_secret_ref: snowflake-credentials",
            'config: {token: "${FLOE_TOKEN}"}',
        ),
        "FLOE-M027": _explained(
            "no compute plugin",
            "Something has to run the SQL, and the dbt profile is made for it.",
            "plugins:",
            "  compute: {type: duckdb}",
        ),
        "FLOE-M028": _explained(
            "a plugin choice without a type",
            "Say `type`; or list several in `approved` and name one of them as `default`.",
            "compute:",
            "  approved: [{name: duckdb}, {name: snowflake}]",
            "  default: duckdb",
        ),
        "FLOE-M029": _explained(
            "an installed plugin package that cannot be used",
            "A package offers plugins by the entry point group floe.plugins, but what it offers could "
            "not be loaded or is not of the catalogue's shape. floe works without it.",
        ),
        # --- names that must fit each other ---
        "FLOE-M030": _explained(
            "prefixes that shadow each other",
            "A model's name has to tell its layer. Where one layer's prefix begins another's, names fit "
            "both.",
            "layers:",
            "  raw: {prefix: raw_}",
            "  vault: {prefix: rawvault_}   # not raw_vault_",
        ),
        "FLOE-M031": _explained(
            "unknown layer",
            "The layers are those of the pattern and those in `data_architecture.layers`. "
            "`may_depend_on` takes `source` as well.",
            "silver: {may_depend_on: [bronze, silver]}",
        ),
        "FLOE-M032": _explained(
            "unknown classification level",
            "The levels are those in `governance.classification.levels`, from the least to the most "
            "sensitive.",
            "levels: [public, internal, restricted]",
            "default_level: internal",
        ),
        "FLOE-M033": _explained(
            "unknown role",
            "The roles are those in `governance.access_control.roles`; where it is unset, "
            "data_engineer, analyst and admin.",
        ),
        "FLOE-M034": _explained(
            "a permission about nothing",
            "A permission names namespaces (those of the catalog and of the layers) or classification "
            "levels.",
            "- {role: analyst, namespaces: [gold], access: READ}",
        ),
        "FLOE-M035": _explained(
            "an entry that is there twice",
            "Levels, namespaces, trusted keys and the IDs of waivers and rules are each named once.",
        ),
        "FLOE-M036": _explained(
            "not a regular expression",
            "The expression does not compile (Python's `re`). In YAML, single quotes keep backslashes.",
            "name_pattern: '[a-z]+_\\d{4}'",
        ),
        "FLOE-M037": _explained(
            "an expression that cannot be matched in linear time",
            "A platform's expressions are matched in time that grows with the name alone, so they cannot "
            "look ahead or behind, go back to a group, nor set the flags m and a. One longer than 1,000 "
            "characters, or with more than 500 places once its repetitions are written out, is refused too.",
            "name_pattern: '[a-z][a-z0-9]*(_[a-z0-9]+)*'",
        ),
        "FLOE-M038": _explained(
            "custom_patterns and the pattern `custom` belong together",
            "Pattern `custom` has no naming rules of its own and needs `custom_patterns`; the other "
            "patterns do not read them.",
            "pattern: custom",
            "naming: {custom_patterns: ['^(raw|mart)_[a-z_]+$']}",
        ),
        "FLOE-M039": _explained(
            "a custom architecture without layers",
            "Without layers no model has required tests or allowed dependencies. That may be what you "
            "want; it is a warning.",
            "layers:",
            "  raw: {prefix: raw_, required_tests: [not_null_pk]}",
        ),
        # --- trust ---
        "FLOE-M040": _explained(
            "a trusted key that is not there",
            "`trusted_keys` names files relative to the manifest, or holds the PEM text itself.",
            "security: {trusted_keys: [cosign.pub]}",
        ),
        "FLOE-M041": _explained(
            "a trusted key that is no public key",
            "Expected a PEM file that begins with BEGIN PUBLIC KEY: ECDSA, RSA or Ed25519, as cosign "
            f"and {Act.KEYGEN} write it. A private key has no place in or beside a manifest.",
        ),
        "FLOE-M042": _explained(
            "a path that leads outside",
            "Files that a manifest names lie in its directory or below: what is built from the manifest "
            "must not depend on where it was checked out.",
        ),
        "FLOE-M043": _explained(
            "signatures required, but whose?",
            "`require_signed_artifacts` demands a signature of every later version, and neither "
            "`trusted_keys` nor `trusted_identities` say who may give it. Consumers then decide alone.",
            "security: {require_signed_artifacts: true, trusted_keys: [cosign.pub]}",
        ),
        # --- waivers and rules ---
        "FLOE-M044": _explained(
            "a waiver without a valid end",
            "A waiver expires, at most `waiver_policy.max_days` from today. An expired one is a "
            "warning: it no longer waives anything.",
            "- {pattern: legacy_*, reason: moves in May, owner: core, expires: 2026-05-31}",
        ),
        "FLOE-M045": _explained(
            "a waiver without an owner",
            "Somebody has to answer for an exception, or it stays for ever.",
            "- {…, owner: core-data}",
        ),
        "FLOE-M046": _explained(
            "a waiver that does not say for what",
            "A waiver has either `pattern`, a glob over model names, or `select` with `path:` or `tag:`. "
            "One whose rules are unknown, off, or asked by nothing in the platform excuses nothing.",
            "- {select: tag:legacy, reason: moves in May, owner: core, expires: 2026-05-31}",
        ),
        "FLOE-M047": _explained(
            "roles that inherit in a circle",
            "A role has the permissions of the roles it inherits from; in a circle all would be the "
            "same role.",
        ),
        "FLOE-M048": _explained(
            "a custom rule that is incomplete",
            "A rule of type cel has an id and an expr. require_tags_for_prefix reads prefix and tags; "
            "require_meta_field reads field; require_tests_of_type reads test_types and min_count.",
            "- {type: require_meta_field, field: owner}",
        ),
        "FLOE-M049": _explained(
            "a registry that cannot be used",
            "The registry is `oci://host/repository` without tag or digest, or `oci-layout:PATH`. "
            "Credentials come from docker's files, and certificates are always checked.",
            "artifacts: {registry: oci://ghcr.io/acme/platform}",
        ),
        # --- inheritance ---
        "FLOE-M050": _explained(
            "laxer than the parent",
            "A domain may be stricter than its enterprise platform, never laxer: minima only rise, "
            "enforcement only tightens, switches that demand stay on, lists of duties only grow. "
            f"{Act.EXPLAIN_SETTING:PATH} shows what the parent says.",
        ),
        "FLOE-M051": _explained(
            "a plugin that the parent does not approve",
            "The enterprise platform lists in `approved_plugins` what its domains may choose.",
        ),
        "FLOE-M052": _explained(
            "classification levels out of the parent's order",
            "A domain may insert levels between its parent's, but neither leave one out nor change "
            "their order, because policies compare levels by it.",
        ),
        "FLOE-M053": _explained(
            "a test that is probably misspelt",
            "floe knows not_null_pk, unique_pk, freshness, documentation, relationships, contract and "
            "unit_test; any other name is looked for among the model's dbt tests. This one is nearly "
            "one of floe's.",
        ),
        "FLOE-M054": _explained(
            "the parent has not been read",
            "The parent is in a registry, which checking a file does not ask. Compiling does, and then "
            "checks that nothing is laxer than the parent.",
        ),
        "FLOE-M055": _explained(
            "a waiver of a rule that may not be waived",
            "The enterprise platform marks the rule `overridable: false`. A waiver without `rules` "
            "waives every rule, so name those it is about.",
        ),
        "FLOE-M056": _explained(
            "a signer whom the parent does not trust",
            "A domain may trust fewer keys and identities than its enterprise platform, never others. A "
            "key of its own the enterprise lists under the domain's name in `security.delegated_keys`.",
            "security: {trusted_keys: [sales.pub]}",
            "security: {delegated_keys: {sales: [sales.pub]}}",
        ),
        "FLOE-M057": _explained(
            "a revoked key that is no fingerprint",
            "A key is revoked by its fingerprint, in any usual spelling: a revocation that nobody "
            f"understands would protect nobody. {Act.FINGERPRINT:FILE} prints it.",
        ),
        "FLOE-M058": _explained(
            "a key that is trusted and revoked",
            "What a revoked key has signed is refused, whoever lists the key. Take it out of the lists "
            "of keys that may sign, and leave the revocation.",
        ),
        # --- house rules ---
        "FLOE-M059": _explained(
            "an expression that means nothing",
            "Expressions of house rules are CEL. Every name, field and type is checked against the facts "
            f"that a rule may ask: docs/house-rules.md, or {Act.SCHEMA:facts}.",
            "expr: model.columns.all(c, c.description != '')",
        ),
        "FLOE-M060": _explained(
            "an example that is no subject",
            "The examples of a house rule are facts of its subject. What an example does not say is null, "
            "empty, 0 or false.",
            "examples: {pass: [{name: gold_orders, layer: gold}]}",
        ),
        "FLOE-M061": _explained(
            "an example that does not hold",
            "The rule says something else of the example than `pass` or `fail`. Either the expression does "
            "not mean what was meant, or the example is wrong.",
        ),
        "FLOE-M062": _explained(
            "a house rule that shows no examples",
            "One example that passes and one that fails say what the rule means, and are run whenever the "
            "platform is checked and tested. Without them nobody notices when an edit weakens the rule.",
            "examples: {pass: [{meta: {owner: core}}], fail: [{}]}",
        ),
        "FLOE-M063": _explained(
            "a rule of a Python package that is not pinned to it",
            "The rule is code that data teams run. It is run only where the installed package has the digest "
            "that the platform names, so that what was read and signed is what runs.",
            "digest: sha256:…",
        ),
        "FLOE-M064": _explained(
            "a rule of a Python package that is not here",
            "The package is not installed, or cannot be used here: its rule cannot be tried, and the policy "
            "tests of its examples fail.",
        ),
    }
)
"""What ``floe explain`` prints for each code about a manifest."""

CODES = MappingProxyType({**DOCUMENT_CODES, **MANIFEST_CODES})
"""Every code that `check` can give."""
