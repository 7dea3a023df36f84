"""The seed's four suites, made from an artifact itself.

Each states what the artifact's own settings mean, as projects that must pass and projects that
must not: a platform whose files do not do what they say fails its own tests. Waivers of the
platform are left out, for they are exceptions from exactly this.
"""

from __future__ import annotations

from msgspec import structs
from msgspec.structs import replace

from floe_engine.artifact.platform import Platform
from floe_engine.policy.cases import Suite
from floe_engine.policy.rule import Family
from floe_engine.policy_tests.made_cases import examples
from floe_engine.policy_tests.suite_access import access_cases
from floe_engine.policy_tests.suite_classification import classification_cases
from floe_engine.policy_tests.suite_house import house_cases
from floe_engine.policy_tests.suite_naming import naming_cases
from floe_engine.policy_tests.suite_quality import quality_cases
from floe_engine.policy_tests.suite_schema import schema_cases

NAMING = "Naming convention enforcement"
QUALITY = "Quality gate validation"
CLASSIFICATION = "Classification propagation"
ACCESS = "Access control rules"


def built_in_suites(platform: Platform) -> tuple[Suite, ...]:
    """The four suites of a platform, in the seed's order."""
    return (
        Suite(NAMING, (*naming_cases(platform), *examples(platform, Family.NAMING))),
        Suite(
            QUALITY,
            (
                *quality_cases(platform),
                *examples(platform, Family.QUALITY),
                *schema_cases(platform),
                *house_cases(platform),
            ),
        ),
        Suite(
            CLASSIFICATION,
            (*classification_cases(platform), *examples(platform, Family.CLASSIFICATION)),
        ),
        Suite(ACCESS, (*access_cases(platform), *examples(platform, Family.ACCESS))),
    )


def without_waivers(platform: Platform) -> Platform:
    """The platform with no exceptions, as the generated suites judge it."""
    return replace(platform, gates=structs.replace(platform.gates, waivers=()))
