"""Names that lead from a template into Python: data, not logic.

Sources: Python's data model and ``inspect``; the unsafe attributes of Jinja's sandbox.
"""

from __future__ import annotations

import re
from typing import Final

INTERNAL_TEXT: Final = re.compile(
    r"__(?:class|mro|bases?|subclasses|globals|builtins?|import|init|getitem|dict|getattribute"
    r"|closure|loader|reduce|reduce_ex|subclasshook|wrapped)__|_TemplateReference__context"
    r"|\b(?:gi|cr|ag|tb)_(?:frame|code)\b|\bf_(?:globals|builtins|locals)\b"
    r"|\bfunc_(?:globals|code)\b",
    re.IGNORECASE,
)
INTERNAL_NAME: Final = re.compile(
    r"__\w+|_[A-Za-z]\w*__\w+|(?:gi|cr|ag|tb)_(?:frame|code|next)|f_(?:globals|builtins|locals|back"
    r"|code)|func_(?:globals|code)|co_consts|im_func|mro"
)
PROSE: Final = re.compile(r"\s")
FORMAT_FIELD: Final = re.compile(r"\{[^{}\s.\[]{0,64}[.\[][^{}\s]{0,200}\}|%\(\w{0,64}__")
# Functions that Jinja or Flask bring; what lies behind a function leads to its module.
FUNCTIONS: Final = frozenset(
    "lipsum cycler joiner namespace range dict url_for get_flashed_messages".split()
)
MODULES: Final = frozenset("os sys subprocess builtins importlib socket shutil".split())
SINKS: Final = frozenset(
    """
    popen Popen check_output check_call getoutput getstatusoutput import_module load_module
    execfile execve execl execv create_subprocess_shell run_path posix_spawn
    """.split()
)
RUNNING: Final = frozenset("system eval exec spawn compile __import__ open".split())
