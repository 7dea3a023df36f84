"""Who may read or write what: grants against roles, dbt access levels, groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import product
from typing import TYPE_CHECKING

from floe_engine.artifact.paths import ACCESS_CONTROL, CLASSIFICATION, NAMESPACES
from floe_engine.artifact.platform import Platform
from floe_engine.manifest.terms import Access, covers
from floe_engine.policy.finding import Finding
from floe_engine.policy.reads import PLACEMENT, SENSITIVITY
from floe_engine.policy.rule import Examined, Example, LevelDemand, ModelRule, Rule, of_model
from floe_engine.policy.view import View
from floe_engine.project.facts import Group, Model

if TYPE_CHECKING:
    from floe_engine.policy.resources import ExampleNodes

_READS = frozenset({"select", "read", "usage", "references", "roles/bigquery.dataviewer"})
_ADMINISTERS = frozenset({"all", "all privileges", "ownership", "manage", "roles/bigquery.dataowner"})

_PRIVILEGES: tuple[tuple[str, Access], ...] = (("select", "READ"), ("insert", "WRITE"), ("all", "ADMIN"))
"""A privilege of each kind, for examples."""

_MODIFIERS = ("private", "protected", "public")


def needed_access(privilege: str) -> Access:
    """What a dbt grant's privilege amounts to."""
    folded = privilege.strip().casefold()
    if folded in _READS:
        return "READ"
    return "ADMIN" if folded in _ADMINISTERS else "WRITE"


