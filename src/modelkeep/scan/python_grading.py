"""How bad an act of Python code is, by when it runs and what it is given.

Sources: the severity scale of this package; the loading interfaces of model libraries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.python_source import PythonSource
from modelkeep.scan.hosts import suspicious_host
from modelkeep.scan.interface import Context
from modelkeep.scan.python_flow import Event, events
from modelkeep.scan.python_library import is_library, is_plain
from modelkeep.scan.python_origins import is_secret_place
from modelkeep.scan.python_policy import RUN_BY_VARIABLE, Act
from modelkeep.scan.python_scopes import Place
from modelkeep.scan.python_values import flat

PYTHON: Final = frozenset({"python", "python cells"})
"""Formats whose document is Python code."""
_LONGEST: Final = 4096
_ASKED: Final = 2
_RUNS_MORE: Final = re.compile(
    r"(?:ba|z|da|k|c|fi)?sh$|python|perl|ruby|node|php|env$|sudo$|su$|curl$|wget$|nc$|ncat$"
    r"|powershell|pwsh|cmd$|xargs$|find$|tar$|awk$|nohup$|setsid$|timeout$|socat$|crontab$"
    r"|make$|docker$|ssh$|scp$|rm$|dd$|chmod$|busybox$|mshta$|rundll32$|npm$|npx$|pip"
)
"""Programs that start others, fetch or destroy."""
_SHELL: Final = frozenset(";|&$`<>\n")
_HARMLESS: Final[dict[str, frozenset[str]]] = {
    "git": frozenset(
        "rev-parse describe log status diff show branch tag remote config".split()
    ),
    "pip": frozenset("show list freeze --version".split()),
    "conda": frozenset("list info --version".split()),
    "nvcc": frozenset("-V --version".split()),
    **{
        name: frozenset()
        for name in (
            "nvidia-smi rocm-smi rocminfo lscpu lspci uname clear cls sysctl sw_vers ffmpeg "
            "ffprobe sox df free nproc ldconfig which where gcc g++ clang c++ cl cmake ninja "
            "hipcc xcrun sacctmgr scontrol squeue dpkg tput stty espeak flac mecab protoc"
        ).split()
    },
}
"""Programs that only show something or convert media, and the subcommands that do."""


def python_events(context: Context) -> Iterator[Event]:
    """Every act of the code of a stream."""
    if isinstance(context.document, PythonSource):
        beside = context.beside if context.location.member is None else None
        yield from events(context.document, context.location.path, beside)


def by_place(
    event: Event, *, early: Severity = Severity.CRITICAL, late: Severity = Severity.HIGH
) -> Severity:
    """``early`` where a loader runs the code, ``late`` where something must call it."""
    if event.place is Place.SCRIPT:
        return min(late, Severity.MEDIUM)
    return late if event.place is Place.HELPER else early


def report(
    context: Context, rule: Rule, event: Event, severity: Severity, message: str
) -> Finding:
    """A finding about an event."""
    if severity > Severity.MEDIUM and is_library(context) and is_plain(event):
        severity = Severity.MEDIUM
    sure = Confidence.HIGH if event.called else Confidence.MEDIUM
    return context.finding(
        rule,
        severity,
        f"line {event.line}: {message}, {event.place.value}",
        confidence=sure,
        evidence={"call": event.name, "line": str(event.line)},
    )


def harmless_command(event: Event) -> bool:
    """Whether a command is constant and only shows or converts something."""
    environment = event.named.get("env")
    variables = environment.constant if environment is not None else None
    if isinstance(variables, dict) and RUN_BY_VARIABLE & variables.keys():
        return False
    command = event.argument(0, "args")
    if command.items is not None:
        words = [flat(item) for item in command.items]
    else:
        text = flat(command)
        if _SHELL & set(text):
            return False
        words = text.split()
    return harmless_words(words)


def harmless_words(words: list[str]) -> bool:
    """Whether a program and its arguments only show or convert something."""
    if not words or not words[0]:
        return False
    program = words[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    if _loads_more(words):
        return False
    asks = len(words) == _ASKED and words[1] in {"--version", "-V", "-version"}
    if asks and "/" not in words[0]:
        return True
    if program not in _HARMLESS or (program == "git" and "-c" in words):
        return False
    wanted = _HARMLESS[program]
    return not wanted or any(word in wanted for word in words[1:3])


def _loads_more(words: list[str]) -> bool:
    """Whether an option makes a harmless program load code or read secrets."""
    return any(
        word.startswith(("-wrapper", "-fplugin", "-P", "-B", "-specs"))
        or is_secret_place(word)
        or suspicious_host(word)
        for word in words[1:]
    )


def plain_program(event: Event) -> bool:
    """Whether a program of the search path is started by a list of words, without a shell."""
    command = event.argument(0, "args")
    if command.items is None or event.named.get("shell") is not None:
        return False
    words = [flat(item) for item in command.items]
    program = words[0].removesuffix(".exe") if words else ""
    if not program:  # a program that the caller names
        return not any(word in {"-c", "-e"} or "http" in word for word in words)
    return program.isidentifier() and not _RUNS_MORE.match(program)


def installs_package(event: Event) -> bool:
    """Whether a command installs a package of the index by its plain name."""
    text = flat(event.argument(0, "args"))
    return bool(re.search(r"\bpip3?\b.* install\b", text)) and not re.search(
        r"://|--index-url|--extra-index|\s-i\s|--find-links|[;|&`$]", text
    )


def acts(context: Context, *wanted: Act) -> Iterator[Event]:
    """Events of some acts."""
    return (event for event in python_events(context) if event.act in wanted)
