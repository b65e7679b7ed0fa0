"""Is a Dockerfile's image safe to serve a model with: its user, its base, its variables?

Source: Dockerfile reference; CIS Docker Benchmark 4.1, 4.10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.pipeline.deployment.interface import (
    Weakness,
    is_root,
    judge_image,
    judge_variable,
)
from modelkeep.pipeline.deployment.rules import ROOT

_PAIR: Final = re.compile(r"""(\w+)=("[^"]*"|'[^']*'|\S*)""")


def judge_dockerfile(text: str) -> list[Weakness]:
    """Every weakness, in the order of the file; the user is the last stage's."""
    found: list[Weakness] = []
    stages: dict[str, bool] = {}  # by name: whether it ends as somebody else than root
    user_line, safe, stage, last = 1, False, "", ""
    for line, word, rest in _instructions(text):
        if word == "FROM":
            image, _, name = rest.split("--platform", 1)[-1].partition(" as ")
            image = image.split()[-1] if image.split() else ""
            stage = name.strip() or image
            if image not in stages and image != "scratch":
                found += judge_image(image, line, stage)
            safe, user_line, last = stages.get(image, False), line, name.strip()
        elif word == "USER":
            safe, user_line = not is_root(rest) and not rest.startswith("$"), line
        elif word in {"ENV", "ARG"}:
            found += _variables(rest, line, stage)
        stages[last] = safe
    if not safe:
        found.append(Weakness(ROOT, user_line, stage, "the image runs as root"))
    return sorted(found, key=lambda weakness: weakness.line)


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """First line, word and rest of every instruction; continued lines are joined."""
    begun, parts = 0, list[str]()
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("#") or (not line and not parts):
            continue
        begun = begun or number
        parts.append(line.removesuffix("\\").strip())
        if not line.endswith("\\"):
            word, _, rest = " ".join(parts).partition(" ")
            rest = re.sub(r"\s+[aA][sS]\s+", " as ", rest.strip())
            yield begun, word.upper(), rest
            begun, parts = 0, []


def _variables(rest: str, line: int, stage: str) -> Iterator[Weakness]:
    pairs = _PAIR.findall(rest)
    if not pairs and " " in rest:  # ENV NAME value
        pairs = [tuple(rest.split(" ", 1))]
    for name, value in pairs:
        yield from judge_variable(name, value.strip("\"'"), line, stage)
