"""One gate for five actions: permit when all conditions hold, in Cedar.

A policy file is a list of conditions. For each action the gate is *one* Cedar
policy, made of all conditions that apply, so an absent fact denies and an
evaluation error denies. Forbid-style gates fail open when a fact is missing; there
are none. Cedar names no reason for a denial: then the conditions are evaluated one by
one, and those without a permit are what is missing.

Source: Cedar policy language, validation and JSON policy format.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import cedarpy

from modelkeep.core import Decision, EvidenceError, InputError, Missing, UsageError
from modelkeep.evidence import Facts, encode
from modelkeep.policy.interface import ACTIONS
from modelkeep.policy.vocabulary import make_context, schema_text

# `report` judges by the rules of `prod`; it only never fails the command.
FILES: Final = {"report": "prod.cedar", "dev": "dev.cedar", "prod": "prod.cedar"}
_LONGEST: Final = 1 << 16  # characters of a policy file
_DEEPEST: Final = 64  # brackets
_LONGEST_CONDITION: Final = 2048  # without texts and comments
_QUIET: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?|//[^\n\r]*+', re.DOTALL)  # texts, comments
NEVER_IN_REPORT: Final = ("load", "serve")
PROVE: Final = "modelkeep check MODEL --data TRAIN --test TEST"


@dataclass(frozen=True, slots=True)
class _Condition:
    id: str
    says: str
    mend: str
    needs: tuple[str, ...]
    actions: tuple[str, ...]
    policy: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Gate:
    conditions: tuple[_Condition, ...]
    whole: Any
    single: Any


@dataclass(frozen=True, slots=True)
class Gates:
    """The parsed gates of a profile; parse once, decide often.

    Attributes:
        profile: its name.
        text: the policy file.
        thresholds: what conditions compare with.
        digest: sha256 over text, schema and thresholds.
    """

    profile: str
    text: str
    thresholds: dict[str, float]
    digest: str
    _gates: dict[str, _Gate]
    _schema: Any
    _entities: Any

    def material(self) -> dict[str, Any]:
        """What somebody else needs to decide again."""
        return {
            "profile": self.profile,
            "conditions": self.text,
            "schema": schema_text(self.thresholds),
            "thresholds": self.thresholds,
            "digest": self.digest,
        }


def packaged_policy(profile: str) -> str:
    """Text of the policy file that comes with the package."""
    return resources.files("modelkeep.policy").joinpath(FILES[profile]).read_text("utf-8")


def load_gates(profile: str, thresholds: Mapping[str, float], folder: Path | None) -> Gates:
    """Parse and validate the gates of a profile.

    Args:
        profile: report, dev or prod.
        thresholds: by name, see ``core/thresholds.toml``.
        folder: directory of policy files; the packaged ones where it has none.

    Raises:
        InputError: a policy file that Cedar does not parse or validate.
    """
    path = folder / FILES[profile] if folder is not None else None
    if path is None or not path.exists():
        return parse_gates(profile, packaged_policy(profile), thresholds, FILES[profile])
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a policy ({error})") from error
    return parse_gates(profile, text, thresholds, str(path))


def policy_digest(text: str, thresholds: Mapping[str, float]) -> str:
    """sha256 over a policy's text, its schema and the thresholds."""
    material = {
        "conditions": text,
        "schema": schema_text(thresholds),
        "thresholds": dict(thresholds),
    }
    return hashlib.sha256(encode(material)).hexdigest()


def parse_gates(profile: str, text: str, thresholds: Mapping[str, float], origin: str) -> Gates:
    """Parse and validate policy text.

    Raises:
        InputError: Cedar does not parse or validate it, a condition has no id, or
            an action has no condition.
    """
    require_shallow(text, origin)
    schema = schema_text(thresholds)
    try:
        validation = cedarpy.validate_policies(text, schema)
        document = json.loads(cedarpy.policies_to_json_str(text))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin}: Cedar does not parse it ({error})") from error
    if not validation:
        raise InputError(f"{origin}: {validation.errors[0]}", "Mend the policy file.")
    if document.get("templates"):
        raise InputError(f"{origin}: templates are not conditions")
    conditions = [_condition(p, origin) for p in document["staticPolicies"].values()]
    if len({c.id for c in conditions}) < len(conditions):
        raise InputError(f"{origin}: two conditions have the same @id")
    try:
        gates = {action: _gate(conditions, action, origin) for action in ACTIONS}
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin}: a condition is too long for Cedar ({error})") from error
    return Gates(
        profile,
        text,
        dict(thresholds),
        policy_digest(text, thresholds),
        gates,
        cedarpy.Schema.from_str(schema),
        cedarpy.Entities.from_json_str("[]"),
    )


def require_shallow(text: str, origin: str) -> None:
    """Refuse what would overflow the stack of Cedar's parser: that ends the process.

    Raises:
        InputError: a file, condition or nesting beyond any that people write.
    """
    if len(text) > _LONGEST:
        raise InputError(f"{origin}: longer than {_LONGEST} characters")
    bare = _QUIET.sub(lambda found: "" if found[0].startswith("//") else '""', text)
    if any(len(condition) > _LONGEST_CONDITION for condition in bare.split(";")):
        raise InputError(
            f"{origin}: a condition is longer than {_LONGEST_CONDITION} characters"
        )
    depth = 0
    for mark in bare:
        depth += (mark in "([{") - (mark in ")]}")
        if depth > _DEEPEST:
            raise InputError(f"{origin}: brackets nested deeper than {_DEEPEST}")


