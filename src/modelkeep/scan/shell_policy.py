"""What shell commands do that no model needs: data, not logic.

Sources: MITRE ATT&CK T1059, T1105, T1546; GTFOBins and LOLBAS on programs that fetch and
run code; CWE-78.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Severity
from modelkeep.scan.hosts import suspicious_host
from modelkeep.scan.python_policy import SECRET_PLACES

_FETCH: Final = (
    r"(?:\b(?:curl|wget|fetch|aria2c|lwp-download|iwr|irm|Invoke-WebRequest"
    r"|Invoke-RestMethod)(?:\.exe)?\b)"
)
_INTERPRETER: Final = (
    r"(?:sudo\s+(?:-\S+\s+)*)?(?:/\S*/)?(?:env\s+)?"
    r"(?:(?:ba|z|da|k|c)?sh|python[\d.]*|perl|ruby|node|php|iex|pwsh|powershell)\b"
)
_ENCODED: Final = (
    r"\b(?:powershell|pwsh)(?:\.exe)?\b[^\n]*?\s[-/\u2013]e(?:c|nc?|nco\w*)?\s+"
    r"[\"']?(?=[A-Za-z0-9+/]*A[A-Za-z0-9+/=]*A)[A-Za-z0-9+/]{8,}={0,2}"
)
"""``powershell -enc``: UTF-16 in base64, which is full of the letter A, however short."""
_CRITICAL: Final = {
    "fetches a script and runs it": rf"{_FETCH}[^\n;]*\|\s*{_INTERPRETER}"
    rf"|{_INTERPRETER}\s+(?:-c\s+)?[\"']?(?:<\(|\$\(|`)\s*{_FETCH}"
    rf"|\b(?:eval|source|\.)\s+[\"']?(?:<\(|\$\(|`)\s*{_FETCH}",
    "opens a remote shell": r"/dev/(?:tcp|udp)/|\b(?:nc|ncat|netcat)\b[^\n]*\s-\w*[ec]\b"
    r"|mkfifo[^\n]*\|[^\n]*\b(?:nc|ncat|telnet|openssl)\b|\bsocat\b[^\n]*exec:"
    r"|import socket[^\n]*(?:dup2|subprocess|pty)|TCPClient|fsockopen|\bzsh/net/tcp\b",
    "decodes text and runs it": r"\b(?:base64|base32|xxd|openssl\s+(?:enc|base64))\b[^\n]*"
    rf"\|\s*(?:gunzip\s*\|\s*)?{_INTERPRETER}|-e(?:nc|ncodedcommand|c)?\s+[A-Za-z0-9+/=]{{40,}}"
    rf"|{_ENCODED}"
    r"|FromBase64String|\beval\s*\(\s*(?:atob|unescape|String\.fromCharCode)"
    rf"|{_INTERPRETER}\s+(?:-c\s+)?[\"']?(?:<\(|\$\(|`)[^\n]*base64\s+-+d"
    r"|\beval\b[^\n]*(?:\\x[0-9a-f]{2}|\\[0-7]{3}){4}|\|\s*(?:rev|xxd|tr)\b[^|\n]*\|\s*(?:ba|z|da)?sh\b",
    "destroys files": r"\brm\s+(?:-\w+\s+)*-\w*[rf]\w*\s+(?:-\S+\s+)*[\"']?(?:/|~|/\*|~/\*?"
    r"|\$HOME/?\*?|/(?:home|etc|usr|var|root)/?\*?)[\"']?(?:\s|;|&|$)"
    r"|\bdd\b[^\n]*\bof=/dev/(?:sd|nvme|hd)|\bmkfs\.|:\(\)\s*\{\s*:\|:&?\s*\};:"
    r"|\b(?:format|del\s+/[sfq][^\n]*)\s+c:|Remove-Item[^\n]*-Recurse[^\n]*C:\\",
    "uses a program that runs what it fetches": r"DownloadString|DownloadFile|\bIEX\b"
    r"|Invoke-Expression|certutil[^\n]*-urlcache|bitsadmin[^\n]*/transfer|\bmshta\b[^\n]*(?:http|vbscript)"
    r"|regsvr32[^\n]*/i:http|rundll32[^\n]*javascript|wmic[^\n]*process[^\n]*call"
    r"|Add-MpPreference|MSXML2\.XMLHTTP|WScript\.Shell|ActiveXObject",
    "mines for others": r"\bxmrig\b|\bminerd\b|stratum\+(?:tcp|ssl)://|--donate-level",
}
_HIGH: Final = {
    "plants itself where it runs again": r"(?:>>?|\btee\b(?:\s+-a)?|\bcp\b[^\n]*|\bln\b"
    r"[^\n]*)\s*[\"']?\S*(?:\.bashrc|\.zshrc|\.profile|\.bash_profile|authorized_keys|/etc/cron\S*"
    r"|/etc/rc\.local|/etc/profile\S*|/etc/ld\.so\.preload|/etc/sudoers\S*|\.pth)\b"
    r"|\bcrontab\s+(?:-\s|-$|[^-\s])|\|\s*crontab\b|schtasks\s+/create|reg\s+add[^\n]*\\Run"
    r"|\bLD_PRELOAD=|vssadmin\s+delete|\buseradd\b|\bchmod\s+[ug]?\+s\b",
    "sends files or the environment away": rf"{_FETCH}[^\n]*(?:--data\S*|-d|-F|-T|--upload-file"
    r"|--post-file\S*|--post-data\S*|-Body)[=\s]*\S*(?:\$\(|`|env\b)|\b(?:env|printenv"
    r"|set)\s*\|"
    r"[^\n]*(?:curl|wget|nc)\b|\|\s*(?:curl|nc|ncat)\b[^\n]*(?:-d\s*@-|--data\S*\s*@-|-T"
    r"\s*-|\d{2,5}$)"
    r"|curl[^\n]*\$\((?:cat|env|whoami|hostname|id|uname)\b|process\.env[^\n]*(?:http|fetch)",
    "starts programs from a script for a browser or Node": r"require\(\s*['\"](?:node:)?"
    r"child_process['\"]\s*\)|from\s+['\"](?:node:)?child_process['\"]|process\.binding\(",
    "runs made code": r"\bpython[\d.]*\s+-c\s+[^\n]*(?:exec|eval|__import__|b64decode"
    r"|os\.system)",
}
_COMPILED: Final = tuple(
    (severity, why, re.compile(pattern, re.IGNORECASE | re.MULTILINE))
    for severity, table in ((Severity.CRITICAL, _CRITICAL), (Severity.HIGH, _HIGH))
    for why, pattern in table.items()
)
_FETCHES: Final = re.compile(_FETCH, re.IGNORECASE)
_NEXT: Final = re.compile(r"&&|;|\n")
_STARTS: Final = re.compile(
    r"chmod\s+(?:\+x|[0-7]*[1357][0-7]*)\s|Start-Process\b"
    r"|(?:&&|;|\n)\s*(?:\./|/tmp/|(?:ba)?sh\s+\S)|(?:&&?|;|\n)\s*(?:start|call)\s+\S*[%\\.]\S*",
    re.IGNORECASE,
)
_STORED: Final = re.compile(
    r"(?:\s-o|\s-O|--output(?:-document)?|>|-OutFile)[=\s]*[\"']?([^\s\"';&|]{2,200})",
    re.IGNORECASE,
)
_STARTED: Final = re.compile(
    r"(?:&&?|;|\n)\s*(?:(?:sudo|start|call|exec|sh|bash|python[\d.]*|cmd /c|\.|&)\s+){0,8}"
    r"[\"']?(?:\./)?([^\s\"';&|]{2,300})",
    re.IGNORECASE,
)
_MOST_STORED: Final = 50
_JOINS: Final = re.compile(r"(?<=\w)[\^`](?=\w)|(?<=[\w.])'\s?\+\s?'(?=[\w.])")
"""Marks of command.com and PowerShell inside a word, and texts put together."""
_BRACES: Final = re.compile(r"(?<![\w$])\{(\w+,[^{}\s]{0,300})\}")
"""``{curl,-s,URL}``: a command without a space."""
_LINE: Final = 1000
_OVERLAP: Final = 200
_MOST_LINES: Final = 20_000
_READS: Final = re.compile(
    r"\b(?:cat|cp|scp|tar|zip|base64|curl|head|type|Get-Content)\b", re.IGNORECASE
)
_INSTALL: Final = re.compile(
    r"\b(?:pip[\d.]*|uv|conda|mamba|easy_install)\b[^\n]*\binstall\b.*"
)
_INDEX: Final = re.compile(
    r"(?:--index-url|--extra-index-url|-i|--find-links|-f|--trusted-host)[=\s]+[\"']?(\S+)"
)
_DIRECT: Final = re.compile(r"(?:git\+|hg\+|svn\+)?(https?|ssh|file|git)://\S+")
_KNOWN_HOSTS: Final = (
    *("://pypi.org", "://files.pythonhosted.org", "://download.pytorch.org", "://github.com/"),
    *("://pypi.nvidia.com", "://pypi.ngc.nvidia.com", "://data.pyg.org", "://huggingface.co/"),
    *(
        "://storage.googleapis.com/jax-releases",
        "://data.dgl.ai",
        "://developer.download.nvidia",
    ),
    *("://gitlab.com/", "://raw.githubusercontent.com/", "://dl.fbaipublicfiles.com"),
)


def judge(text: str) -> Iterator[tuple[Severity, str, str]]:
    """What a script would do, each as severity, sentence and the line."""
    seen: set[str] = set()
    lines = [line for line in _pieces(_plain(text)) if not _is_comment(line)]
    pairs = [f"{one}\n{two}" for one, two in zip(lines, [*lines[1:], ""], strict=False)]
    for line, pair in zip(lines, pairs, strict=True):
        for severity, why, pattern in _COMPILED:
            if why not in seen and pattern.search(pair):
                seen.add(why)
                yield severity, why, line.strip()
        for severity, why in (*_fetched(pair), *_secrets(line), *judge_install(line)):
            if why not in seen:
                seen.add(why)
                yield severity, why, line.strip()


def _fetched(pair: str) -> Iterator[tuple[Severity, str]]:
    """What is done with what two lines fetch, in steps: one pattern would take too long."""
    fetch = _FETCHES.search(pair)
    if fetch is None:
        return
    after = _NEXT.search(pair, fetch.end())
    if after is None:
        return
    if _STARTS.search(pair, after.start()):
        yield Severity.CRITICAL, "fetches a program and starts it"
    started = [(m.start(), m[1]) for m in _STARTED.finditer(pair, after.start())]
    for stored in list(_STORED.finditer(pair, fetch.end()))[:_MOST_STORED]:
        name = stored[1].removeprefix("./")
        if any(at >= stored.end() and one.startswith(name) for at, one in started):
            yield Severity.CRITICAL, "runs the file it has fetched"
            return


def _plain(text: str) -> str:
    """A script without the marks that only hide its words."""
    plain = _JOINS.sub("", _BRACES.sub(lambda found: found[1].replace(",", " "), text))
    return text if plain == text else f"{text}\n{plain}"


def is_attack(text: str) -> bool:
    """Whether a command does what no model needs."""
    return any(severity >= Severity.HIGH for severity, _, _ in judge(text))


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith(("#", "//", "REM ", "::"))


def _pieces(text: str) -> Iterator[str]:
    """Lines; a long one in pieces that overlap, so that no pattern takes long."""
    lines = [line for line in text.splitlines() if line and not line.isspace()]
    if len(lines) > 2 * _MOST_LINES:  # what is padded hides at either end
        lines = [*lines[:_MOST_LINES], *lines[-_MOST_LINES:]]
    for line in lines:
        for start in range(0, max(1, len(line)), _LINE - _OVERLAP):
            yield line[start : start + _LINE]


def _secrets(line: str) -> Iterator[tuple[Severity, str]]:
    lower = line.lower()
    if _READS.search(line) and any(place in lower for place in SECRET_PLACES):
        yield Severity.HIGH, "reads credentials"
    if suspicious_host(line):
        yield Severity.HIGH, "speaks to a suspicious host"


def judge_install(line: str) -> Iterator[tuple[Severity, str]]:
    """What installing packages brings in."""
    command = _INSTALL.search(line)
    if command is not None:
        yield from judge_requirement(command[0])


def judge_requirement(text: str) -> Iterator[tuple[Severity, str]]:
    """What a requirement, or the arguments of an installer, bring in."""
    for index in _INDEX.finditer(text):
        if not any(host in f"://{index[1].partition('://')[2]}" for host in _KNOWN_HOSTS):
            yield Severity.HIGH, "installs packages from an index of its own"
            return
    for address in _DIRECT.finditer(_INDEX.sub("", text)):
        if address[1] == "http" or suspicious_host(address[0]):
            yield Severity.HIGH, "installs a package from an unprotected address"
        elif address[1] == "file":
            yield Severity.MEDIUM, "installs a package from a local path"
        else:
            yield Severity.MEDIUM, "installs a package from outside the index"
