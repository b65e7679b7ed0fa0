"""What a gate is asked."""

from __future__ import annotations

from typing import Final

ACTIONS: Final = ("train", "store", "deploy", "load", "serve")
DATA_ACTIONS: Final = ("train_on",)  # asked about a data set, not a model
