"""The files under deploy/ pass; each weakness planted in them is found, on its line, alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from check_samples import said
from modelkeep.core import InputError
from modelkeep.pipeline.deployment import RULES, diagnose_deployment

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
SOUND = ("Dockerfile", "compose.yaml", "kubernetes.yaml")
# What is planted: file, rule, text, what replaces it, and a text of the line meant.
PLANTED = {
    "image root": ("Dockerfile", "DPL001", "USER 65532:65532", "USER root", "USER"),
    "image no user": ("Dockerfile", "DPL001", "USER 65532:65532\n", "", "FROM python:3.11.14"),
    "image latest": (
        "Dockerfile",
        "DPL007",
        "bookworm\nCOPY --from",
        "bookworm\nFROM debian\nUSER 9\nCOPY x",
        "FROM debian",
    ),
    "image secret": ("Dockerfile", "DPL011", "HOME=/tmp", "API_TOKEN=abc123", "ENV PATH"),
    "compose root": ("compose.yaml", "DPL001", '"65532:65532"', '"0:0"', "user"),
    "compose no user": ("compose.yaml", "DPL001", '    user: "65532:65532"\n', "", "gateway:"),
    "compose privileged": (
        "compose.yaml",
        "DPL002",
        "read_only: true",
        "read_only: true\n    privileged: true",
        "privileged",
    ),
    "compose host network": (
        "compose.yaml",
        "DPL003",
        "read_only: true",
        "read_only: true\n    network_mode: host",
        "network_mode",
    ),
    "compose docker socket": (
        "compose.yaml",
        "DPL003",
        "- keep:/keep",
        "- /var/run/docker.sock:/s",
        "docker.sock",
    ),
    "compose writable": (
        "compose.yaml",
        "DPL004",
        "read_only: true",
        "read_only: false",
        "read_o",
    ),
    "compose no limit": ("compose.yaml", "DPL005", "memory: 1g", "x: 1", "limits:"),
    "compose capabilities kept": ("compose.yaml", "DPL006", "[ALL]", "[CHOWN]", "cap_drop"),
    "compose capability": (
        "compose.yaml",
        "DPL006",
        "[ALL]",
        "[ALL]\n    cap_add: [SYS_ADMIN]",
        "cap_add",
    ),
    "compose privileges": (
        "compose.yaml",
        "DPL006",
        "privileges:true",
        "privileges:false",
        "secu",
    ),
    "compose latest": (
        "compose.yaml",
        "DPL007",
        "modelkeep:0.1.0",
        "modelkeep:latest",
        "image",
    ),
    "compose no tag": (
        "compose.yaml",
        "DPL007",
        "modelkeep:0.1.0",
        "host:5000/modelkeep",
        "image",
    ),
    "compose port": ("compose.yaml", "DPL008", '"127.0.0.1:8080', '"8080', '- "8080'),
    "compose port everywhere": (
        "compose.yaml",
        "DPL008",
        '"127.0.0.1:8',
        '"0.0.0.0:8',
        "0.0.0.0",
    ),
    "compose seccomp": (
        "compose.yaml",
        "DPL010",
        "privileges:true",
        "privileges:true\n      - seccomp=unconfined",
        "seccomp",
    ),
    "compose secret": (
        "compose.yaml",
        "DPL011",
        "read_only: true",
        "read_only: true\n    environment:\n      DB_PASSWORD: hunter2",
        "DB_PASSWORD",
    ),
    "compose secret in a list": (
        "compose.yaml",
        "DPL011",
        "read_only: true",
        "read_only: true\n    environment:\n      - API_KEY=hunter2",
        "API_KEY",
    ),
    "pod root": ("kubernetes.yaml", "DPL001", "runAsUser: 65532", "runAsUser: 0", "runAsUser"),
    "pod privileged": (
        "kubernetes.yaml",
        "DPL002",
        "readOnlyRootFilesystem: true",
        "readOnlyRootFilesystem: true\n            privileged: true",
        "privileged",
    ),
    "pod host network": (
        "kubernetes.yaml",
        "DPL003",
        "enableServiceLinks: false",
        "hostNetwork: true",
        "hostNetw",
    ),
    "pod host path": (
        "kubernetes.yaml",
        "DPL003",
        "emptyDir:\n            sizeLimit: 64Mi",
        "hostPath:\n            path: /var",
        "hostPath",
    ),
    "pod writable": (
        "kubernetes.yaml",
        "DPL004",
        "readOnlyRootFilesystem: true",
        "stdin: false",
        "name: gateway",
    ),
    "pod no limit": ("kubernetes.yaml", "DPL005", '              cpu: "2"\n', "", "limits:"),
    "pod capabilities": ("kubernetes.yaml", "DPL006", "drop: [ALL]", "drop: []", "drop"),
    "pod escalation": (
        "kubernetes.yaml",
        "DPL006",
        "Escalation: false",
        "Escalation: true",
        "allowPrivilege",
    ),
    "pod latest": ("kubernetes.yaml", "DPL007", "modelkeep:0.1.0", "modelkeep", "image:"),
    "node port": (
        "kubernetes.yaml",
        "DPL008",
        "  ports:\n    - port: 8080",
        "  type: NodePort\n  ports:\n    - port: 8080",
        "NodePort",
    ),
    "host port": (
        "kubernetes.yaml",
        "DPL008",
        "containerPort: 8080",
        "containerPort: 8080\n              hostPort: 80",
        "hostPort",
    ),
    "no network policy": (
        "kubernetes.yaml",
        "DPL009",
        "kind: NetworkPolicy",
        "kind: X",
        "kind: D",
    ),
    "policy of others": (
        "kubernetes.yaml",
        "DPL009",
        "matchLabels:\n      app: gateway\n  policy",
        "matchLabels:\n      app: other\n  policy",
        "kind: Deployment",
    ),
    "policy one way": (
        "kubernetes.yaml",
        "DPL009",
        "[Ingress, Egress]",
        "[Ingress]",
        "kind: Dep",
    ),
    "policy opened again": (
        "kubernetes.yaml",
        "DPL009",
        "egress: []",
        "egress: [{}]",
        "kind: Dep",
    ),
    "pod seccomp": (
        "kubernetes.yaml",
        "DPL010",
        "type: RuntimeDefault",
        "type: Unconfined",
        "type: Unconf",
    ),
    "pod secret": (
        "kubernetes.yaml",
        "DPL011",
        "          ports:\n            - containerPort",
        (
            "          env:\n            - name: API_TOKEN\n              value: hunter2\n"
            "          ports:\n            - containerPort"
        ),
        "value: hunter2",
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_we_ship_is_sound(name: str) -> None:
    assert diagnose_deployment(DEPLOY / name) == []


@pytest.mark.parametrize("what", PLANTED)
def test_planted_weakness_is_found_on_its_line_and_nothing_else(
    what: str, tmp_path: Path
) -> None:
    name, rule, old, new, meant = PLANTED[what]
    text = (DEPLOY / name).read_text()
    assert text.count(old) >= 1
    weak = tmp_path / name
    weak.write_text(text.replace(old, new, 1))
    (found,) = diagnose_deployment(weak)
    assert found.rule.id == rule
    assert meant in weak.read_text().splitlines()[found.line - 1]
    assert "hunter2" not in found.says, "a secret is not repeated"


def test_every_rule_has_been_planted() -> None:
    assert {rule.id for rule in RULES} == {planted[1] for planted in PLANTED.values()}


def test_bare_service_and_pod_have_every_default_weakness(tmp_path: Path) -> None:
    compose = tmp_path / "compose.yaml"
    compose.write_text("services:\n  a:\n    image: a:1\n")
    assert {w.rule.id for w in diagnose_deployment(compose)} == {
        "DPL001", "DPL004", "DPL005", "DPL006",
    }  # fmt: skip
    pod = tmp_path / "pod.yaml"
    pod.write_text(
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      image: a:1\n"
    )
    assert {w.rule.id for w in diagnose_deployment(pod)} == {
        "DPL001", "DPL004", "DPL005", "DPL006", "DPL009", "DPL010",
    }  # fmt: skip


def test_what_is_shared_by_anchor_and_merge_key_counts(tmp_path: Path) -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    shared = text.replace("  gateway:\n", "  gateway: &all\n")
    compose = tmp_path / "compose.yaml"
    compose.write_text(
        shared.replace("\nvolumes:\n", "\n  second:\n    <<: *all\n\nvolumes:\n")
    )
    assert diagnose_deployment(compose) == []
    compose.write_text(
        compose.read_text().replace("<<: *all", "<<: *all\n    privileged: true")
    )
    (found,) = diagnose_deployment(compose)
    assert (found.rule.id, found.where) == ("DPL002", "second")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "line 1: not valid YAML"),
        ("services:\n  a: {}\n  a: {}\n", "line 3: 'a' stands twice"),
        ("hello: world", "nothing here is deployed"),
        ("", "nothing here is deployed"),
        ("a: " + "[" * 500, "deeper than 64"),
        ("x: *nowhere", "no anchor"),
    ],
)
def test_file_of_no_kind_is_an_error_that_names_it(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        diagnose_deployment(path)
    assert str(path) in caught.value.message
    assert "Dockerfile" in caught.value.hint
    with pytest.raises(InputError, match="No such file"):
        diagnose_deployment(tmp_path / "none.yaml")


def test_command_prints_file_line_rule_and_remedy(tmp_path: Path) -> None:
    weak = tmp_path / "compose.yaml"
    weak.write_text(
        (DEPLOY / "compose.yaml").read_text().replace("read_only: true", "init: true")
    )
    found = said("doctor", "deploy", weak, DEPLOY / "Dockerfile")
    assert found.code == 1
    assert f"MEDIUM   DPL004 {weak}:" in found.out
    assert "read_only" in found.out
    assert f"ok       {DEPLOY / 'Dockerfile'}" in found.out
    assert said("doctor", "deploy", *(DEPLOY / name for name in SOUND)).code == 0
    missing = said("doctor", "deploy", tmp_path / "none")
    assert missing.code == 2
    assert "No such file" in missing.err
    assert said("doctor", "deploy").code == 64
