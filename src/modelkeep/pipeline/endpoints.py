"""``modelkeep assess http://...``: attack a model that only answers.

read the rows -> ask a few of them -> attack, all within one budget of queries -> report.

No measurement is recorded. A statement is about a digest, and a gate believes it of those
bytes; nobody can hash what stands behind an address, and it may change between two questions.
To let an operator name the file would let numbers of one model prove another, so the report is
printed, says so, and no gate ever sees it. For the same reason a killed run starts again.

Who may ask the endpoint is decided there, by its token; roles decide who may read the rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from modelkeep.assess import (
    Adversarial,
    Assessment,
    Attack,
    Context,
    SecondLook,
    assess_model,
    attacks,
    built_in,
    look_again,
    space_of,
    write_adversarial,
)
from modelkeep.core import Digest, InputError, NotChecked, Subject, UsageError, Verdict
from modelkeep.core.settings import Value
from modelkeep.evidence import timestamp
from modelkeep.models import Dataset, RemoteModel, Terms
from modelkeep.pipeline.assessing import make_context, read_rows
from modelkeep.pipeline.assessments import choose_attacks, refuse_texts, with_time_left
from modelkeep.pipeline.inputs import gather_inputs
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.report import Report

QUERIES: Final = 10_000
SECONDS: Final = 30.0
# In this order, so that the last one gets what those before it did not need.
_ASKED: Final = ("PER001", "EXT001", "EVA003", "EVA004", "EVA006", "EVA002")
_SETTLING: Final = 64  # rows that tell what kind of scores come back
_UNRECORDED: Final = (
    "no measurement was recorded: evidence is about bytes, and an endpoint has no digest; "
    "assess the file it serves to have something that a gate can believe"
)
_LONGEST_TOKEN: Final = 16_384  # bytes


def is_endpoint(model: str) -> bool:
    """Whether a model is named by the address it answers at."""
    return model.lower().startswith(("http://", "https://"))


def assess_endpoint(  # noqa: PLR0913 - keyword-only, each documented below
    address: str,
    *,
    data: str | Path | None = None,
    test: str | Path | None = None,
    text: str = "",
    only: Iterable[str] = (),
    adversarial: str | Path | None = None,
    max_queries: int | None = None,
    timeout: float | None = None,
    bearer_file: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Report:
    """Attack a model behind an address; what was measured is reported, not recorded.

    Args:
        address: see ``models.remote_schemes``.
        data: rows it was trained on, which give the units of a table.
        test: rows it has not seen.
        text: column of a table that holds texts; the rows are texts then.
        only: kinds of attack; by default those that need answers alone and few of them.
        adversarial: file that receives the adversarial points, as ``.npz``.
        max_queries: most rows sent, by all attacks together; 10,000.
        timeout: seconds until the whole answer to one request is there; 30.
        bearer_file: file that holds the endpoint's token and nothing else.
        listener: who hears how far it got.
        flags: settings by key.

    Returns:
        The report; INCONCLUSIVE where an attack had to stop, for want of queries or because
        the endpoint was lost.

    Raises:
        InputError: no rows, no token, no address, or an endpoint that never answers.
        UsageError: a number that makes no sense, or no attack is called that.
    """
    heard = listener or Listener()
    only = tuple(only)
    chosen = _in_order(choose_attacks(only or _ASKED))
    refuse_texts(text, adversarial)
    inputs = replace(gather_inputs(data, test, None), text=text)
    if inputs.test is None:
        raise InputError("no test rows were given", "Add --test TEST.")
    with (
        closing(_connect(address, max_queries, timeout, bearer_file)) as model,
        open_workspace(flags, heard, make=True) as workspace,
    ):
        train, rows = read_rows(inputs, workspace)
        if rows is None:
            raise TypeError("there are test rows")
        space = space_of(train, rows) if adversarial is not None else None
        found: list[Adversarial] = []
        context = _context(model, train, rows, workspace, found)
        spent = {"finding out how it answers": _settle(model, rows)}
        assessment = assess_model(
            context,
            _sharing(model, chosen, spent),
            on_attack=lambda attack: heard.progress(attack.name, 0.0),
        )
        if adversarial is not None and space is not None:
            count = write_adversarial(Path(adversarial), found, space, rows, context.threat)
            heard.tell(f"wrote {count} adversarial rows to {adversarial}")
        heard.progress("done", 1.0)
        unasked = () if only else _unasked(chosen)
        return _reported(model, context, assessment, unasked, workspace, spent)


def verify_at_endpoint(
    path: str | Path,
    *,
    address: str,
    max_queries: int | None = None,
    timeout: float | None = None,
    bearer_file: str | Path | None = None,
) -> SecondLook:
    """Ask an endpoint again about adversarial points, and measure their distance again.

    Raises:
        InputError: the file or the endpoint cannot be used.
    """
    with closing(_connect(address, max_queries, timeout, bearer_file)) as model:
        return look_again(Path(path), model)


def read_token(path: str | Path) -> str:
    """The token in a file; what it holds is never repeated.

    Raises:
        InputError: it cannot be read, or holds something else than one word of ASCII.
    """
    try:
        with Path(path).open("rb") as file:
            token = file.read(_LONGEST_TOKEN + 1).strip()
    except OSError as error:
        raise InputError(
            f"{path}: the token cannot be read ({error.strerror})",
            "Name a file: --bearer-file.",
        ) from error
    if not token or len(token) > _LONGEST_TOKEN or not all(33 <= c < 127 for c in token):  # noqa: PLR2004 - visible ASCII
        raise InputError(
            f"{path}: holds no token", "Put the token on one line, without 'Bearer'."
        )
    return token.decode("ascii")


def _connect(
    address: str,
    max_queries: int | None,
    timeout: float | None,
    bearer_file: str | Path | None,
) -> RemoteModel:
    queries = QUERIES if max_queries is None else max_queries
    seconds = SECONDS if timeout is None else timeout
    if queries < 1:
        raise UsageError(f"--max-queries {queries}: at least one query is needed")
    if not (math.isfinite(seconds) and seconds > 0):
        raise UsageError(f"--timeout {seconds}: a time in seconds is needed")
    token = read_token(bearer_file) if bearer_file is not None else ""
    return RemoteModel(address, Terms(queries=queries, timeout=seconds, token=token))


def _in_order(chosen: tuple[Attack, ...]) -> tuple[Attack, ...]:
    places = {identifier: place for place, identifier in enumerate(_ASKED)}
    return tuple(sorted(chosen, key=lambda attack: places.get(attack.id, len(places))))


def _unasked(chosen: tuple[Attack, ...]) -> tuple[NotChecked, ...]:
    names = ", ".join(attack.name for attack in attacks() if attack not in chosen)
    return (NotChecked(names, "not tried on an endpoint unless named with --only"),)


def _context(
    model: RemoteModel,
    train: Dataset | None,
    test: Dataset,
    workspace: Workspace,
    found: list[Adversarial],
) -> Context:
    recipe = built_in(lambda: model.classes)
    made = make_context(model, train, test, recipe, workspace.settings, workspace.listener)
    return replace(made, collect=found.append, progress=with_time_left(made.progress))


def _settle(model: RemoteModel, rows: Dataset) -> int:
    """Ask about a few rows, so that classes and kind of scores are known; rows sent."""
    few = rows.rows[: max(1, min(_SETTLING, model.left // 20))]
    model.predict(rows.decode(few))
    return model.sent


def _sharing(
    model: RemoteModel, chosen: tuple[Attack, ...], spent: dict[str, int]
) -> Iterator[Attack]:
    """The attacks, each with an equal share of what those before it left."""
    for place, attack in enumerate(chosen):
        before = model.sent
        model.allot(1 / (len(chosen) - place))
        yield attack
        if model.sent > before:
            spent[attack.name] = model.sent - before


def _reported(
    model: RemoteModel,
    context: Context,
    assessment: Assessment,
    unasked: tuple[NotChecked, ...],
    workspace: Workspace,
    spent: dict[str, int],
) -> Report:
    each = ", ".join(f"{name} {count}" for name, count in spent.items())
    asked = (
        f"{model.kind} endpoint {model.address}: {model.sent} of {model.budget} queries spent "
        f"(rows sent, repeats included): {each}"
    )
    data = (context.train, context.test)
    return Report(
        verdict=Verdict.INCONCLUSIVE if assessment.stopped else Verdict.PASS,
        subject=Subject("model", model.address, Digest("", "")),
        profile=workspace.keep.profile,
        created=timestamp(workspace.keep.clock()),
        measurements=assessment.all_measurements(),
        risks=assessment.risks,
        not_checked=(*assessment.not_checked, *unasked),
        materials=tuple(each.subject for each in data if each is not None),
        notes=(asked, _UNRECORDED),
    )