class Roles:
    """The roles of a platform with what they inherit."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.names = tuple(dict.fromkeys((*platform.access.roles, *platform.access.role_definitions)))
        self._by_fold = {name.casefold(): name for name in self.names}

    def named(self, grantee: str) -> str | None:
        """The role that a grantee is, however its case is written."""
        return self._by_fold.get(grantee.casefold())

    def lineage(self, role: str) -> tuple[str, ...]:
        """A role and every role that it inherits from, each once."""
        found: dict[str, None] = {}
        queue = [role]
        while queue:
            current = queue.pop()
            if current not in found:
                found[current] = None
                definition = self.platform.access.role_definitions.get(current)
                queue.extend(definition.inherits if definition else ())
        return tuple(found)

    def permits(self, role: str, needed: Access, namespace: str | None, level: str) -> bool:
        """Whether a role may do something with data of a level in a namespace.

        A permission that names namespaces speaks of places, one that names levels of sensitivity,
        one that names neither of everything. Whatever a role's permissions speak of must be
        permitted; what they are silent about is left to `AccessPolicy.default`.
        """
        lineage = self.lineage(role)
        spoken = [entry for name in lineage for entry in self.platform.access.permissions.get(name, ())]
        covering = [entry for entry in spoken if covers(entry.access, needed)]
        granted = {
            place: access
            for place, grants in self.platform.namespaces.grants.items()
            for name, access in grants.items()
            if name in lineage
        }
        if any(not entry.namespaces and not entry.levels for entry in covering):
            return True
        if not spoken and not granted:
            return self.platform.access.default == "allow"
        of_places = bool(granted) or any(entry.namespaces for entry in spoken)
        of_levels = any(entry.levels for entry in spoken)
        in_place = namespace is not None and (
            any(fnmatchcase(namespace, pattern) for entry in covering for pattern in entry.namespaces)
            or covers(granted.get(namespace), needed)
        )
        return (in_place or not of_places) and (
            not of_levels or any(level in entry.levels for entry in covering)
        )


def allowed_access(platform: Platform, level: str) -> Sequence[str] | None:
    """The access levels that a classification allows; None: any."""
    rule = platform.classification.rules.get(level)
    if rule is not None and rule.allowed_access is not None:
        return rule.allowed_access
    sensitive = 0 <= platform.rank("confidential") <= platform.rank(level)
    return ("private", "protected") if sensitive else None


class GrantsPermitted(ModelRule):
    """A model's grants go to roles that may have them.

    Each grantee must be a role of the platform whose permissions (or inherited ones) cover the
    model's namespace and its highest classification level. Where the platform's default is
    ``allow``, grantees that it does not know are left alone.
    """

    id = "FLOE-E260"
    setting = "governance.access_control.permissions"
    reads = (
        *PLACEMENT,
        *SENSITIVITY,
        (ACCESS_CONTROL, "default"),
        (ACCESS_CONTROL, "roles"),
        (ACCESS_CONTROL, "roleDefinitions", "*", "inherits"),
        (ACCESS_CONTROL, "permissions"),
        (NAMESPACES, "namespaces"),
        (NAMESPACES, "grants"),
        (NAMESPACES, "layers"),
    )

    def active(self, platform: Platform) -> bool:
        return bool(platform.access.roles or platform.access.permissions)

    def applies(self, model: Model, view: View) -> bool:
        """Where the model grants anything."""
        return bool(model.grants)

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        roles = Roles(view.platform)
        namespace, level = view.namespace(model), view.highest[model.unique_id].level
        for privilege, grantees in sorted(model.grants.items()):
            needed = needed_access(privilege)
            for grantee in grantees:
                role = roles.named(grantee)
                if role is None:
                    if view.platform.access.default == "deny":
                        yield self.finding(
                            model,
                            f"{model.label} grants {privilege} to {grantee}, who is no role of the platform",
                            expected=f"one of {', '.join(roles.names)}",
                            actual=grantee,
                            config=f"grants:{grantee}",
                            parameter=f"{privilege}:{grantee}",
                        )
                elif not roles.permits(role, needed, namespace, level):
                    where = f"namespace {namespace}" if namespace else "no namespace"
                    yield self.finding(
                        model,
                        f"{model.label} grants {privilege} to {role}, who may not have it"
                        f" ({where}, level {level})",
                        expected=f"a role with {needed} on {where} and level {level}",
                        actual=role,
                        config=f"grants:{grantee}",
                        parameter=f"{privilege}:{grantee}",
                    )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Every role with each kind of privilege on every layer, and somebody who is no role."""
        platform = make.platform
        roles, level = Roles(platform), platform.classification.default
        for role, layer in product(roles.names, make.layers):
            namespace = platform.namespaces.layers.get(layer, layer) if layer else None
            for privilege, needed in _PRIVILEGES:
                permitted = roles.permits(role, needed, namespace, level)
                model = make.model_of(layer, grants={privilege: (role,)}, tags=frozenset({level}))
                may = "may" if permitted else "may not"
                yield of_model(
                    f"{role} {may} be granted {privilege} on {layer or 'a model'}",
                    f"model {model.name} ({level}) grants {privilege} to {role}",
                    model,
                    permitted,
                )
        stranger, left_alone = make.unused("no_such_role", roles.names), platform.access.default != "deny"
        model = make.model_of(make.layers[-1], grants={"select": (stranger,)})
        yield of_model(
            f"a role that the platform does not know is {'left alone' if left_alone else 'refused'}",
            f"model {model.name} grants select to {stranger}",
            model,
            left_alone,
        )


class RolesOfLevel(LevelDemand):
    """Grants on sensitive data name only the roles of its level.

    The level is the most sensitive one of the model and its columns.
    """

    id = "FLOE-E261"
    demand = "allowed_roles"

    def applies(self, model: Model, view: View) -> bool:
        """Where the model grants anything and its level limits the roles."""
        return bool(model.grants) and super().applies(model, view)

    def compare(self, model: Model, level: str, demanded: Sequence[str], view: View) -> Iterator[Finding]:
        allowed = {role.casefold() for role in demanded}
        for privilege, grantees in sorted(model.grants.items()):
            for grantee in grantees:
                if grantee.casefold() not in allowed:
                    yield self.finding(
                        model,
                        f"{model.label} is {level} and grants {privilege} to {grantee}",
                        expected=f"only {', '.join(demanded) or 'nobody'}",
                        actual=grantee,
                        config=f"grants:{grantee}",
                        suggestion=f"remove the grant to {grantee}",
                        parameter=f"{privilege}:{grantee}",
                    )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        """Every role on data of every level that limits its roles."""
        for level, rule in make.platform.classification.rules.items():
            for role in Roles(make.platform).names if rule.allowed_roles is not None else ():
                taken = role in (rule.allowed_roles or ())
                model = make.model_of(make.layers[-1], grants={"select": (role,)}, tags=frozenset({level}))
                yield of_model(
                    f"{level} data {'may' if taken else 'may not'} be granted to {role}",
                    f"model {model.name} is {level} and grants select to {role}",
                    model,
                    taken,
                )


