"""manifest.yaml as a whole, and the sections that are about the platform itself."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from msgspec import Meta, field

from floe_engine.manifest.architecture import DataArchitecture
from floe_engine.manifest.base import Also, Count, Place, SecretName, Semver, Settings, Switch, Text
from floe_engine.manifest.catalog import Catalog
from floe_engine.manifest.governance import Governance
from floe_engine.manifest.laws import Free, OnlyOn, Special, Subset, Superset
from floe_engine.manifest.reading import read, respelled
from floe_engine.manifest.terms import PLATFORM_NAME, Scope

PlatformName = Annotated[str, Meta(pattern=rf"^{PLATFORM_NAME}\Z")]

POLICY_TESTS = ("tests/policies/*.yaml",)
"""Where a platform's own policy tests are, unless it says other."""

_OWN = Free(because="it is each platform's own and does not come down")
_WORDS = Free(because="it is for people to read", other="DOC001")
_SIGNER = Special(where="a part of the parent's")
_PLUGIN = Special(where="replaced whole, within the parent's `approved_plugins`")


class Metadata(Settings, frozen=True, kw_only=True):
    """Which platform this is."""

    name: Annotated[PlatformName, Free(because=_OWN.because, other="MET001")]
    """The platform's name: lower case, digits and hyphens, up to 63 characters."""

    version: Annotated[Semver, _OWN]
    """Version of this platform as a quoted semver string, `"1.2.3"`; published as the tag `v1.2.3`."""

    scope: Annotated[
        Scope | None,
        Free(
            because=_OWN.because,
            moves=OnlyOn(lax="enterprise", tighter="MET002", looser="MET003", provided=True, other="MET004"),
        ),
    ] = None
    """`enterprise` where domain platforms build on this one, `domain` where it has a parent; unset in
    a house of two tiers."""

    owner: Annotated[Text | None, _WORDS] = None
    """Team or address that answers for the platform."""

    description: Annotated[Annotated[str, Meta(max_length=500)] | None, _WORDS] = None
    """What the platform is for, up to 500 characters."""

    labels: Annotated[dict[str, str], _WORDS] = {}
    """Free labels."""


class Parent(Settings, frozen=True, kw_only=True):
    """The enterprise platform that a domain platform builds on."""

    text_key = "ref"

    ref: Annotated[Text, _OWN, Place("manifest.parent")]
    """`oci://host/repository:v1.2.3`, or the path of the parent's manifest.yaml relative to this file."""


class ApprovedPlugin(Settings, frozen=True, kw_only=True):
    """A further type that data teams may choose."""

    name: Annotated[Text, _PLUGIN]
    """The plugin's type, such as `snowflake`."""

    config: Annotated[dict[str, Any], _PLUGIN] = {}
    """Its settings."""


class PluginChoice(Settings, frozen=True, kw_only=True):
    """Which plugin does a job."""

    type: Annotated[
        Text | None,
        Special(
            where=_PLUGIN.where,
            moves=Subset(tighter="PLG002", looser="PLG003", provided=True, other="PLG001"),
        ),
        Place("manifest.plugins.*"),
    ] = None
    """The plugin's type, such as `duckdb`. Required, unless `default` names one of `approved`."""

    version: Annotated[Semver | None, _PLUGIN] = None
    """The plugin's exact version; unset: the catalogue's default."""

    config: Annotated[dict[str, Any], _PLUGIN] = {}
    """The plugin's settings, as its own schema says. Never a secret: use `connection_secret_ref`,
    or `${NAME}` for an environment variable."""

    connection_secret_ref: Annotated[SecretName | None, Special(where=_PLUGIN.where, other="PLG016")] = None
    """Name of the Kubernetes secret that holds the connection's credentials."""

    approved: Annotated[tuple[ApprovedPlugin, ...], _PLUGIN] = ()
    """Types that data teams may choose from (compute)."""

    default: Annotated[Text | None, _PLUGIN] = None
    """Which of `approved` is used where a team chooses none."""

    @property
    def chosen(self) -> str:
        """The type in use: `type`, else `default`; empty where the manifest names neither."""
        return self.type or self.default or ""


class TrustedIdentity(Settings, frozen=True, kw_only=True):
    """A person or a workflow that may sign the platform without a key (sigstore)."""

    identity: Annotated[Text, _SIGNER]
    """E-mail address or URI in the signing certificate."""

    issuer: Annotated[Text, _SIGNER]
    """URL of the OpenID Connect issuer that vouched for it."""


