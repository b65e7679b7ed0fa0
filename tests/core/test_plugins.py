"""Plug-ins join the built-in list, or are refused by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modelkeep.core import ModelkeepError
from modelkeep.core.plugins import with_plugins


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """An installed distribution whose entry point is ``plugged:item``."""
    (folder / "plugged.py").write_text(f"item = {value}\n")
    info = folder / "plugged-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[modelkeep.tests]\nmine = plugged:item\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "plugged", raising=False)


def load() -> tuple[str, ...]:
    return with_plugins(("a", "b"), "modelkeep.tests", str, str.lower)


def test_a_plugin_comes_after_the_built_in_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load() == ("a", "b")
    install(tmp_path, monkeypatch, "'C'")
    assert load() == ("a", "b", "C")


@pytest.mark.parametrize(("value", "says"), [("3", "is not a str"), ("'B'", "reuses 'b'")])
def test_what_is_no_plugin_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, says: str
) -> None:
    install(tmp_path, monkeypatch, value)
    with pytest.raises(ModelkeepError, match=f"plug-in mine .*{says}"):
        load()
