"""A rule nobody here can apply."""

from __future__ import annotations

import pytest

from check_columns import view
from modelkeep.data.checks import CannotRunError, UnreadCheck


def test_it_cannot_run() -> None:
    with pytest.raises(CannotRunError):
        UnreadCheck("odd").look(view(a=[1]))
