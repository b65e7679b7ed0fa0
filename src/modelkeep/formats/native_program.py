"""What readers of executable files make of them: a kind in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NativeProgram:
    """A program or library of machine code, such as ``ELF shared library``."""

    kind: str