class AllowedAccess(ModelRule):
    """A model's dbt access level is one that its classification allows.

    Where a level's rule does not say, levels from ``confidential`` upwards refuse ``public``:
    anybody could refer to them from another project.
    """

    id = "FLOE-E262"
    setting = "governance.classification.rules.<level>.allowed_access"
    reads = (*SENSITIVITY, (CLASSIFICATION, "rules", "*", "allowed_access"))

    def active(self, platform: Platform) -> bool:
        limited = any(rule.allowed_access is not None for rule in platform.classification.rules.values())
        return limited or platform.rank("confidential") >= 0

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        level = view.highest[model.unique_id].level
        allowed = allowed_access(view.platform, level)
        if allowed is not None and model.access not in allowed:
            yield self.finding(
                model,
                f"{model.label} is {level} and its access is {model.access}",
                expected=f"access {' or '.join(allowed) or 'of no kind'}",
                actual=model.access,
                config=f"access:{model.access}",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        for level in make.platform.classification.levels:
            allowed = allowed_access(make.platform, level)
            for access in _MODIFIERS:
                taken = allowed is None or access in allowed
                model = make.model_of(make.layers[-1], access=access, tags=frozenset({level}))
                yield of_model(
                    f"{level} data {'may' if taken else 'may not'} be {access}",
                    f"model {model.name} is {level} and {access}",
                    model,
                    taken,
                )


class PublicContract(ModelRule):
    """A public model has an enforced contract.

    Other projects build on its columns and types; only a contract keeps them.
    """

    id = "FLOE-E263"
    setting = "governance.access_control"
    reads = ()

    def applies(self, model: Model, view: View) -> bool:
        """Where the model is public."""
        return model.access == "public"

    def check(self, model: Model, view: View) -> Iterator[Finding]:
        if not model.contract_enforced:
            yield self.finding(
                model,
                f"{model.label} is public and its contract is not enforced",
                expected="contract: {enforced: true}",
                actual="no enforced contract",
                config="access:public",
            )

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        for contracted, word in ((True, "with a contract passes"), (False, "without a contract is refused")):
            model = make.model_of(make.layers[-1], access="public", contract_enforced=contracted)
            yield of_model(f"a public model {word}", f"model {model.name} is public", model, contracted)


class GroupOwner(Rule):
    """Every group has an owner.

    A group exists to say who answers for its models; without a name or an address it does not.
    """

    id = "FLOE-E264"
    setting = "governance.access_control"
    reads = ()

    def examine(self, view: View) -> Iterator[Examined]:
        for group in view.project.groups:
            name = f"group {group.name}"
            missing = self.finding(
                name,
                f"{name} has no owner",
                expected="owner: {name or email}",
                actual="none",
                suggestion="name the owner of the group",
            )
            yield name, () if group.owner.strip() else (missing,)

    def examples(self, make: ExampleNodes) -> Iterator[Example]:
        for owner, word, owned in (
            ("finance@example.com", "with an owner passes", " owned by finance@example.com"),
            ("", "without an owner is refused", ""),
        ):
            yield Example(
                f"a group {word}",
                f"group finance{owned}",
                "group finance",
                (Group("finance", owner),),
                passes=bool(owner),
            )
