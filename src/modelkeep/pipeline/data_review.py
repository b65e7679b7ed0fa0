"""``modelkeep data review`` and ``modelkeep data clean --apply``.

The queue is the newest ``data-poison`` statement about the data, decisions are
``data-review`` statements about it; both are read back only from signers trusted for
them. What is written is a new data set, with a statement from which data it was made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from modelkeep.core import EvidenceError, InputError, Measurement, Subject
from modelkeep.core.settings import Value
from modelkeep.core.version import VERSION
from modelkeep.data.review import (
    Card,
    Choice,
    Removal,
    ReviewDecision,
    Ruling,
    measure_reviewers,
    plan_removal,
    rule_on,
    show_row,
    truth_digest,
)
from modelkeep.data.review.decisions import TWO
from modelkeep.evidence import make_statement
from modelkeep.models import need
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.data_poison import DataInputs, controls_place, read_data
from modelkeep.pipeline.data_trust import trusted_predicates
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace, user_name
from modelkeep.sources import digest_artifact, open_artifact

LIMIT: Final = 0.01  # share of the rows above which two reviewers must agree


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card with its rows written out and how it stands."""

    card: Card
    ruling: Ruling
    risky: tuple[str, ...]
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """What there is to review, most expected harm first, and how reviewers did on controls."""

    subject: Subject
    cards: tuple[ShownCard, ...]
    reviewers: tuple[Measurement, ...]
    statement_id: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What applying did."""

    output: Path
    subject: Subject
    removed: int
    relabelled: int
    removal: Removal
    statement_id: str


def review_queue(
    data: str | Path,
    *,
    inputs: DataInputs | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Queue:
    """The groups of the newest poisoning report on a data set.

    Raises:
        InputError: nobody has looked for poison in this data.
    """
    with open_workspace(flags, listener or Listener()) as workspace:
        read = read_data(Path(data), inputs or DataInputs())
        require_access(workspace, "read_data", read.data.subject)
        found = _newest(workspace, read.data.subject)
        decisions = _decisions(workspace, read.data.subject, found.id)
        shown = tuple(
            ShownCard(
                card,
                rule_on(decisions, card.id, needed=TWO),
                tuple(show_row(read.data, row, card.label) for row in card.risky),
                tuple(show_row(read.data, row) for row in card.near),
            )
            for card in found.cards
        )
        measured = measure_reviewers(decisions, _truth(workspace, found))
        return Queue(read.data.subject, shown, measured, found.id)


def record_decisions(
    data: str | Path,
    decisions: Iterable[ReviewDecision],
    *,
    listener: Listener | None = None,
    **flags: Value | None,
) -> tuple[str, ...]:
    """Sign decisions and append them to the log; returns the statements' ids.

    Raises:
        InputError: no poisoning report, an unknown group, or no reviewer or reason.
    """
    with open_workspace(flags, listener or Listener()) as workspace:
        subject = _subject(data)
        require_access(workspace, "read_metadata", subject)
        found = _newest(workspace, subject)
        known = {card.id for card in found.cards}
        made = []
        for said in decisions:
            if said.group not in known:
                raise InputError(f"no group {said.group!r} in the queue of {data}")
            if not said.reviewer.strip() or not said.reason.strip():
                raise InputError(
                    f"group {said.group}: a decision needs a reviewer and a reason"
                )
            fields = {
                "facts": {},
                **msgspec.to_builtins(said),
                "account": user_name(),
                "queue": found.id,
            }
            clock = workspace.keep.clock
            made.append(make_statement("data-review", (subject,), fields, clock=clock))
        return tuple(receipt.statement_id for receipt in workspace.keep.record(made))


def apply_cleaning(
    data: str | Path,
    output: str | Path,
    *,
    inputs: DataInputs | None = None,
    limit: float = LIMIT,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Cleaned:
    """Write the data without the groups that may be removed, and record what it is made of.

    Args:
        data: what was examined, unchanged.
        output: where the cleaned data goes, in the same format; it must not exist.
        inputs: how to read it.
        limit: share of the rows above which two reviewers must agree on each group.
        listener: who hears how far it got.
        flags: settings.

    Raises:
        InputError: reviewers' approvals are missing, nothing is to be removed, or the
            format cannot be written.
    """
    source, target = Path(data), Path(output)
    if target.exists():
        raise InputError(f"{target}: exists already")
    if source.suffix.lower() != target.suffix.lower():
        raise InputError(f"{target}: is to be a {source.suffix} file, as {source}")
    with open_workspace(flags, listener or Listener()) as workspace:
        subject = read_data(source, inputs or DataInputs()).data.subject
        require_access(workspace, "read_data", subject)
        found = _newest(workspace, subject)
        truth = _truth(workspace, found)
        real = {card.id: card for card in found.cards if card.id not in truth}
        removal = plan_removal(
            {name: frozenset(card.rows) for name, card in real.items()},
            [name for name, card in real.items() if card.advice == "remove"],
            _decisions(workspace, subject, found.id),
            rows=found.rows,
            limit=limit,
        )
        if removal.missing:
            raise InputError(
                f"{data}: {removal.share:.2%} of the rows would change, "
                + "; ".join(f"group {name}: {why}" for name, why in removal.missing.items()),
                "Review the groups: modelkeep data review DATA.",
            )
        if not removal.apply:
            raise InputError(f"{data}: nothing is to be removed")
        dropped, labels = _changes(real, removal.apply)
        _write(source, target, dropped, labels, (inputs or DataInputs()).label)
        made = _subject(target)
        fields = {
            "facts": {
                "data_rows_removed": len(dropped),
                "data_rows_relabelled": len(labels),
            },
            "tool": f"modelkeep {VERSION}",
            "step": "clean",
            "materials": [_material(subject)],
            "parameters": {
                "groups": dict(removal.apply),
                "reviewers_needed": removal.needed,
                "limit": str(limit),
            },
            "rests_on": [found.id],
        }
        clock = workspace.keep.clock
        statement = make_statement("data-derivation", (made,), fields, clock=clock)
        (receipt,) = workspace.keep.record([statement])
        identity = receipt.statement_id
        return Cleaned(target, made, len(dropped), len(labels), removal, identity)


def _material(subject: Subject) -> dict[str, Any]:
    digest = {"sha256": subject.digest.sha256, "blake3": subject.digest.blake3}
    return {"name": subject.name, "kind": subject.kind, "digest": digest}


def _subject(data: str | Path) -> Subject:
    artifact = open_artifact(data)
    return Subject("dataset", artifact.name, digest_artifact(artifact).digest)


@dataclass(frozen=True, slots=True)
class _Report:
    id: str
    rows: int
    cards: tuple[Card, ...]
    controls: str


def _newest(workspace: Workspace, subject: Subject) -> _Report:
    reports = trusted_predicates(workspace, subject.digest.sha256, "data-poison")
    if not reports:
        raise InputError(
            f"{subject.name}: nobody has looked for poison in these bytes",
            "Run: modelkeep data clean DATA",
        )
    name, predicate = reports[-1]
    cards = tuple(msgspec.convert(predicate["groups"], list[Card]))
    return _Report(name, predicate["rows"], cards, predicate["controls_sha256"])


def _decisions(workspace: Workspace, subject: Subject, queue: str) -> list[ReviewDecision]:
    return [
        ReviewDecision(said["group"], said["choice"], said["reviewer"], said["reason"])
        for _, said in trusted_predicates(workspace, subject.digest.sha256, "data-review")
        if said["queue"] == queue
    ]


def _truth(workspace: Workspace, found: _Report) -> dict[str, bool]:
    """What should be said of the controls, as it was bound when the queue was signed."""
    place = controls_place(workspace, found.id)
    try:
        said = json.loads(place.read_text(encoding="utf-8"))
        truth, salt = dict(said["truth"]), str(said["salt"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvidenceError(f"{place}: the truth about the controls is gone") from error
    if truth_digest(truth, salt) != found.controls:
        raise EvidenceError(f"{place}: not the truth that was bound with the queue")
    return truth


def _changes(
    cards: dict[str, Card], apply: dict[str, Choice]
) -> tuple[np.ndarray, dict[int, str]]:
    """Rows to drop, and new labels by row; what is dropped is not relabelled."""
    dropped: set[int] = set()
    labels: dict[int, str] = {}
    for name, choice in apply.items():
        if choice == "relabel":
            labels |= dict(zip(cards[name].rows, cards[name].suggested, strict=True))
        else:
            dropped |= set(cards[name].rows)
    labels = {row: label for row, label in labels.items() if row not in dropped}
    return np.array(sorted(dropped), dtype=int), labels


def _write(
    source: Path, target: Path, dropped: np.ndarray, labels: dict[int, str], label: str
) -> None:
    suffix = source.suffix.lower()
    if suffix == ".npz":
        _write_arrays(source, target, dropped, labels)
    elif suffix in {".csv", ".parquet"}:
        _write_table(source, target, dropped, labels, label)
    else:
        raise InputError(f"{source}: cleaned data is written as .npz, .csv or .parquet only")


def _write_arrays(
    source: Path, target: Path, dropped: np.ndarray, labels: dict[int, str]
) -> None:
    with np.load(source, allow_pickle=False) as archive:  # noqa: TID251 - pickles refused
        arrays = {name: archive[name] for name in archive.files}
    for row, name in labels.items():
        arrays["y"][row] = arrays["y"].dtype.type(name)
    rows = len(arrays["y"])
    kept = np.setdiff1d(np.arange(rows), dropped)
    np.savez(target, **{n: a[kept] if len(a) == rows else a for n, a in arrays.items()})


def _write_table(
    source: Path, target: Path, dropped: np.ndarray, labels: dict[int, str], label: str
) -> None:
    arrow, csv = need("pyarrow", "writing a table"), need("pyarrow.csv", "writing a table")
    parquet = need("pyarrow.parquet", "writing a table")
    csv_in = source.suffix.lower() == ".csv"
    if csv_in:  # cells are carried over as the texts they are
        names = csv.open_csv(source).schema.names
        convert = csv.ConvertOptions(
            column_types=dict.fromkeys(names, arrow.string()),
            strings_can_be_null=False,
            null_values=[],
        )
        table = csv.read_csv(source, convert_options=convert)
    else:
        table = parquet.read_table(source)
    if labels:
        column = label or table.column_names[-1]
        kind = table.schema.field(column).type
        values = [str(value) for value in table.column(column).to_pylist()]
        for row, name in labels.items():
            values[row] = name
        place = table.column_names.index(column)
        cast = arrow.array(values).cast(kind)
        table = table.set_column(place, table.schema.field(column), cast)
    kept = np.setdiff1d(np.arange(table.num_rows), dropped)
    table = table.take(arrow.array(kept))
    (csv.write_csv if csv_in else parquet.write_table)(table, target)
