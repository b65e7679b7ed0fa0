"""One weakness of one file, and what all kinds of files are judged by alike."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from modelkeep.core import Rule, Severity
from modelkeep.formats.yaml_lines import Node
from modelkeep.pipeline.deployment.rules import RULES, SECRET, UNPINNED

_SECRET_NAME: Final = re.compile(
    r"passw|secret|token|api_?key|access_?key|private_?key|credential", re.IGNORECASE
)
_ELSEWHERE: Final = re.compile(r"\$\{?\w|/")  # filled in from outside, or the path of a file


@dataclass(frozen=True, slots=True)
class Weakness:
    """What is weak, where.

    Attributes:
        rule: what fired.
        line: of the file, from 1.
        where: service, container or stage.
        says: what was seen there, for people; never a secret's value.
    """

    rule: Rule
    line: int
    where: str
    says: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return RULES[self.rule]


def judge_image(image: str, line: int, where: str) -> list[Weakness]:
    """An image's name must hold a version."""
    name, _, digest = image.partition("@")
    _, _, tag = name.rpartition("/")[2].partition(":")
    if digest or image.startswith("$") or (tag and tag != "latest"):
        return []
    return [Weakness(UNPINNED, line, where, f"image {image!r} has no version")]


def judge_variable(name: str, value: str, line: int, where: str) -> list[Weakness]:
    """A variable that is named like a secret must not hold one."""
    path = name.upper().endswith(("_FILE", "_PATH"))
    if not value or path or not _SECRET_NAME.search(name) or _ELSEWHERE.match(value):
        return []
    return [Weakness(SECRET, line, where, f"the value of {name} stands here")]


def is_root(user: str) -> bool:
    """Whether ``USER[:GROUP]`` is root."""
    name = user.partition(":")[0].strip()
    return name == "root" or (name.isdigit() and int(name) == 0)


def line_of(*nodes: Node) -> int:
    """Line of the first node that is there."""
    return next((node.line for node in nodes if node), 1)
