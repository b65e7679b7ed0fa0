"""``modelkeep data leaks``: what of the test data the training data holds, and the balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core import Verdict
from modelkeep.core.settings import Value
from modelkeep.data.leaks import Leak, hash_images, near_images, near_texts, same_rows
from modelkeep.models import load_dataset, load_texts
from modelkeep.pipeline.accessing import require_access_here
from modelkeep.pipeline.listening import Listener


@dataclass(frozen=True, slots=True)
class LeakReport:
    """What was found.

    Attributes:
        verdict: FAIL if a test row leaks.
        leaks: each test row once, the strictest kind first.
        balance: rows of each class, in training and in test data.
        train_rows: how many rows were trained on.
        test_rows: how many rows are tested on.
    """

    verdict: Verdict
    leaks: tuple[Leak, ...]
    balance: dict[str, tuple[int, int]]
    train_rows: int
    test_rows: int


def find_leaks(
    train: str | Path,
    test: str | Path,
    *,
    label: str = "",
    text: str = "",
    listener: Listener | None = None,
    **flags: Value | None,
) -> LeakReport:
    """Compare training with test data; no finding is recorded.

    Args:
        train: table, arrays, table of texts or folder of images.
        test: of the same kind.
        label: label column; the last one when empty.
        text: column of texts, if the rows are texts.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: one of them cannot be read, or they are of different kinds.
    """
    (listener or Listener()).tell("comparing training with test data")
    if text:
        one = load_texts(Path(train), text=text, label=label)
        other = load_texts(Path(test), text=text, label=label)
    else:
        one = load_dataset(Path(train), label=label)
        other = load_dataset(Path(test), label=label, like=one)
    require_access_here(flags, "read_data", one.subject, other.subject)
    leaks = list(same_rows((one.rows, one.labels), (other.rows, other.labels)))
    near: Iterable[Leak] = ()
    if text:
        near = near_texts(one.rows.tolist(), other.rows.tolist())
    elif one.kind == "image":
        near = near_images(hash_images(one.rows), hash_images(other.rows))
    seen = {leak.test for leak in leaks}
    leaks += [leak for leak in near if leak.test not in seen]
    counts = Counter(one.labels.tolist()), Counter(other.labels.tolist())
    balance = {
        str(name): (counts[0][name], counts[1][name])
        for name in sorted({*counts[0], *counts[1]})
    }
    verdict = Verdict.FAIL if leaks else Verdict.PASS
    return LeakReport(verdict, tuple(leaks), balance, len(one), len(other))
