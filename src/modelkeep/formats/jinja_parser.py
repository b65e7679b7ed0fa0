"""The parser of Jinja with the tags that chat templates use; nothing is compiled.

It is imported when the first text looks like a template: most scans need no Jinja2.

Source: the chat template extensions of transformers.
"""

from __future__ import annotations

import warnings
from typing import Final

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from modelkeep.core import LimitExceededError, MalformedArtifactError


class _Generation(Extension):
    """The ``generation`` block by which transformers marks what the assistant says."""

    tags = {"generation"}  # noqa: RUF012  as the class it extends declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The block is what stands in it."""
        next(parser.stream)
        return list(parser.parse_statements(("name:endgeneration",), drop_needle=True))


_ENVIRONMENT: Final = Environment(  # noqa: S701  nothing is rendered, so nothing to escape
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=[
        "jinja2.ext.loopcontrols",
        "jinja2.ext.do",
        "jinja2.ext.i18n",
        "jinja2.ext.debug",
        _Generation,
    ],
)


def parse(text: str) -> nodes.Template:
    """The syntax tree of a template.

    Raises:
        MalformedArtifactError: not the template language.
        LimitExceededError: nested too deep.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of escapes it does not know
            return _ENVIRONMENT.parse(text)
    except RecursionError as error:
        raise LimitExceededError("template nested too deep") from error
    except (TemplateError, ValueError) as error:
        raise MalformedArtifactError(f"not a Jinja template: {error}") from error
