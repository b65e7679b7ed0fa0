"""``modelkeep keys``: the API keys of a keep's gateways, with no gateway running.

Who holds the keep's folder could write its file of keys, so this asks for no key of its own;
where roles were given, who runs it must administer. A running gateway reads the file again
when it changed: a key withdrawn here ends there.
"""

from __future__ import annotations

from modelkeep.core import Digest, InputError, Subject
from modelkeep.core.settings import Value
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.trust import Key, Keyring, open_keyring


def issue_key(
    tenant: str,
    models: tuple[str, ...],
    *,
    actions: tuple[str, ...] = ("infer",),
    days: float = 30.0,
    **flags: Value | None,
) -> tuple[Key, str]:
    """Make a key; returns it and its secret, which is kept nowhere.

    Args:
        tenant: whom it belongs to.
        models: names of models it may use; ``*`` stands for all.
        actions: infer, observe or administer.
        days: how long it lives.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: no tenant, no model, an unknown action or lifetime, or the file cannot be
            written.
        EvidenceError: the disk is full, or who runs this may not administer.
    """
    if not tenant.strip() or not models:
        raise InputError("a key needs a tenant and a model", "Give --tenant and --model.")
    with open_workspace(flags) as workspace:
        return _keyring(workspace).issue(tenant, models, actions, days)


def list_keys(**flags: Value | None) -> tuple[Key, ...]:
    """The keys there are, expired ones included, in the order they were made.

    Raises:
        InputError: the file of keys cannot be read.
    """
    with open_workspace(flags) as workspace:
        return _keyring(workspace).keys()


def withdraw_key(identity: str, **flags: Value | None) -> None:
    """End a key.

    Raises:
        InputError: there is no such key.
    """
    with open_workspace(flags) as workspace:
        if not _keyring(workspace).withdraw(identity):
            raise InputError(f"there is no key {identity!r}", "See `modelkeep keys list`.")


def _keyring(workspace: Workspace) -> Keyring:
    keep = workspace.keep
    about = Subject("key", "gateway", Digest(keep.key.public.keyid, ""))
    require_access(workspace, "administer", about)
    return open_keyring(keep.root, keep.clock)
