"""floe.yaml: what a data team says of its product, and which platform it holds to.

The shapes of the keys. What two keys mean together and which of them are the
platform's is judged in `spec_check`, as is what the pulled platform says of them; the file is read in
`spec_file`.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from floe_engine.manifest.base import Percent, Section, Semver, Text
from floe_engine.manifest.waiver import Waiver

Identifier = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,62}\Z")]
ProductName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\Z")]

FILE_NAME = "floe.yaml"


class Metadata(Section, frozen=True, kw_only=True):
    """Which product this is."""

    name: ProductName | None = None
    """The product's name; unset: the dbt project's."""

    version: Semver | None = None
    """The product's own version as a quoted semver string, `"1.0.0"`."""

    domain: Text | None = None
    """Business domain that the product belongs to."""

    owner: Text | None = None
    """Team or address that answers for the product."""

    description: Annotated[str, Meta(max_length=500)] | None = None
    """What the product is for, up to 500 characters."""

    labels: dict[str, str] = {}
    """Free labels."""


class TrustedIdentity(Section, frozen=True, kw_only=True):
    """A person or a workflow that may sign the platform without a key (sigstore)."""

    identity: Text
    """E-mail address or URI in the signing certificate."""

    issuer: Text
    """URL of the OpenID Connect issuer that vouched for it."""


class PlatformChoice(Section, frozen=True, kw_only=True):
    """Which platform the product holds to, and who may sign it. Either `ref` or `manifest`."""

    ref: Text | None = None
    """`oci://host/repository:v1.2.3`, `…:v1.2.*` for patch updates, `…:v1.*.*` for minor ones, or
    `…@sha256:…`; `oci-layout:FOLDER:v1.2.3` for a folder, relative to this file."""

    manifest: Text | None = None
    """Path of a manifest.yaml instead, relative to this file: for platform teams at work."""

    trusted_keys: tuple[Text, ...] = ()
    """Public keys that may sign the platform: PEM files relative to this file, or the PEM text."""

    trusted_identities: tuple[TrustedIdentity, ...] = ()
    """People and workflows that may sign the platform without a key."""

    first_use: Literal["accept", "refuse"] | None = None
    """What to do with a signer whom nothing vouches for yet: `accept` and remember, or `refuse`;
    unset: ask at a terminal, accept with a warning in a script."""


class Transform(Section, frozen=True, kw_only=True):
    """A part of the product that dbt builds."""

    type: Literal["dbt"] = "dbt"
    """What builds it: `dbt`."""

    path: Text = "models/"
    """Folder of the models, relative to `project_dir`."""

    project_dir: Text = "."
    """Folder of dbt_project.yml, relative to this file."""

    compute: Text | None = None
    """Which of the platform's approved compute plugins runs it; unset: the platform's default."""

    profiles_dir: Text | None = None
    """Folder that `floe compile` writes profiles.yml to, relative to this file; unset: `project_dir`,
    where dbt finds it without being told."""

    target: Text | None = None
    """dbt target; unset: the compute plugin's type."""


class Schedule(Section, frozen=True, kw_only=True):
    """When the product is built."""

    cron: Text | None = None
    """Five fields of cron."""

    timezone: Text = "UTC"
    """Time zone of `cron`."""

    enabled: bool = True
    """Whether the schedule runs."""


class Quality(Section, frozen=True, kw_only=True):
    """Stricter gates than the platform's. They can only be tightened."""

    minimum_coverage: Percent | None = None
    """Least test coverage in per cent; at least the platform's."""

    required_tests: tuple[Text, ...] = ()
    """Tests that every model has, beside the platform's."""


class DbtSettings(Section, frozen=True, kw_only=True):
    """How the dbt project is read."""

    manifest: Text = "target/manifest.json"
    """dbt's manifest.json, relative to the dbt project."""

    reader: Literal["auto", "manifest", "static"] = "auto"
    """`manifest`: only dbt's manifest.json; `static`: only the project's YAML and SQL; `auto`: the
    manifest while it is newer than every file of the project, else the files."""

    targets: tuple[Identifier, ...] = ()
    """Targets of profiles.yml, the default first, such as `[dev, prod]`: all connect alike, each with a
    schema of its own where `FLOE_SCHEMA_PROD` gives one; unset: the transform's `target`."""

    vars: dict[str, Any] = {}
    """dbt variables that the static reader fills in, as `dbt --vars` would."""


class Port(Section, frozen=True, kw_only=True):
    """Something that the product takes or gives."""

    name: Text
    """Its name."""

    ref: Text | None = None
    """The dbt model, source or other product it is."""

    description: str | None = None
    """What it holds."""


class Spec(Section, frozen=True, kw_only=True):
    """floe.yaml: a data product and the platform it holds to."""

    api_version: Literal["floe.dev/v1"] = field(name="apiVersion")
    """Version of this format: `floe.dev/v1`."""

    kind: Literal["DataProduct", "FloeSpec"]
    """What the file is: `DataProduct`."""

    metadata: Metadata = Metadata()
    """Which product this is."""

    platform: PlatformChoice
    """Which platform the product holds to, and who may sign it."""

    transforms: tuple[Transform, ...] = (Transform(),)
    """What dbt builds."""

    schedule: Schedule = Schedule()
    """When the product is built."""

    quality: Quality = Quality()
    """Stricter gates than the platform's."""

    waivers: tuple[Waiver, ...] = ()
    """Exceptions, where the platform lets products write their own."""

    profiles: Text = "auto"
    """Whether `floe compile` writes profiles.yml: `auto` where dbt has no profile of that name yet,
    `write` always, `never`, or the folder that it is written to, relative to this file. A file that
    somebody else wrote is never touched."""

    dbt: DbtSettings = DbtSettings()
    """How the dbt project is read."""

    output_ports: tuple[Port, ...] = ()
    """What the product gives to others."""

    input_ports: tuple[Port, ...] = ()
    """What it takes from others."""
