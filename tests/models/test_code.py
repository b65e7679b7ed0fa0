"""The user's own code: found where they said, hashed, and its failures named."""

from __future__ import annotations

import contextlib
import importlib
import sys
from pathlib import Path

import pytest

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models import call, code_subject, resolve


def test_a_function_is_found_in_the_folder_and_the_path_is_left_as_it_was(
    tmp_path: Path,
) -> None:
    folder, name = samples.code_folder(tmp_path, "def answer():\n    return 42\n")
    before = list(sys.path)
    assert resolve(f"{name}:answer", folder)() == 42
    assert sys.path == before


def test_a_function_in_a_package_is_found(tmp_path: Path) -> None:
    _, inner = samples.code_folder(tmp_path / "users_package", "def answer():\n    return 42\n")
    (tmp_path / "users_package" / "__init__.py").write_text("")
    assert resolve(f"users_package.{inner}:answer", tmp_path)() == 42


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("{name}", "not of the form"),
        ("{name}:", "not of the form"),
        ("{name}:a b", "not of the form"),
        ("{name}:missing", "has no function 'missing'"),
        ("{name}:NUMBER", "has no function 'NUMBER'"),
        ("nowhere:answer", "no module 'nowhere'"),
        ("os:getcwd", "no module 'os'"),
        ("..{name}:answer", "importing|no module"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(
    tmp_path: Path, reference: str, message: str
) -> None:
    folder, name = samples.code_folder(tmp_path, "NUMBER = 3\n")
    with pytest.raises(InputError, match=message):
        resolve(reference.format(name=name), folder)


@pytest.mark.parametrize("text", ["1 / 0", "def (", "import not_there_at_all"])
def test_code_that_cannot_be_imported_is_named(tmp_path: Path, text: str) -> None:
    folder, name = samples.code_folder(tmp_path, text)
    with pytest.raises(InputError, match=f"importing {name} from .* failed"):
        resolve(f"{name}:answer", folder)


def test_the_same_module_name_in_another_folder_is_that_folders_code(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "users_twin.py").write_text(f"def answer():\n    return {number}\n")
        assert resolve("users_twin:answer", folder)() == number


def test_a_module_of_the_users_is_never_taken_from_python_itself(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("def dumps(value):\n    return 'mine'\n")
    with contextlib.suppress(InputError):  # to refuse the name is honest too
        assert resolve("json:dumps", tmp_path)(1) == "mine"


def test_a_function_may_import_its_neighbours_when_it_is_called(tmp_path: Path) -> None:
    _, neighbour = samples.code_folder(tmp_path, "VALUE = 7\n")
    text = f"def answer():\n    import {neighbour}\n    return {neighbour}.VALUE\n"
    folder, name = samples.code_folder(tmp_path, text)
    assert call("answer", resolve(f"{name}:answer", folder)) == 7


@pytest.mark.parametrize("place", [".venv/lib", "venv/lib"])
def test_libraries_installed_below_the_folder_are_not_imported_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """As where the working directory holds both the code and the environment it runs in."""
    installed, library = samples.code_folder(tmp_path / place, "")
    monkeypatch.syspath_prepend(installed)
    once = importlib.import_module(library)
    text = f"import {library}\n\n\ndef answer():\n    return {library}\n"
    folder, name = samples.code_folder(tmp_path, text)
    assert resolve(f"{name}:answer", folder)() is once
    assert sys.modules[library] is once


def test_what_the_users_code_raises_is_named_and_kept_short() -> None:
    def fails(_argument: int) -> None:
        raise ValueError("x" * 9999)

    with pytest.raises(InputError, match=r"nets:build failed: ValueError") as caught:
        call("nets:build", fails, 1)
    assert len(caught.value.message) <= 500
    assert call("nets:build", lambda a, b: a - b, 5, 3) == 2


def test_the_digest_of_code_changes_with_every_python_file(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.py").write_text("A = 1\n")
    (tmp_path / "deep" / "b.py").write_text("B = 1\n")
    seen = [code_subject(tmp_path)]
    for name, text in (("a.py", "A = 2\n"), ("deep/b.py", "B = 2\n"), ("c.py", "")):
        (tmp_path / name).write_text(text)
        seen.append(code_subject(tmp_path))
    swapped = (tmp_path / "a.py").read_text()
    (tmp_path / "a.py").write_text((tmp_path / "deep" / "b.py").read_text())
    (tmp_path / "deep" / "b.py").write_text(swapped)
    seen.append(code_subject(tmp_path))
    assert len({subject.digest for subject in seen}) == len(seen)
    assert {(subject.kind, subject.name) for subject in seen} == {("code", tmp_path.name)}


def test_the_digest_of_code_leaves_out_what_is_not_the_users(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("A = 1\n")
    before = code_subject(tmp_path)
    (tmp_path / "notes.txt").write_text("text")
    (tmp_path / ".venv" / "lib").mkdir(parents=True)
    (tmp_path / ".venv" / "lib" / "b.py").write_text("B = 1\n")
    assert code_subject(tmp_path) == before


def test_a_folder_without_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Python file"):
        code_subject(tmp_path)
    with pytest.raises(InputError, match="not a directory"):
        code_subject(tmp_path / "missing")
