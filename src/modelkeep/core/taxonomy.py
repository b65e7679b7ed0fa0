"""Finding types and their ids in public frameworks (ids and our own titles only).

The table (``taxonomy.json``) maps each finding type this product can produce to
MITRE ATLAS 5.6.0, OWASP ML Top 10 2023, LLM Top 10 2025, AISVS 1.0, the AI
Testing Guide and AI Exchange, NIST AI 100-2, AI RMF 1.0 and SP 800-53 r5, the
CoSAI risk map and articles of the EU AI Act. The loader refuses an id whose
form does not belong to its framework, so a typing error cannot reach a report.
"""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import Final

import msgspec

from modelkeep.core.errors import ModelkeepError

_FORMS: Final = {
    "atlas": re.compile(r"AML\.T\d{4}(\.\d{3})?"),
    "atlas_mitigation": re.compile(r"AML\.M\d{4}"),
    "owasp_ml": re.compile(r"ML(0\d|10)"),
    "owasp_llm": re.compile(r"LLM(0\d|10)"),
    "owasp_aisvs": re.compile(r"([1-9]|1[0-2])\.\d{1,2}\.\d{1,2}"),
    "owasp_aitg": re.compile(r"AITG-(APP|MOD|INF|DAT)-\d{2}"),
    "owasp_ai_exchange": re.compile(r"[A-Z]+|\d(\.\d){1,2}"),
    "nist_ai_rmf": re.compile(r"(GOVERN|MAP|MEASURE|MANAGE)-\d\.\d{1,2}"),
    "nist_aml": re.compile(r"NISTAML\.\d{2,3}"),
    "cosai": re.compile(r"(risk|control)[A-Z]\w+"),
    "eu_ai_act": re.compile(r"Art\d{1,3}"),
    "nist_sp_800_53": re.compile(r"[a-z]{2}-\d{1,2}"),
}


class Topic(msgspec.Struct, frozen=True):
    """One finding type: our title and its ids per framework."""

    title: str
    ids: dict[str, tuple[str, ...]]

    def tags(self) -> tuple[str, ...]:
        """ATLAS, NIST AI 100-2 and OWASP ids, as used to tag findings."""
        frameworks = ("atlas", "nist_aml", "owasp_ml", "owasp_llm")
        return tuple(i for name in frameworks for i in self.ids.get(name, ()))


class _Table(msgspec.Struct, frozen=True):
    version: int
    topics: dict[str, Topic]


def parse(text: bytes) -> dict[str, Topic]:
    """Read a taxonomy table.

    Raises:
        ModelkeepError: not the table's shape, an unknown framework, or an id
            whose form is not that framework's.
    """
    try:
        table = msgspec.json.decode(text, type=_Table)
    except msgspec.DecodeError as error:
        raise ModelkeepError(f"taxonomy table: {error}") from error
    for key, topic in table.topics.items():
        for framework, ids in topic.ids.items():
            form = _FORMS.get(framework)
            if form is None:
                raise ModelkeepError(f"taxonomy {key}: unknown framework {framework!r}")
            for identifier in ids:
                if not form.fullmatch(identifier):
                    raise ModelkeepError(f"taxonomy {key}: {identifier!r} is no {framework} id")
    return table.topics


@functools.cache
def topics() -> dict[str, Topic]:
    """The packaged table, by finding type such as ``model.evasion``."""
    return parse(resources.files("modelkeep.core").joinpath("taxonomy.json").read_bytes())


def topic(key: str) -> Topic:
    """Look up one finding type.

    Raises:
        ModelkeepError: there is no such key.
    """
    try:
        return topics()[key]
    except KeyError as error:
        raise ModelkeepError(f"no finding type {key!r} in the taxonomy") from error
