"""An R object holds a promise or a call that runs when the object is used.

A promise is an expression with its value still to come: R evaluates it the moment
somebody looks at the variable. Planted in a saved object it runs the attacker's
expression in the session of whoever prints or uses the model. Promises in the frame of an
environment are how R passes arguments and are normal, unless they start programs or load code.

Before: an ``.rds`` file from an unknown publisher, read with ``readRDS``.
After: the coefficients exported as CSV or JSON, or an object you saved yourself.

Sources: CVE-2024-27322; R Internals, "Serialization Formats"; CWE-502.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.rds import Language, RObject
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="RDS001",
    name="r-object-runs-code",
    summary="Using the R object would evaluate an expression that its publisher wrote.",
    remedy="Do not read the file with R; ask its publisher for the numbers as CSV or JSON.",
    topic="artifact.malicious_code",
    tags=("CWE-502",),
)
# Functions of R that start programs, load code or reach files and the network.
_SINKS: Final = frozenset(
    """
    system system2 shell shell.exec pipe eval evalq eval.parent parse source sys.source
    do.call Recall Reduce .Internal .Primitive .Call .C .External .Fortran dyn.load
    library.dynam download.file url file socketConnection serverSocket fifo gzcon
    unlink file.remove
    file.create writeLines write cat sink save saveRDS readRDS load loadNamespace
    install.packages Sys.setenv Sys.chmod setwd assignInNamespace unserialize
    reg.finalizer on.exit addTaskCallback browseURL
    """.split()
)
_STARTS: Final = frozenset(
    """
    system system2 shell shell.exec pipe dyn.load download.file socketConnection source
    """.split()
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per promise out of place and per dangerous piece of language."""
    if not isinstance(context.document, RObject):
        return
    for piece in context.document.language:
        severity = _severity(piece)
        if severity is None:
            continue
        named = ", ".join(piece.calls[:5]) or "an expression"
        yield context.finding(
            RULE,
            severity,
            f"a {piece.kind} in this R object would evaluate {named}",
            offset=piece.offset,
            evidence={"kind": piece.kind, "calls": " ".join(piece.calls[:20])},
        )


def _severity(piece: Language) -> Severity | None:
    reached = _SINKS.intersection(piece.calls)
    if piece.kind == "promise":
        if not piece.bound:
            return Severity.CRITICAL
        return Severity.HIGH if reached & _STARTS else None
    # Closures and calls are stored by honest models too, and run only when called.
    return Severity.MEDIUM if reached & _STARTS else None


DETECTOR: Final = Detector(RULE, frozenset({"rds"}), run)
