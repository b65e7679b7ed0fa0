"""Addresses of the Internet Protocol that can be somebody's, IPv4 and IPv6.

Sources: RFC 4291 (IPv6); the IANA special-purpose registries, as in Python's ``ipaddress``.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from modelkeep.data.personal.interface import Kind


def is_global(text: str) -> bool:
    """Whether a text is an address that is routed and nobody's documentation."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    return found.is_global and not found.is_multicast


KIND: Final = Kind(
    "IP address",
    r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{1,34}\b",
    is_global,
)