def _condition(policy: dict[str, Any], origin: str) -> _Condition:
    notes = policy.get("annotations", {})
    if policy["effect"] != "permit":
        raise InputError(
            f"{origin}: a gate holds only permits; a forbid is skipped when a fact is missing"
        )
    if not notes.get("id"):
        raise InputError(f"{origin}: a condition without @id")
    if not policy["conditions"] or any(c["kind"] != "when" for c in policy["conditions"]):
        raise InputError(
            f"{origin}: condition {notes['id']!r} needs `when` clauses and no other"
        )
    if policy["principal"]["op"] != "All" or policy["resource"]["op"] != "All":
        raise InputError(f"{origin}: condition {notes['id']!r} may restrict the action only")
    return _Condition(
        id=notes["id"],
        says=notes.get("says", ""),
        mend=notes.get("mend", ""),
        needs=tuple(sorted(set(_attributes(policy["conditions"])))),
        actions=tuple(_actions(policy["action"])),
        policy=policy,
    )


def _actions(scope: dict[str, Any]) -> Iterator[str]:
    if scope["op"] == "All":
        yield from ACTIONS
    elif "entity" in scope:
        yield scope["entity"]["id"]
    else:
        yield from (entity["id"] for entity in scope["entities"])


def _attributes(node: object) -> Iterator[str]:
    """Names of the context's attributes a condition looks at."""
    if isinstance(node, list):
        for item in node:
            yield from _attributes(item)
    elif isinstance(node, dict):
        if node.get("left") == {"Var": "context"} and isinstance(node.get("attr"), str):
            yield node["attr"]
        for value in node.values():
            yield from _attributes(value)


def _gate(conditions: list[_Condition], action: str, origin: str) -> _Gate:
    chosen = tuple(c for c in conditions if action in c.actions)
    if not chosen:
        raise InputError(f"{origin}: action {action!r} has no condition, so it would be free")
    whole = {
        "effect": "permit",
        "principal": {"op": "All"},
        "action": {"op": "==", "entity": {"type": "Action", "id": action}},
        "resource": {"op": "All"},
        "conditions": [clause for c in chosen for clause in c.policy["conditions"]],
        "annotations": {"id": f"{action}-gate"},
    }
    return _Gate(
        chosen,
        _policy_set({"gate": whole}),
        _policy_set({c.id: c.policy for c in chosen}),
    )


def _policy_set(policies: dict[str, dict[str, Any]]) -> Any:  # noqa: ANN401 - cedarpy handle
    document = {"templates": {}, "staticPolicies": policies, "templateLinks": []}
    return cedarpy.PolicySet.from_json_str(json.dumps(document))


def require_decidable(action: str, profile: str) -> None:
    """Refuse an action that no gate of this profile decides on.

    Raises:
        UsageError: unknown action, or load and serve under the report profile.
    """
    if action not in ACTIONS:
        raise UsageError(f"unknown action {action!r}", f"Use one of {', '.join(ACTIONS)}.")
    if profile == "report" and action in NEVER_IN_REPORT:
        raise UsageError(
            f"the report profile only reports; {action} needs a gate that can say no",
            "Use --profile dev or prod.",
        )


def decide(action: str, subject: str, principal: str, facts: Facts, gates: Gates) -> Decision:
    """Ask the gate of an action.

    Args:
        action: train, store, deploy, load or serve.
        subject: sha256 of the model, hex.
        principal: who asks.
        facts: what is proved, from ``evidence.gather_facts``.
        gates: parsed policies.

    Raises:
        UsageError: unknown action, or load and serve under the report profile.
    """
    require_decidable(action, gates.profile)
    gate = gates._gates[action]  # noqa: SLF001 - same room
    request: dict[str, Any] = {
        "principal": _uid("User", principal),
        "action": _uid("Action", action),
        "resource": _uid("Model", subject),
        "context": make_context(facts, gates.thresholds),
    }
    answer = _ask(request, gate.whole, gates)
    errors = tuple(answer.diagnostics.errors)
    if answer.allowed and not errors:
        return Decision(action, True, gates.digest, gates.profile)
    reasons = set(_ask(request, gate.single, gates).diagnostics.reasons)
    missing = tuple(
        _missing(c, request["context"]) for c in gate.conditions if c.id not in reasons
    )
    return Decision(action, False, gates.digest, gates.profile, missing, errors)


def _missing(condition: _Condition, context: dict[str, object]) -> Missing:
    """What is missing; where a fact is not proved, proving it comes before mending."""
    absent = tuple(name for name in condition.needs if name not in context)
    return Missing(condition.id, condition.says, PROVE if absent else condition.mend, absent)


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}  # as data: Cedar's text form has escapes of its own


def _ask(request: dict[str, Any], policies: Any, gates: Gates) -> cedarpy.AuthzResult:  # noqa: ANN401
    try:
        return cedarpy.is_authorized(request, policies, gates._entities, gates._schema)  # noqa: SLF001
    except ValueError as error:
        raise EvidenceError(f"Cedar could not evaluate the request: {error}") from error
