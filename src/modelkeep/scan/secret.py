"""A key or token lies in the model's files.

Whoever can download the model can use it: read private data sets, push other weights under
the same name, spend money. Only forms that are precise enough to be no accident are looked
for: private key blocks, and tokens whose prefix, length, letters and checksum (where there
is one) fit.

Before: ``"token": "hf_..."`` in ``training_args.json``.
After: the token revoked, and read from the environment.

Sources: token formats as published by GitHub, AWS, Hugging Face, OpenAI and others; CWE-798.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.secret_forms import find_forms, is_real
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.texts import TEXT_FORMATS, windows

RULE: Final = Rule(
    id="SEC001",
    name="secret-in-model",
    summary="A key or token can be read by whoever has the model.",
    remedy="Revoke it, then remove it from the files and from their history.",
    topic="data.pii",
    tags=("CWE-798", "CWE-312"),
)
_MOST: Final = 20


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per secret; the secret itself is never shown."""
    seen: set[bytes] = set()
    for start, window in windows(context):
        for kind, match in find_forms(window):
            text = match.group()
            if text in seen or len(seen) >= _MOST or not is_real(kind, text):
                continue
            seen.add(text)
            name = kind.replace("_", " ")
            yield context.finding(
                RULE,
                Severity.MEDIUM,
                f"{name}, {len(text)} characters",
                offset=start + match.start(),
                evidence={"kind": name, "number": str(len(seen))},
            )


DETECTOR: Final = Detector(RULE, TEXT_FORMATS, run)
