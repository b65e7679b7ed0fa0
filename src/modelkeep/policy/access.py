"""Access control: may this principal do this with this model or data set?

Grants are permits in Cedar over roles and attributes (``access.cedar``); what no permit
covers is denied, and so is what Cedar could not evaluate. Forbids are refused, because one
that errs is skipped. Each answer names the grants it rests on, so that unused ones can be
found and their removal tried on past requests.

Source: Cedar policy language; NIST RBAC; NIST SP 800-162 (attributes).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import cedarpy
import msgspec

from modelkeep.core import EvidenceError, InputError, UsageError
from modelkeep.policy.gates import require_shallow

FILE: Final = "access.cedar"
ACCESS_ACTIONS: Final = (
    "query", "read_metadata", "read_weights", "read_data", "modify", "sign", "export",
    "approve", "promote", "deploy", "administer",
)  # fmt: skip
ROLES: Final = ("consumer", "scientist", "reviewer", "operator", "auditor", "administrator")
_SCHEMA: Final = f"""
entity User {{ name: String, roles: Set<String> }};
entity Model {{ owner: String, stage: String, sound: Bool }};
entity Data {{ owner: String, stage: String, sound: Bool }};
action {", ".join(f'"{action}"' for action in ACCESS_ACTIONS)} appliesTo {{
  principal: [User], resource: [Model, Data], context: {{}},
}};
"""


class Principal(msgspec.Struct, frozen=True):
    """Who asks, and which roles they hold."""

    name: str
    roles: tuple[str, ...] = ()


class Resource(msgspec.Struct, frozen=True):
    """What is asked about.

    Attributes:
        kind: a model or a data set.
        digest: sha256, hex.
        owner: name of its author.
        stage: stage in the registry; empty where nobody registered it.
        sound: whether its evidence holds together and was not revoked.
    """

    kind: Literal["model", "dataset"]
    digest: str
    owner: str = ""
    stage: str = ""
    sound: bool = False


class AccessDecision(msgspec.Struct, frozen=True):
    """The answer.

    Attributes:
        allowed: a grant covers it and no policy erred.
        grants: ids of the grants that cover it.
        errors: what Cedar could not evaluate.
    """

    allowed: bool
    grants: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class Request(msgspec.Struct, frozen=True):
    """One request, as it is kept to be asked again."""

    principal: Principal
    action: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Parsed grants; parse once, ask often.

    Attributes:
        text: the policy file.
        grants: what each grant says, by id.
    """

    text: str
    grants: dict[str, str]
    _handle: Any
    _schema: Any
    _static: dict[str, Any]

    def without(self, *grants: str) -> AccessPolicy:
        """The policy with some grants taken away.

        Raises:
            UsageError: there is no such grant.
        """
        unknown = [name for name in grants if name not in self.grants]
        if unknown:
            raise UsageError(f"no grant {unknown[0]!r}", f"Known: {', '.join(self.grants)}.")
        static = {name: p for name, p in self._static.items() if name not in grants}
        said = {name: text for name, text in self.grants.items() if name not in grants}
        return AccessPolicy(self.text, said, _handle(static), self._schema, static)


def load_access(folder: Path | None) -> AccessPolicy:
    """Read the grants of a keep, or those that come with the package.

    Raises:
        InputError: a policy file that Cedar does not parse or validate.
    """
    path = folder / FILE if folder is not None else None
    if path is None or not path.exists():
        return parse_access(packaged_access(), FILE)
    try:
        return parse_access(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a policy ({error})") from error


def packaged_access() -> str:
    """Text of the grants that come with the package."""
    return resources.files("modelkeep.policy").joinpath(FILE).read_text("utf-8")


def parse_access(text: str, origin: str) -> AccessPolicy:
    """Parse and validate grants.

    Raises:
        InputError: Cedar does not parse or validate them, a forbid, or a grant without id.
    """
    require_shallow(text, origin)
    try:
        validation = cedarpy.validate_policies(text, _SCHEMA)
        document = json.loads(cedarpy.policies_to_json_str(text))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin}: Cedar does not parse it ({error})") from error
    if not validation:
        raise InputError(f"{origin}: {validation.errors[0]}", "Mend the policy file.")
    if document.get("templates"):
        raise InputError(f"{origin}: templates are not grants")
    static: dict[str, Any] = {}
    for policy in document["staticPolicies"].values():
        name = policy.get("annotations", {}).get("id")
        if policy["effect"] != "permit":
            raise InputError(f"{origin}: grants are permits; a forbid that errs is skipped")
        if not name or name in static:
            raise InputError(f"{origin}: a grant without an @id of its own")
        static[name] = policy
    says = {name: p["annotations"].get("says", "") for name, p in static.items()}
    return AccessPolicy(text, says, _handle(static), cedarpy.Schema.from_str(_SCHEMA), static)


def _handle(static: dict[str, Any]) -> Any:  # noqa: ANN401 - cedarpy handle
    document = {"templates": {}, "staticPolicies": static, "templateLinks": []}
    return cedarpy.PolicySet.from_json_str(json.dumps(document))


def authorise(
    principal: Principal, action: str, resource: Resource, policy: AccessPolicy
) -> AccessDecision:
    """Ask whether a principal may do something.

    Raises:
        UsageError: an action that there is not.
        EvidenceError: Cedar could not evaluate the request at all.
    """
    if action not in ACCESS_ACTIONS:
        raise UsageError(
            f"unknown action {action!r}", f"Use one of {', '.join(ACCESS_ACTIONS)}."
        )
    who = {"type": "User", "id": principal.name}
    what = {"type": "Model" if resource.kind == "model" else "Data", "id": resource.digest}
    entities = [
        {
            "uid": who,
            "attrs": {"name": principal.name, "roles": list(principal.roles)},
            "parents": [],
        },
        {
            "uid": what,
            "attrs": {
                "owner": resource.owner,
                "stage": resource.stage,
                "sound": resource.sound,
            },
            "parents": [],
        },
    ]
    request = {
        "principal": who,
        "action": {"type": "Action", "id": action},
        "resource": what,
        "context": {},
    }
    try:
        answer = cedarpy.is_authorized(request, policy._handle, entities, policy._schema)  # noqa: SLF001
    except ValueError as error:
        raise EvidenceError(f"Cedar could not evaluate the request: {error}") from error
    errors = tuple(answer.diagnostics.errors)
    allowed = bool(answer.allowed) and not errors
    return AccessDecision(allowed, tuple(answer.diagnostics.reasons) if allowed else (), errors)


@dataclass(frozen=True, slots=True)
class Review:
    """What past requests say about the grants.

    Attributes:
        used: how many allowed requests rested on each grant.
        unused: grants that no allowed request needed.
        broken: requests that would be denied if the unused grants were removed; none.
    """

    used: dict[str, int]
    unused: tuple[str, ...]
    broken: tuple[Request, ...]


def review(requests: Iterable[Request], policy: AccessPolicy) -> Review:
    """Find unused grants, and try their removal on the same requests.

    Args:
        requests: those that were allowed.
        policy: the grants.
    """
    asked = list(requests)
    used = dict.fromkeys(policy.grants, 0)
    for request in asked:
        answer = authorise(request.principal, request.action, request.resource, policy)
        for grant in answer.grants:
            used[grant] += 1
    unused = tuple(name for name, count in used.items() if not count)
    lean = policy.without(*unused)
    broken = tuple(
        r
        for r in asked
        if authorise(r.principal, r.action, r.resource, policy).allowed
        and not authorise(r.principal, r.action, r.resource, lean).allowed
    )
    return Review(used, unused, broken)
