"""Lock files: the n-th package at the line of its name."""

from __future__ import annotations

import json

import pytest

from modelkeep.core import MalformedArtifactError
from modelkeep.trust.dependencies.lock_file import read_pipfile_lock, read_toml_lock

UV = """\
version = 1
requires-python = ">=3.11"

[[package]]
name = "mine"
version = "0.1.0"
source = { virtual = "." }

[[package]]
name = "Alpha_Net"
version = "1.4.0"
source = { registry = "https://example.invalid/simple" }
sdist = { url = "https://example.invalid/a.tar.gz", hash = "sha256:aa" }

[[package]]
name = "forked"
version = "2.0"
source = { git = "https://example.invalid/forked.git?rev=abc" }

[package.metadata]
requires-dist = [{ name = "alpha-net" }]
"""
POETRY = """\
[[package]]
name = "alpha-net"
version = "1.4.0"
description = ""
optional = false
files = [
    {file = "a.whl", hash = "sha256:aa"},
]

[[package]]
name = "beta"
version = "1.0"
files = []

[package.source]
type = "git"
url = "https://example.invalid/beta.git"
"""
PIPFILE = json.dumps(
    {
        "_meta": {"hash": {"sha256": "aa"}},
        "default": {
            "alpha-net": {"version": "==1.4.0", "hashes": ["sha256:aa"]},
            "beta": {"git": "https://example.invalid/beta.git", "ref": "abc"},
        },
        "develop": {"alpha-net": {"version": "==1.5.0"}},
    },
    indent=1,
)


def test_uv_lock() -> None:
    read = read_toml_lock(UV, "uv.lock")
    (one,) = read.dependencies
    assert (one.name, one.version, one.line, one.hashed) == ("alpha-net", "1.4.0", 10, True)
    assert [(left.line, left.text) for left in read.unread] == [(16, "forked")]
    assert read.format == "uv.lock"


def test_poetry_lock() -> None:
    read = read_toml_lock(POETRY, "poetry.lock")
    assert [(one.name, one.line) for one in read.dependencies] == [("alpha-net", 2)]
    assert [left.why for left in read.unread] == [
        "is installed from https://example.invalid/beta.git"
    ]


def test_pylock() -> None:
    text = 'lock-version = "1.0"\n[[packages]]\nname = "alpha-net"\nversion = "1.4.0"\n'
    (one,) = read_toml_lock(text, "pylock.toml").dependencies
    assert (one.version, one.line, one.hashed) == ("1.4.0", 3, False)


def test_pipfile_lock_tells_the_same_package_of_two_sections_apart() -> None:
    read = read_pipfile_lock(PIPFILE)
    lines = PIPFILE.splitlines()
    assert [(one.version, one.hashed) for one in read.dependencies] == [
        ("1.4.0", True),
        ("1.5.0", False),
    ]
    assert all('"alpha-net"' in lines[one.line - 1] for one in read.dependencies)
    assert read.dependencies[0].line < read.dependencies[1].line
    assert [left.text for left in read.unread] == ["beta"]


@pytest.mark.parametrize(
    "text",
    ["[[package", "[package]\nname = 1\n", "x = 1\n", 'package = [{name = "a"}]\n'],
)
def test_toml_that_is_no_lock_is_refused(text: str) -> None:
    with pytest.raises(MalformedArtifactError):
        read_toml_lock(text, "uv.lock")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"default": []}'])
def test_json_that_is_no_lock_is_refused(text: str) -> None:
    with pytest.raises(MalformedArtifactError):
        read_pipfile_lock(text)


def test_package_without_a_name_is_refused_with_its_line() -> None:
    with pytest.raises(MalformedArtifactError, match="line 2: a package without a name"):
        read_toml_lock('x = 1\n[[package]]\nversion = "1"\n', "uv.lock")
