"""What a gate is asked."""

from __future__ import annotations

from typing import Final

ACTIONS: Final = ("train", "store", "deploy", "load", "serve")
