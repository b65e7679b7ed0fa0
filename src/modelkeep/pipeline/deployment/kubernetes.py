"""Are Kubernetes manifests safe to serve a model with?

Source: Kubernetes API, Pod, NetworkPolicy and Service; Pod Security Standards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.formats.yaml_lines import Node
from modelkeep.pipeline.deployment.interface import (
    Weakness,
    judge_image,
    judge_variable,
    line_of,
)
from modelkeep.pipeline.deployment.rules import (
    CAPABILITIES,
    EXPOSED,
    HOST,
    NO_NETWORK_POLICY,
    PRIVILEGED,
    ROOT,
    UNCONFINED,
    UNLIMITED,
    WRITABLE,
)

_WORKLOADS: Final = {
    "Pod": (),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(
        (
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "ReplicaSet",
            "Job",
            "ReplicationController",
        ),
        ("spec", "template"),
    ),
}
_PROFILES: Final = {"RuntimeDefault", "Localhost"}
_BOTH: Final = {"Ingress", "Egress"}


def judge_kubernetes(documents: list[Node]) -> list[Weakness]:
    """Every weakness of every workload and service, in the order of the file."""
    flat = [
        item
        for document in documents
        for item in (document.at("items").items if document.at("items") else [document])
    ]
    policies = [item for item in flat if item.at("kind").text == "NetworkPolicy"]
    return [weakness for item in flat for weakness in _judge(item, policies)]


def _judge(item: Node, policies: list[Node]) -> Iterator[Weakness]:
    kind = item.at("kind").text or ""
    name = f"{kind}/{item.at('metadata', 'name').text or '?'}"
    if kind == "Service" and item.at("spec", "type").text in {"NodePort", "LoadBalancer"}:
        node = item.at("spec", "type")
        yield Weakness(EXPOSED, node.line, name, f"is a {node.text}")
    if kind not in _WORKLOADS:
        return
    pod = item.at(*_WORKLOADS[kind])
    spec = pod.at("spec")
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.at(key).is_true:
            yield Weakness(HOST, spec.at(key).line, name, f"{key} is the host's")
    for volume in spec.at("volumes").items:
        if volume.at("hostPath"):
            says = f"mounts {volume.at('hostPath', 'path').text} of the host"
            yield Weakness(HOST, volume.at("hostPath").line, name, says)
    for group in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.at(group).items:
            yield from _container(name, container, spec.at("securityContext"))
    if not any(_selects(policy, item, pod) for policy in policies):
        says = "no NetworkPolicy here selects it for Ingress and Egress"
        yield Weakness(NO_NETWORK_POLICY, line_of(item.at("kind"), item), name, says)


def _selects(policy: Node, item: Node, pod: Node) -> bool:
    """Whether a policy limits a workload's pods both ways."""
    spec = policy.at("spec")
    same_space = (
        policy.at("metadata", "namespace").text == item.at("metadata", "namespace").text
    )
    labels = {key: node.text for key, node in pod.at("metadata", "labels").entries.items()}
    selector = spec.at("podSelector")
    if selector.at("matchExpressions") or not selector:
        return False  # not judged here: better said than passed
    wanted = {key: node.text for key, node in selector.at("matchLabels").entries.items()}
    return same_space and wanted.items() <= labels.items() and _limits_both(spec)


def _limits_both(spec: Node) -> bool:
    """Whether both ways are limited, and neither is opened to everybody again."""
    open_ways = [
        rule
        for way in ("ingress", "egress")
        for rule in spec.at(way).items
        if not rule.entries  # an empty rule allows everything
    ]
    return spec.at("policyTypes").texts() >= _BOTH and not open_ways


def _container(workload: str, container: Node, pod: Node) -> Iterator[Weakness]:
    name = f"{workload}/{container.at('name').text or '?'}"
    own = container.at("securityContext")

    def said(*path: str) -> Node:
        return own.at(*path) or pod.at(*path)

    user, non_root = said("runAsUser"), said("runAsNonRoot")
    if user.text == "0" or not (non_root.is_true or (user and not non_root.is_false)):
        line = line_of(user if user.text == "0" else non_root, container)
        yield Weakness(ROOT, line, name, "may run as root")
    if own.at("privileged").is_true:
        yield Weakness(PRIVILEGED, own.at("privileged").line, name, "is privileged")
    if not own.at("readOnlyRootFilesystem").is_true:
        line = line_of(own.at("readOnlyRootFilesystem"), container)
        yield Weakness(WRITABLE, line, name, "its root file system can be written")
    limits = container.at("resources", "limits")
    missing = [what for what in ("memory", "cpu") if not limits.at(what)]
    if missing:
        says = f"no limit of {' and '.join(missing)}"
        yield Weakness(UNLIMITED, line_of(limits, container), name, says)
    yield from _rights(name, container, own)
    profile = said("seccompProfile", "type")
    if profile.text not in _PROFILES:
        says = f"seccomp profile is {profile.text or 'not set'}"
        yield Weakness(UNCONFINED, line_of(profile, container), name, says)
    image = container.at("image")
    yield from judge_image(image.text or "", line_of(image, container), name)
    for port in container.at("ports").items:
        if port.at("hostPort"):
            yield Weakness(EXPOSED, port.at("hostPort").line, name, "takes a port of the host")
    for variable in container.at("env").items:
        key, value = variable.at("name").text or "", variable.at("value")
        yield from judge_variable(key, value.text or "", line_of(value, variable), name)


def _rights(name: str, container: Node, own: Node) -> Iterator[Weakness]:
    dropped = own.at("capabilities", "drop")
    if "ALL" not in {text.upper() for text in dropped.texts()}:
        yield Weakness(CAPABILITIES, line_of(dropped, container), name, "does not drop ALL")
    for item in own.at("capabilities", "add").items:
        yield Weakness(CAPABILITIES, item.line, name, f"adds {item.text}")
    gain = own.at("allowPrivilegeEscalation")
    if not gain.is_false:
        yield Weakness(CAPABILITIES, line_of(gain, container), name, "may gain privileges")
