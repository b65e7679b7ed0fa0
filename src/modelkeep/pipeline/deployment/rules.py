"""What can be weak about a deployment, each with its remedy.

Sources: CIS Docker Benchmark, chapters 4 and 5; Kubernetes Pod Security Standards,
"restricted"; NSA and CISA, Kubernetes Hardening Guide (2022).
"""

from __future__ import annotations

from typing import Final

from modelkeep.core import Rule, Severity

_ISOLATION: Final = "infra.no_isolation"
_PRIVILEGE: Final = "access.excess_privilege"

ROOT: Final = Rule(
    "DPL001",
    "container-root",
    "The process runs as root, or nothing says that it does not.",
    "Dockerfile, compose: a numeric user above 0; Kubernetes: runAsNonRoot: true.",
    _PRIVILEGE,
    ("CWE-250",),
)
PRIVILEGED: Final = Rule(
    "DPL002",
    "container-privileged",
    "The container has the host's devices and all of its rights.",
    "Take `privileged` out.",
    _PRIVILEGE,
    ("CWE-250",),
)
HOST: Final = Rule(
    "DPL003",
    "host-namespace",
    "The container shares the host's network, processes, files or Docker socket.",
    "Take the host's namespaces and paths out; publish one port instead.",
    _ISOLATION,
    ("CWE-653",),
)
WRITABLE: Final = Rule(
    "DPL004",
    "writable-root",
    "Whoever breaks in can change the program's own files.",
    "compose: read_only; Kubernetes: readOnlyRootFilesystem; a volume for the keep.",
    _ISOLATION,
    ("CWE-732",),
)
UNLIMITED: Final = Rule(
    "DPL005",
    "no-limits",
    "One container can take all memory or processors of its host.",
    "Limit memory and cpus (compose: deploy.resources.limits; Kubernetes: resources.limits).",
    "runtime.dos",
    ("CWE-770",),
)
CAPABILITIES: Final = Rule(
    "DPL006",
    "capabilities-kept",
    "The process keeps rights of root that it does not need, or may gain them.",
    "Drop ALL capabilities, add none, forbid new privileges.",
    _PRIVILEGE,
    ("CWE-250",),
)
UNPINNED: Final = Rule(
    "DPL007",
    "image-unpinned",
    "The image's tag is `latest` or missing: what runs tomorrow is not what was looked at.",
    "Name a version, better a digest (image@sha256:...).",
    "supply.dependency_vuln",
    ("CWE-829",),
)
EXPOSED: Final = Rule(
    "DPL008",
    "port-on-every-address",
    "The port is open on every address of the host.",
    "compose: 127.0.0.1:8080:8080; Kubernetes: ClusterIP behind an ingress, no hostPort.",
    "api.weak_security",
    ("CWE-668",),
)
NO_NETWORK_POLICY: Final = Rule(
    "DPL009",
    "no-network-policy",
    "Nothing limits whom the pods may reach, or who may reach them.",
    "Add a NetworkPolicy that selects them, with policyTypes Ingress and Egress.",
    _ISOLATION,
    ("CWE-653",),
)
UNCONFINED: Final = Rule(
    "DPL010",
    "seccomp-unconfined",
    "Every system call of the kernel is open to the process.",
    "Kubernetes: seccompProfile type RuntimeDefault; Docker: leave its own profile in place.",
    _ISOLATION,
    ("CWE-693",),
)
SECRET: Final = Rule(
    "DPL011",
    "secret-in-environment",
    "A secret stands in the file and in the environment of the process.",
    "Mount it as a file: compose `secrets`, a Kubernetes Secret as a volume.",
    "access.excess_privilege",
    ("CWE-526",),
)
RULES: Final[dict[Rule, Severity]] = {
    ROOT: Severity.HIGH,
    PRIVILEGED: Severity.CRITICAL,
    HOST: Severity.HIGH,
    WRITABLE: Severity.MEDIUM,
    UNLIMITED: Severity.MEDIUM,
    CAPABILITIES: Severity.MEDIUM,
    UNPINNED: Severity.MEDIUM,
    EXPOSED: Severity.HIGH,
    NO_NETWORK_POLICY: Severity.MEDIUM,
    UNCONFINED: Severity.HIGH,
    SECRET: Severity.HIGH,
}
"""Every rule and how bad it is."""