class Security(Settings, frozen=True, kw_only=True):
    """Whether and by whom artifacts must be signed."""

    require_signed_artifacts: Annotated[Switch, OnlyOn(tighter="SGN001", looser="SGN002")] = False
    """Whether every later version has to be signed by one of `trusted_keys` or `trusted_identities`."""

    trusted_keys: Annotated[
        tuple[Text, ...],
        Special(
            where="a part of the parent's, and of what it delegates to this platform",
            moves=Subset(tighter="KEY001", looser="KEY002", provided=True),
        ),
    ] = ()
    """Public keys that may sign: PEM files relative to this file, or the PEM text itself."""

    trusted_identities: Annotated[
        tuple[TrustedIdentity, ...],
        Special(where=_SIGNER.where, moves=Subset(tighter="KEY007", looser="KEY008", provided=True)),
    ] = ()
    """People and workflows that may sign without a key."""

    revoked_keys: Annotated[tuple[Text, ...], Superset(tighter="KEY005", looser="KEY006")] = ()
    """Fingerprints of keys that must never be believed again, as `floe platform fingerprint` prints
    them. Who has taken this version takes nothing more that only they have signed."""

    delegated_keys: Annotated[
        dict[PlatformName, tuple[Text, ...]],
        Special(
            where="for each domain platform, the keys that may sign it and no other",
            moves=Subset(tighter="KEY009", looser="KEY010", provided=True),
        ),
    ] = {}
    """Domain platform to keys that may sign it, and nothing else (only with `scope: enterprise`)."""


class RegistryAuth(Settings, frozen=True, kw_only=True):
    """How the registry is asked."""

    type: Annotated[Literal["docker", "anonymous"], _OWN] = "docker"
    """`docker`: docker's credential files and helpers, and the environment; `anonymous`: none at all."""


class RegistryCache(Settings, frozen=True, kw_only=True):
    """Taken for manifests that have it, and of no effect: floe asks the registry each time, and keeps
    the last list of tags in `.floe/cache` for `--offline` alone."""

    path: Annotated[Text | None, _OWN] = None
    """A folder; of no effect."""

    ttl_hours: Annotated[Count, _OWN] = 24
    """Hours; of no effect."""


class Registry(Settings, frozen=True, kw_only=True):
    """Where the platform is published."""

    text_key = "uri"

    uri: Annotated[Text, _OWN]
    """`oci://host/repository`, or `oci-layout:PATH` for a folder."""

    auth: RegistryAuth = RegistryAuth()
    """How the registry is asked."""

    tls_verify: Annotated[Switch, _OWN] = True
    """Whether certificates are checked. Only `true`: name a private CA in FLOE_CA_FILE instead."""

    cache: RegistryCache = RegistryCache()
    """Of no effect: floe asks the registry each time."""


class Artifacts(Settings, frozen=True, kw_only=True):
    """Where artifacts are published."""

    registry: Registry | None = None
    """Where the platform is published: a reference, or a mapping with `uri`."""


class Manifest(Settings, frozen=True, kw_only=True, dict=True):
    """manifest.yaml: a data platform and the policies it holds projects to."""

    api_version: Annotated[Literal["floe.dev/v1"], _OWN, Place("manifest.api_version")] = field(
        name="apiVersion"
    )
    """Version of this format: `floe.dev/v1`."""

    kind: Annotated[Literal["Manifest"], _OWN]
    """What the file is: `Manifest`."""

    metadata: Annotated[Metadata, Place("manifest.metadata")]
    """Which platform this is."""

    top_level_scope: Annotated[Scope | None, _OWN] = field(default=None, name="scope")
    """The other place of `metadata.scope`; both must agree."""

    parent: Annotated[Parent | None, Place("manifest.parent"), Also("parent_manifest")] = None
    """The enterprise platform that this one builds on (also written `parent_manifest`)."""

    plugins: Annotated[dict[str, PluginChoice], Place("manifest.plugin_details")] = {}
    """Which plugin does which job, by category; `compute` is required, `dbt` is `core` where unset."""

    approved_plugins: Annotated[dict[str, tuple[Text, ...]], _PLUGIN, Place("manifest.approved_plugins")] = {}
    """Types that domain platforms may choose from, by category (only with `scope: enterprise`)."""

    data_architecture: Annotated[DataArchitecture, Place("naming-rules")] = DataArchitecture()
    """Layers and names."""

    governance: Annotated[Governance, Place("quality-gates")] = Governance()
    """The policies that projects are judged by."""

    catalog: Catalog = Catalog()
    """The catalog's namespaces and column rules."""

    security: Annotated[Security, Place("manifest.security")] = Security()
    """Whether and by whom artifacts must be signed."""

    artifacts: Artifacts = Artifacts()
    """Where artifacts are published."""

    policy_tests: Annotated[tuple[Text, ...], _OWN] = POLICY_TESTS
    """Globs of the platform's own policy tests (`kind: PolicyTest`), relative to this file."""

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """A manifest of a file's keys and values. Raises `WrongShape`."""
        manifest = read(cls, document)
        manifest.__dict__["written"] = respelled(cls, document)
        return manifest

    @property
    def written(self) -> dict[str, Any]:
        """What the file says, as plain JSON values; keys that were not written are absent."""
        written: dict[str, Any] = self.__dict__.get("written", {})
        return written

    @property
    def scope(self) -> Scope | None:
        """`metadata.scope`, or the one at top level."""
        return self.metadata.scope or self.top_level_scope
