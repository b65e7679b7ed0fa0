"""``modelkeep data clean`` without ``--apply``: find poison, say what was seen, propose."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from modelkeep.core import InputError, Measurement, NotChecked, Subject
from modelkeep.core.settings import Value
from modelkeep.core.version import VERSION
from modelkeep.data.certified import MOST_ROWS, certify, train_ensemble
from modelkeep.data.poison import (
    RATE,
    Context,
    Examination,
    Repair,
    detectors,
    examine,
    prepare,
    propose,
)
from modelkeep.data.poison.learners import built_in, recipe_name
from modelkeep.data.poison.probes import measure_power
from modelkeep.data.review import Card, make_cards, make_controls, truth_digest
from modelkeep.evidence import make_statement
from modelkeep.models import Dataset, load_dataset, load_texts
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace

PPM: Final = 1_000_000
LARGEST: Final = 20_000  # rows examined; of more, a sample drawn by the seed
FEWEST: Final = 20  # rows
_TEN: Final = 10.0  # rows a certificate is stated for


@dataclass(frozen=True, slots=True, kw_only=True)
class DataInputs:
    """How to read a data set, and what is known of it.

    Attributes:
        label: label column of a table; the last one when empty.
        text: column of texts, if the rows are texts.
        source_column: column that says where a row comes from; not a feature.
        trusted_column: column whose cells say 1, true or yes of rows known to be clean; not
            a feature.
    """

    label: str = ""
    text: str = ""
    source_column: str = ""
    trusted_column: str = ""


@dataclass(frozen=True, slots=True)
class PoisonReport:
    """What was found, what would have been seen, and what to do.

    Attributes:
        subject: the data set, by digest.
        rows: how many rows it has.
        families: per family: rows flagged, the rate of false alarms it was set for, the
            detectors, and the rows.
        cards: groups for reviewers, controls among them, most expected harm first.
        proposed: how many of the rows the advice would remove.
        measurements: power on this data, accuracy before and after, certified accuracy.
        not_checked: what did not run.
        statement_id: of the record.
    """

    subject: Subject
    rows: int
    families: tuple[dict[str, Any], ...]
    cards: tuple[Card, ...]
    proposed: int
    measurements: tuple[Measurement, ...]
    not_checked: tuple[NotChecked, ...]
    statement_id: str


def find_poison(
    data: str | Path,
    *,
    inputs: DataInputs | None = None,
    rate: float = RATE,
    listener: Listener | None = None,
    **flags: Value | None,
) -> PoisonReport:
    """Examine a data set for poison and record what was found; nothing is changed.

    Args:
        data: a table, a table of texts, arrays or a folder of images.
        inputs: how to read it.
        rate: false alarms that each family's list may have, a share of the clean rows.
        listener: who hears how far it got.
        flags: settings, such as ``seed=1``.

    Raises:
        InputError: the data cannot be used, or all of it is of one class.
    """
    heard = listener or Listener()
    with open_workspace(flags, heard, make=True) as workspace:
        whole = read_data(Path(data), inputs or DataInputs())
        require_access(workspace, "read_data", whole.data.subject)
        seed = workspace.settings.integer("seed")
        sample, notes = _sampled(whole.data, seed)
        context = prepare(
            whole.data.take(sample),
            seed=seed,
            trusted=whole.trusted[sample],
            sources=whole.sources[sample] if len(whole.sources) else None,
        )

        def progress(share: float, what: str) -> None:
            heard.progress(what, share)

        chosen = detectors()
        found = examine(context, chosen, rate=rate, progress=progress)
        fit = built_in(context.data)
        repair = propose(context, found, fit)
        numbers = list(measure_power(context, chosen, rate=rate, progress=progress))
        numbers += [m for m in (repair.accuracy_before, repair.accuracy_after) if m is not None]
        notes += _certify(context, numbers)
        cards, truth, salt = _queue(context, repair, sample)
        report = PoisonReport(
            whole.data.subject,
            len(whole.data),
            _families(found, sample),
            cards,
            len(repair.removed),
            tuple(numbers),
            (*found.not_checked, *notes),
            "",
        )
        return _record(workspace, report, truth, salt, recipe_name(context.data))


@dataclass(frozen=True, slots=True)
class Read:
    """A data set with what its extra columns say."""

    data: Dataset
    sources: np.ndarray
    trusted: np.ndarray


def read_data(path: Path, inputs: DataInputs) -> Read:
    """Read a data set; columns of sources and trust are taken out of the features.

    Raises:
        InputError: it cannot be read, a column is not there, or all rows are of one class.
    """
    if inputs.text:
        if inputs.source_column or inputs.trusted_column:
            raise InputError("texts are read without columns of sources or trust")
        data = load_texts(path, text=inputs.text, label=inputs.label)
    else:
        data = load_dataset(path, label=inputs.label)
    data, sources = _column(data, inputs.source_column)
    data, trusted = _column(data, inputs.trusted_column)
    if len(data.label_names()) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise InputError(
            f"{path}: all rows are of one class", "Name the label column with --label."
        )
    if data.kind == "tabular" and not data.columns:
        raise InputError(f"{path}: has no column of features")
    _refuse_sameness(path, data)
    said = {"1", "1.0", "true", "yes"}
    known = np.array([str(cell).lower() in said for cell in trusted], dtype=bool)
    return Read(data, sources, known if len(known) else np.zeros(len(data), dtype=bool))


def _refuse_sameness(path: Path, data: Dataset) -> None:
    """Too few rows, or rows that are all alike, say nothing of poison."""
    if len(data) < FEWEST:
        raise InputError(
            f"{path}: {len(data)} rows are too few to find poison in",
            f"At least {FEWEST} are needed.",
        )
    if data.kind == "text":
        alike = not any(any(map(str.isalnum, text)) for text in data.rows)
    else:
        alike = bool((data.rows == data.rows[:1]).all())
    if alike:
        raise InputError(
            f"{path}: the features are the same in every row",
            "Name the columns to use, or the column of texts with --text.",
        )


def _column(data: Dataset, name: str) -> tuple[Dataset, np.ndarray]:
    """A column taken out of a table, as texts; nothing where no name is given."""
    if not name:
        return data, np.empty(0, dtype=str)
    names = [column.name for column in data.columns]
    if name not in names:
        raise InputError(f"no column {name!r}", f"Columns: {', '.join(names[:20])}")
    place = names.index(name)
    column = data.columns[place]
    codes = data.rows[:, place]
    cells = (
        [column.categories[int(code)] for code in codes]
        if column.categories
        else [f"{code:g}" for code in codes]
    )
    kept = [index for index in range(len(names)) if index != place]
    columns = tuple(data.columns[index] for index in kept)
    rest = Dataset(
        data.subject, data.rows[:, kept], data.labels, columns, data.kind, data.names
    )
    return rest, np.array(cells)


def _sampled(data: Dataset, seed: int) -> tuple[np.ndarray, list[NotChecked]]:
    if len(data) <= LARGEST:
        return np.arange(len(data)), []
    chosen = np.random.default_rng(seed).choice(len(data), LARGEST, replace=False)
    why = f"the data has {len(data)} rows, {LARGEST} drawn by the seed were examined"
    return np.sort(chosen), [NotChecked("the other rows", why)]


def _certify(context: Context, numbers: list[Measurement]) -> list[NotChecked]:
    """Certified accuracy by partition aggregation, on a quarter of the rows."""
    if context.data.kind != "tabular" or len(context) > MOST_ROWS:
        return [NotChecked("certified accuracy", f"made for tables up to {MOST_ROWS} rows")]
    order = np.random.default_rng(context.seed).permutation(len(context))
    cut = len(context) // 4
    if not cut:
        return [NotChecked("certified accuracy", "too few rows")]
    ensemble = train_ensemble(context.data.take(order[cut:]))
    numbers.append(certify(ensemble, context.data.take(order[:cut])).accuracy)
    return []


def _queue(
    context: Context, repair: Repair, sample: np.ndarray
) -> tuple[tuple[Card, ...], dict[str, bool], str]:
    """Cards of groups and of controls, rows counted in the whole data set."""
    cards = make_cards(context, repair)
    taken = np.zeros(len(context), dtype=bool)
    for card in cards:
        taken[card.rows] = True
    controls, truth = make_controls(context, taken, secrets.randbits(32)) if cards else ((), {})
    both = sorted((*cards, *controls), key=lambda card: (-card.harm, card.id))
    moved = tuple(
        msgspec.structs.replace(
            card,
            rows=sample[card.rows].tolist(),
            risky=sample[card.risky].tolist(),
            near=sample[card.near].tolist(),
        )
        for card in both
    )
    return moved, truth, secrets.token_hex(16)


def _families(found: Examination, sample: np.ndarray) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "family": one.family,
            "flagged": int(one.flagged.sum()),
            "false_alarms_set_for": one.expected,
            "detectors": list(one.detectors),
            "rows": sample[np.flatnonzero(one.flagged)].tolist(),
        }
        for one in found.lists
    )


def _record(
    workspace: Workspace, report: PoisonReport, truth: dict[str, bool], salt: str, recipe: str
) -> PoisonReport:
    power = [m.low for m in report.measurements if m.name.startswith("power_")]
    facts = {
        "poison_groups": sum(c.advice == "remove" for c in report.cards if c.id not in truth),
        "poison_share_ppm": round(PPM * report.proposed / report.rows),
        "poison_power_low_ppm": int(PPM * min(power)) if power else 0,
    }
    certified = next((m for m in report.measurements if m.name == "certified_accuracy"), None)
    if certified is not None and _TEN in dict(certified.curve):
        facts["certified_10_rows_ppm"] = int(PPM * dict(certified.curve)[_TEN])
    fields = {
        "facts": facts,
        "tool": f"modelkeep {VERSION}",
        "recipe": recipe,
        "rows": report.rows,
        "families": list(report.families),
        "groups": msgspec.to_builtins(report.cards),
        "controls_sha256": truth_digest(truth, salt),
        "measurements": msgspec.to_builtins(report.measurements),
        "not_checked": msgspec.to_builtins(report.not_checked),
    }
    clock = workspace.keep.clock
    made = make_statement("data-poison", (report.subject,), fields, clock=clock)
    (receipt,) = workspace.keep.record([made])
    place = controls_place(workspace, receipt.statement_id)
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps({"salt": salt, "truth": truth}), encoding="utf-8")
    return PoisonReport(
        report.subject,
        report.rows,
        report.families,
        report.cards,
        report.proposed,
        report.measurements,
        report.not_checked,
        receipt.statement_id,
    )


def controls_place(workspace: Workspace, statement_id: str) -> Path:
    """Where the truth about a queue's controls lies; reviewers are not shown it."""
    name = statement_id.rpartition(":")[2]
    return workspace.keep.root / "controls" / f"{name}.json"
