"""``modelkeep init --upgrade``: says what it grants, and asks for an administrator."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import InputError, UsageError
from modelkeep.evidence import open_keep

KEEP = Path(".modelkeep")


def narrow(*names: str) -> None:
    with open_keep(KEEP) as keep:
        (own,) = keep.trust.signers
        left = tuple(name for name in own.predicates if name not in names)
        signer = msgspec.structs.replace(own, predicates=left)
        keep.save_trust(msgspec.structs.replace(keep.trust, signers=(signer,)))


@pytest.mark.usefixtures("desk")
def test_command_says_what_it_grants_and_then_that_nothing_is_left() -> None:
    pipeline.init_keep(KEEP, "dev").close()
    narrow("hold", "stage")
    got = samples.said("init", "--upgrade")
    assert got.code == 0
    assert got.out == (
        "its own key may now assert stage\nits own key may now assert hold\nupgraded\n"
    )
    assert samples.said("init", "--upgrade").out == "nothing to upgrade\n"
    assert samples.said("init", "--upgrade", "--dry-run").code == 64


def test_registering_in_an_old_keep_names_the_remedy(desk: samples.Sample) -> None:
    pipeline.init_keep(KEEP, "dev").close()
    narrow("stage")
    got = samples.said("registry", "add", desk.model, "--name", "credit")
    assert got.code == 2
    assert "may not assert stage" in got.err
    assert "modelkeep init --upgrade" in got.err


@pytest.mark.usefixtures("desk")
def test_upgrade_needs_a_keep_and_an_administrator() -> None:
    with pytest.raises(InputError, match="no keep here"):
        pipeline.upgrade()
    pipeline.init_keep(KEEP, "dev").close()
    pipeline.give_role(pipeline.workspace.user_name(), "administrator", reason="test")
    assert pipeline.upgrade() == ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("modelkeep.pipeline.upgrading.user_name", lambda: "bo")
        with pytest.raises(UsageError, match="bo does not administer"):
            pipeline.upgrade()
