"""Is a Docker Compose file safe to serve a model with?

Source: Compose Specification, services.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.formats.yaml_lines import Node
from modelkeep.pipeline.deployment.interface import (
    Weakness,
    is_root,
    judge_image,
    judge_variable,
    line_of,
)
from modelkeep.pipeline.deployment.rules import (
    CAPABILITIES,
    EXPOSED,
    HOST,
    PRIVILEGED,
    ROOT,
    UNCONFINED,
    UNLIMITED,
    WRITABLE,
)

_LOOPBACK: Final = re.compile(r"127\.\d+\.\d+\.\d+|\[?::1\]?|localhost")
_HOST_PATHS: Final = (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/proc",
    "/sys",
    "/etc",
    "/dev",
)
_NAMESPACES: Final = ("network_mode", "pid", "ipc", "userns_mode", "uts")


def judge_compose(documents: list[Node]) -> list[Weakness]:
    """Every weakness of every service, in the order of the file."""
    return [
        weakness
        for document in documents
        for name, service in document.at("services").entries.items()
        for weakness in _judge(name, service)
    ]


def _judge(name: str, service: Node) -> Iterator[Weakness]:
    user = service.at("user")
    if not user or is_root(user.text or "0"):
        says = "runs as root" if user else "no user is set"
        yield Weakness(ROOT, line_of(user, service), name, says)
    privileged = service.at("privileged")
    if privileged and not privileged.is_false:
        yield Weakness(PRIVILEGED, privileged.line, name, "is privileged")
    yield from _host(name, service)
    if not service.at("read_only").is_true:
        line = line_of(service.at("read_only"), service)
        yield Weakness(WRITABLE, line, name, "its root file system can be written")
    yield from _limits(name, service)
    yield from _rights(name, service)
    image = service.at("image")
    if image.text:
        yield from judge_image(image.text, image.line, name)
    for port in service.at("ports").items:
        if not _is_local(port):
            says = f"port {port.text or port.at('published').text or ''} has no address"
            yield Weakness(EXPOSED, port.line, name, says)
    yield from _variables(name, service.at("environment"))


def _host(name: str, service: Node) -> Iterator[Weakness]:
    for key in _NAMESPACES:
        node = service.at(key)
        if node.text == "host":
            yield Weakness(HOST, node.line, name, f"{key} is the host's")
    for volume in service.at("volumes").items:
        source = volume.at("source").text if volume.entries else volume.text
        path = (source or "").partition(":")[0].rstrip("/") or source or ""
        if path in {"/", ":"} or any(
            path == p or path.startswith(p + "/") for p in _HOST_PATHS
        ):
            yield Weakness(HOST, volume.line, name, f"mounts {path} of the host")
    for device in service.at("devices").items:
        yield Weakness(HOST, device.line, name, "has a device of the host")


def _limits(name: str, service: Node) -> Iterator[Weakness]:
    limits = service.at("deploy", "resources", "limits")
    found = {
        "memory": limits.at("memory") or service.at("mem_limit"),
        "cpus": limits.at("cpus") or service.at("cpus"),
    }
    missing = [what for what, node in found.items() if not node]
    if missing:
        says = f"no limit of {' and '.join(missing)}"
        yield Weakness(UNLIMITED, line_of(limits, service), name, says)


def _rights(name: str, service: Node) -> Iterator[Weakness]:
    dropped, added = service.at("cap_drop"), service.at("cap_add")
    if "ALL" not in {text.upper() for text in dropped.texts()}:
        yield Weakness(CAPABILITIES, line_of(dropped, service), name, "does not drop ALL")
    for item in added.items:
        yield Weakness(CAPABILITIES, item.line, name, f"adds {item.text}")
    options = service.at("security_opt")
    said = {
        (item.text or "").replace("=", ":").replace(" ", ""): item for item in options.items
    }
    if not {"no-new-privileges", "no-new-privileges:true"} & said.keys():
        line = line_of(options, service)
        yield Weakness(CAPABILITIES, line, name, "may gain privileges (no-new-privileges)")
    for text, item in said.items():
        if text in {"seccomp:unconfined", "apparmor:unconfined"}:
            yield Weakness(UNCONFINED, item.line, name, text)


def _is_local(port: Node) -> bool:
    """Whether a published port is bound to this host only."""
    if port.entries:
        return _LOOPBACK.fullmatch(port.at("host_ip").text or "") is not None
    address, _, rest = (port.text or "").partition(":")
    if (port.text or "").startswith("["):
        address, _, rest = (port.text or "").partition("]:")
        address += "]"
    return bool(rest) and _LOOPBACK.fullmatch(address) is not None


def _variables(name: str, environment: Node) -> Iterator[Weakness]:
    for key, value in environment.entries.items():
        yield from judge_variable(key, value.text or "", value.line, name)
    for item in environment.items:
        key, _, text = (item.text or "").partition("=")
        yield from judge_variable(key, text, item.line, name)
