"""PYC011: templates in code that run code."""

from __future__ import annotations

from code_samples import BehavesLikeARule
from modelkeep.scan.python_template import DETECTOR


class TestTemplates(BehavesLikeARule):
    detector = DETECTOR
    bad = (
        "import jinja2\njinja2.Template(\"{{ ''.__class__.__mro__ }}\")",
        'from jinja2 import Environment\nEnvironment().from_string("{{ x.__globals__ }}")',
        "from mako.template import Template\nTemplate(\"<% import os; os.system('true') %>\")",
        "from mako.template import Template\nTemplate(\"${__import__('os').system('true')}\")",
        "import tornado.template as t\nt.Template(\"{% import os %}{{ os.system('') }}\")",
    )
    good = (
        "import jinja2\njinja2.Template('Hello {{ name }}')",
        "from mako.template import Template\nTemplate('${name} and ${x + 1}')",
        "from string import Template\nTemplate('$name')",
        "import jinja2\njinja2.Template(text)",
    )
