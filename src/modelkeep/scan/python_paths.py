"""Objects of ``pathlib`` as far as their text is known: what their methods make of a path.

A path is often put together from calls, ``Path.home().joinpath(".ssh")``, before something is
written there; the place must be known to be judged.

Sources: CPython documentation of ``pathlib``.
"""

from __future__ import annotations

from typing import Final

from modelkeep.scan.python_values import FILE, Value, joined, shown

PATH_METHODS: Final = (
    *(f"pathlib.Path().{name}" for name in ("expanduser", "resolve", "absolute", "joinpath")),
    *(f"pathlib.Path().{name}" for name in ("with_name", "with_suffix", "as_posix")),
    *("pathlib.Path.home", "pathlib.Path.cwd"),
)
"""Methods that give a path again."""
_STARTS: Final = {"home": "~", "cwd": "."}


def path_method(method: str, receiver: Value, args: tuple[Value, ...]) -> Value | None:
    """The path that a method gives, ``None`` for any other method.

    Args:
        method: its name.
        receiver: the path it is called on.
        args: what it is given.
    """
    labels = joined(receiver, *args) - {FILE}
    text = receiver.text
    if method in _STARTS:
        text = _STARTS[method]
    elif method == "joinpath":
        text = "/".join([text, *map(shown, args)])
    elif method == "with_name" and args:
        text = f"{text.rpartition('/')[0]}/{shown(args[0])}"
    elif method == "with_suffix" and args:
        text = f"{text.rpartition('.')[0] or text}{shown(args[0])}"
    elif method not in {"expanduser", "resolve", "absolute", "as_posix"}:
        return None
    return Value("pathlib.Path()", text=text, labels=labels)
