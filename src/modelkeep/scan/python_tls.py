"""Python code fetches without asking whose answer it gets.

``verify=False`` and its like accept any certificate: whoever sits between can answer with
other weights, other data or other code, and read the token that was sent along.

Before: ``requests.get(url, verify=False)``.
After: ``requests.get(url, verify="/etc/ssl/own-ca.pem")``.

Sources: CWE-295; the documentation of requests, httpx, aiohttp and of Python's ``ssl``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.python_source import PythonSource
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_grading import PYTHON
from modelkeep.scan.python_options import options

RULE: Final = Rule(
    id="PYC013",
    name="python-unverified-certificate",
    summary="Code accepts any certificate when it fetches.",
    remedy="Leave certificates checked; name your own authority's file where you have one.",
    topic="artifact.swapped_at_load",
    tags=("CWE-295",),
)
_FETCHING: Final = frozenset(
    "requests httpx aiohttp urllib urllib3 http ssl websockets websocket boto3 botocore "
    "huggingface_hub mlflow elasticsearch opensearchpy minio tritonclient".split()
)
"""Only where one of these is imported: ``verify=False`` has other uses elsewhere."""
_OFF: Final = {
    "verify": (False,),
    "verify_ssl": (False,),
    "ssl_verify": (False,),
    "verify_certs": (False,),
    "check_hostname": (False,),
    "cert_reqs": ("CERT_NONE",),  # as urllib3 takes it; the constant of ssl is found below
    "MLFLOW_TRACKING_INSECURE_TLS": ("true", "1"),
    "PYTHONHTTPSVERIFY": ("0",),
    "CURL_CA_BUNDLE": ("",),
    "REQUESTS_CA_BUNDLE": ("",),
}
_OPTION: Final = re.compile(f"^(?:{'|'.join(_OFF)})$")
_CONTEXTS: Final = frozenset({"_create_unverified_context", "CERT_NONE"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per line that takes the check away."""
    if not isinstance(context.document, PythonSource):
        return
    tree = context.document.tree
    if not _imports(tree) & _FETCHING:
        return
    lines: dict[int, str] = {
        option.line: option.name
        for option in options(tree, _OPTION)
        if isinstance(option.value, ast.Constant) and _is_off(option.name, option.value.value)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _CONTEXTS:
            lines.setdefault(node.lineno, node.attr)
    for line, what in sorted(lines.items()):
        yield context.finding(
            RULE,
            Severity.MEDIUM,
            f"line {line}: {what} takes the check of certificates away",
            evidence={"line": str(line), "option": what},
        )


def _is_off(name: str, value: object) -> bool:
    return any(value is off or (isinstance(off, str) and value == off) for off in _OFF[name])


def _imports(tree: ast.Module) -> set[str]:
    """First parts of the names of imported modules."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


DETECTOR: Final = Detector(RULE, PYTHON, run)
