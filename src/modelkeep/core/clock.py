"""The time, and how it is written: RFC 3339 in UTC, to the second."""

from __future__ import annotations

import datetime as dt
from typing import Final

FORM: Final = "%Y-%m-%dT%H:%M:%SZ"


def utc_now() -> dt.datetime:
    """The clock of everything that is not under test."""
    return dt.datetime.now(dt.UTC)


def timestamp(moment: dt.datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return moment.astimezone(dt.UTC).strftime(FORM)
