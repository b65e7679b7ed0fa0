"""The documents promise only what exists."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import click
import pytest

from modelkeep.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_local_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), target


def test_every_command_of_the_readme_exists() -> None:
    names = set(re.findall(r"^modelkeep ([a-z]+)\b", README, re.MULTILINE))
    assert names
    assert names <= set(cli.commands)


def test_every_command_has_examples_in_its_help() -> None:
    for name, command in cli.commands.items():
        if name not in {"doctor", "config"}:
            parent = click.Context(cli, help_option_names=["-h", "--help"])
            help_text = command.get_help(click.Context(command, parent=parent, info_name=name))
            assert "Examples:" in help_text, name


def test_every_room_stands_in_the_readme() -> None:
    rooms = {path.name for path in (ROOT / "src" / "modelkeep").iterdir() if path.is_dir()}
    for room in rooms - {"__pycache__"}:
        assert f"`{room}`" in README, room


def test_the_verifier_is_the_one_whose_hash_is_published() -> None:
    digest, _, name = (ROOT / "verifier" / "verify_bundle.py.sha256").read_text().split(" ", 2)
    data = (ROOT / "verifier" / name.strip()).read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest
