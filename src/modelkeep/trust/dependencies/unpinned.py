"""A package of which more than one version may be installed.

What is installed then depends on the day: a release that an attacker publishes tomorrow is
taken without anybody having looked at it, and no database can say whether what runs is
known to be vulnerable.

Before: ``torch>=2.0``.
After: ``torch==2.6.0 --hash=sha256:...``.

Sources: CWE-1357; pip documentation, "Secure installs"; MITRE ATLAS AML.T0010.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.trust.dependencies.interface import Dependency, found

RULE: Final = Rule(
    id="DEP003",
    name="unpinned-package",
    summary="More than one version of a package may be installed.",
    remedy="Pin one version with its hash, by a lock file or `pip-compile --generate-hashes`.",
    topic="supply.dependency_vuln",
    tags=("CWE-1357",),
)


def find_unpinned(
    path: str, dependency: Dependency, constrained: Collection[str]
) -> Iterator[Finding]:
    """Yield a finding unless one version is named here or in a file of constraints.

    Args:
        path: the file, as shown.
        dependency: the package.
        constrained: names that an included file pins.
    """
    if dependency.version is None and dependency.name not in constrained:
        yield found(
            RULE,
            path,
            dependency,
            severity=Severity.MEDIUM,
            message=f"{dependency.text!r} allows more than one version",
        )
