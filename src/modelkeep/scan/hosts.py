"""Hosts that no model has a reason to speak to.

Sources: services that collect stolen data in published malicious packages.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from modelkeep.scan.python_policy import EXFILTRATION_HOSTS

_ADDRESS: Final = re.compile(
    r"https?://(?:[^/@\s]*@)?(?:(\d+(?:\.\d+){3})|\[([0-9a-fA-F:.]+)\])(?:[:/?]|$)"
)


_METADATA: Final = ("169.254.169.254", "metadata.google.internal")
_CREDENTIALS: Final = re.compile(r"security-credentials|/token\b|/identity\b", re.IGNORECASE)


def names_metadata_service(text: str) -> bool:
    """Whether a text asks the cloud a machine runs in what it is, and not for credentials."""
    lower = text.lower()
    rest = lower
    for host in _METADATA:
        rest = rest.replace(host, "")
    return rest != lower and not _CREDENTIALS.search(text) and not suspicious_host(rest)


def suspicious_host(text: str) -> bool:
    """Whether a text names a host that collects stolen data, or a bare public address."""
    lower = text.lower()
    if any(host in lower for host in EXFILTRATION_HOSTS):
        return True
    for found in _ADDRESS.finditer(text):
        try:
            address = ipaddress.ip_address(found[1] or found[2])
        except ValueError:
            continue
        if not (address.is_loopback or address.is_unspecified):
            return True
    return False
