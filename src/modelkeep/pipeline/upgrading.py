"""``modelkeep init --upgrade``: a keep made by an earlier version is brought up to this one."""

from __future__ import annotations

from modelkeep.core import UsageError
from modelkeep.core.settings import Value
from modelkeep.evidence import upgrade_keep
from modelkeep.pipeline.workspace import open_workspace, user_name
from modelkeep.policy import read_assignments


def upgrade(**flags: Value | None) -> tuple[str, ...]:
    """Let the keep's own key assert what is newer than the keep; returns what is new.

    The policy files in the keep are its owner's and stay as they are.

    Raises:
        InputError: there is no keep.
        UsageError: roles were given, and who runs this administers nothing.
    """
    with open_workspace(flags) as workspace:
        assigned = read_assignments(workspace.keep)
        who = user_name()
        if assigned.begun and not assigned.administers(who):
            raise UsageError(
                f"{who} does not administer this keep", "See `modelkeep access list`."
            )
        return upgrade_keep(workspace.keep)
