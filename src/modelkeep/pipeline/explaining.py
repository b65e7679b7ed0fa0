"""``modelkeep explain``: the page of a rule, made from its docstring.

The same pages are published under ``docs/rules``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from modelkeep.core import Rule, UsageError
from modelkeep.core.nearest import nearest
from modelkeep.core.taxonomy import topic
from modelkeep.pipeline.deployment import RULES as DEPLOYMENT_RULES
from modelkeep.scan import detectors
from modelkeep.trust import RULES as SIGNATURE_RULES
from modelkeep.trust import dependencies, model_card


@dataclass(frozen=True, slots=True)
class Page:
    """A rule or assessment explained.

    Attributes:
        id: such as ``PKL001``.
        name: kebab-case.
        text: the page as Markdown.
    """

    id: str
    name: str
    text: str


def pages() -> tuple[Page, ...]:
    """Pages of all rules, and of the assessments where their extra is installed."""
    found = [_rule_page(d.rule, _docstring(d.run.__module__)) for d in detectors()]
    found += [_rule_page(rule, "") for rule in SIGNATURE_RULES]
    found += [
        _rule_page(part.RULE, _docstring(part.__name__))
        for part in (
            dependencies.known_vulnerability,
            dependencies.lookalike,
            dependencies.unpinned,
            model_card,
        )
    ]
    found += [_rule_page(rule, "") for rule in DEPLOYMENT_RULES]
    return (*found, *_attack_pages())


def _docstring(module: str) -> str:
    return (sys.modules[module].__doc__ or "").strip()


def _rule_page(rule: Rule, text: str) -> Page:
    body = text or rule.summary
    return Page(
        rule.id,
        rule.name,
        f"# {rule.id} {rule.name}\n\n{body}\n\n**What to do.** {rule.remedy}\n\n"
        f"{_tags(rule.topic, rule.tags)}",
    )


def _tags(key: str, own: tuple[str, ...]) -> str:
    found = topic(key)
    lines = [f"**Finding type.** {found.title} (`{key}`)", ""]
    if own:
        lines.append(f"- {', '.join(own)}")
    lines += [f"- {name}: {', '.join(ids)}" for name, ids in found.ids.items() if ids]
    return "\n".join(lines) + "\n"


def _attack_pages() -> list[Page]:
    try:
        from modelkeep.assess import attacks  # noqa: PLC0415 - needs the optional extra
    except ModuleNotFoundError:
        return []
    return [
        Page(
            attack.id,
            attack.name,
            f"# {attack.id} {attack.name}\n\n{_docstring(attack.run.__module__)}\n\n"
            f"{_tags(attack.topic, ())}",
        )
        for attack in attacks()
    ]


def explain(identifier: str) -> Page:
    """The page of a rule, by id or name.

    Raises:
        UsageError: there is no such rule.
    """
    every = pages()
    wanted = identifier.lower()
    for page in every:
        if wanted in (page.id.lower(), page.name):
            return page
    names = [name for page in every for name in (page.id, page.name)]
    raise UsageError(f"no rule {identifier!r}", nearest(identifier, names))


def list_rules() -> str:
    """All rules and assessments, one a line, by id."""
    lines = sorted(f"{page.id}  {page.name}\n" for page in pages())
    return "".join(lines)
