"""Hosts that collect what is stolen, and bare addresses; ordinary hosts are silent."""

from __future__ import annotations

import pytest

from modelkeep.scan.hosts import suspicious_host


@pytest.mark.parametrize(
    "text", ["https://webhook.site/x", "http://203.0.113.9:8000/x", "http://u:p@198.51.100.7/"]
)
def test_hosts_that_collect_and_bare_addresses(text: str) -> None:
    assert suspicious_host(text)


@pytest.mark.parametrize(
    "text", ["https://example.org/model", "http://127.0.0.1:8000", "http://0.0.0.0/", "plain"]
)
def test_ordinary_hosts(text: str) -> None:
    assert not suspicious_host(text)
