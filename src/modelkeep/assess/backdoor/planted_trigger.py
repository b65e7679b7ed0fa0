"""Is there a backdoor? A test of the model alone, without its training data.

Whoever trained the model may have taught it a trigger: a sticker, a faint picture or
stripes that send any input to a class of their choice. The model answers clean rows as
it should, so no accuracy shows it. This test looks for short cuts instead: the smallest
patch, overlay and set of stripes that sends clean rows to each class, and the largest
margin each class reaches on any input. A class that is far easier to reach than its
siblings is suspected, and the trigger found for it is shown.

It needs a gradient, four classes to compare and some clean rows; labels are not used.

**Power.** A model that passes may still hold a backdoor. What ``benchmarks/backdoor.py``
measured on small networks for Fashion-MNIST, 20 honest ones and 5 of each kind of trigger:

- patches and faint pictures over the whole: suspected 10 of 10 (AUC 1.00 and 1.00);
- triggers that bend the picture: suspected 0 of 5 (AUC 0.74);
- stripes with clean labels: suspected 0 of 4 (AUC 0.66; the fifth was not planted);
- patches that work on one source class only: suspected 0 of 5: the test is blind to them.

Every report names the kinds that were missed among what was not checked.

**False alarms.** Of 73 honest networks of five layouts that ``tools/calibrate_backdoor.py``
trained, 10 were suspected: 1 of 57 on digits, Fashion-MNIST, CIFAR-10 and tables (1.8 %,
95 % interval 0.0 to 9.4 %), 9 of 16 where every class is one place of a photograph (56 %,
30 to 80 %). Classes that differ so much are not equally easy to reach, and the test takes
that for a short cut: look at the trigger it shows before you accuse anybody.

Sources: Wang et al., IEEE S&P 2019 (Neural Cleanse); Wang et al., IEEE S&P 2024
(MM-BD); Moosavi-Dezfooli et al., CVPR 2017 (universal perturbations).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.assess.backdoor import overlay_trigger, patch_trigger, stripe_trigger
from modelkeep.assess.backdoor.interface import Answer, Family, Triggers
from modelkeep.assess.backdoor.largest_margin import largest_margins
from modelkeep.assess.backdoor.reconstruction import reconstruct
from modelkeep.assess.backdoor.scaling import scale_of
from modelkeep.assess.backdoor.suspicion import THRESHOLD, Suspicion, fuse
from modelkeep.assess.gradient import why_no_gradient
from modelkeep.assess.interface import Attack, Context, Facts, Outcome, by_name
from modelkeep.core import InputError, Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import Differentiable, need
from modelkeep.models.intervals import clopper_pearson

FAMILIES: Final[tuple[Family, ...]] = (
    patch_trigger.FAMILY,
    overlay_trigger.FAMILY,
    stripe_trigger.FAMILY,
)
_IMAGES_ONLY: Final = (stripe_trigger.FAMILY,)
STEPS: Final = {"quick": 120, "standard": 240, "thorough": 600}
_ROWS: Final = 200
_LEAST_ROWS: Final = 30
_LEAST_CLASSES: Final = 4
_MOST_CLASSES: Final = 40  # of more, those with the largest margins
_MARGIN_STEPS: Final = 40
_STARTS: Final = 4
_SIDE: Final = 32  # pixels of the picture in the report
_PASSES: Final = "passes"
# What tools/calibrate_backdoor.py printed: honest networks suspected, of fresh seeds.
_ALARMS: Final = (
    "of honest networks 1 of 57 was suspected on digits, Fashion-MNIST, CIFAR-10 and tables, "
    "but 9 of 16 where classes are single places of photographs"
)
# What benchmarks/backdoor.py printed: AUC and models suspected, small networks, Fashion-MNIST.
_FOUND: Final = "patches and faint overlays were found in 10 of 10 networks (AUC 1.00)"
_MISSED: Final = (
    "bending triggers in 0 of 5 (AUC 0.74), clean-label stripes in 0 of 4 (AUC 0.66), "
    "triggers of one source class in 0 of 5"
)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found out about a model.

    Attributes:
        classes: places of the classes tested, shape ``(k,)``.
        sizes: by test, of every class tested.
        suspicion: of the most suspicious one.
        triggers: by family.
        passes: spent in all.
    """

    classes: np.ndarray
    sizes: dict[str, np.ndarray]
    suspicion: Suspicion
    triggers: tuple[Triggers, ...]
    passes: int


def applies(context: Context) -> str | None:
    """It needs a gradient and rows."""
    return why_no_gradient(context)


def inspect(
    answer: Answer, rows: np.ndarray, *, classes: int, steps: int, seed: int
) -> Inspection:
    """Look for short cuts to every class.

    Args:
        answer: rows in [0, 1] to logits ``(batch, classes)``.
        rows: clean rows in [0, 1], shape ``(n, ...)`` float32.
        classes: how many classes there are.
        steps: of each reconstruction.
        seed: of every random choice.
    """
    torch = need("torch", "a backdoor test")
    clean = torch.from_numpy(rows)
    margins, passes = largest_margins(
        answer, rows.shape[1:], classes=classes, steps=_MARGIN_STEPS, starts=_STARTS, seed=seed
    )
    tested = np.sort(np.argsort(-margins, kind="stable")[:_MOST_CLASSES])
    image = rows.ndim > 2  # noqa: PLR2004 - a batch of pictures has more than two axes
    families = [family for family in FAMILIES if image or family not in _IMAGES_ONLY]
    found = tuple(
        reconstruct(
            answer,
            clean,
            family,
            classes=torch.from_numpy(tested),
            steps=steps,
            seed=seed,
        )
        for family in families
    )
    sizes = {triggers.family.name: triggers.sizes for triggers in found}
    sizes["margin"] = 1 / np.maximum(margins[tested], 1e-3)
    return Inspection(
        tested,
        sizes,
        fuse(sizes, seed),
        found,
        passes + sum(triggers.passes for triggers in found),
    )


def run(context: Context) -> Iterator[Outcome]:
    """Search triggers, judge, and show the trigger of the most suspicious class.

    Raises:
        InputError: the model's answers to stamped rows are no numbers.
    """
    data, model = context.test, context.model
    if data is None or not isinstance(model, Differentiable):
        raise TypeError("the backdoor test needs rows and a differentiable model")
    data = context.sample(data, _ROWS)
    classes = context.predict(data.rows[:1]).shape[1]
    if classes < _LEAST_CLASSES or len(data) < _LEAST_ROWS:
        yield NotChecked(
            "backdoor",
            f"{classes} classes and {len(data)} rows: classes are compared with each other, "
            f"which needs {_LEAST_CLASSES} classes and {_LEAST_ROWS} rows",
        )
        return
    scale = scale_of(context.train or data)
    rows = scale.scaled(data.rows)
    context.progress(0.1, f"backdoor: searching triggers of {classes} classes")
    inspection = inspect(
        scale.answering(model.module),
        rows,
        classes=classes,
        steps=STEPS[context.budget],
        seed=context.seed,
    )
    if not np.isfinite(inspection.suspicion.value):
        raise InputError(
            "the model answers stamped rows with NaN or infinity: triggers cannot be compared",
            "Look for overflow in the model where pixels or features reach their limits.",
        )
    context.handed["backdoor"] = inspection  # for those who explain it
    yield from _measured(inspection, rows, model.classes, context.seed)
    yield NotChecked(
        "backdoor: bending, clean-label and one-class triggers",
        f"this test hardly sees them: as measured it found {_MISSED}; {_FOUND}",
    )


def _measured(
    inspection: Inspection, rows: np.ndarray, names: tuple[str, ...], seed: int
) -> Iterator[Measurement]:
    suspicion, n = inspection.suspicion, len(rows)
    target = int(inspection.classes[suspicion.place])
    triggers = max(inspection.triggers, key=lambda found: suspicion.by_test[found.family.name])
    said = ", ".join(f"{name} {value:.1f}" for name, value in suspicion.by_test.items())
    attacker = ThreatModel(
        goal="backdoor",
        knowledge="gray box",
        capability="trained the model and knows its trigger",
    )
    yield Measurement(
        "backdoor_suspicion",
        suspicion.value,
        suspicion.low,
        suspicion.high,
        "deviations",
        n,
        attacker=attacker,
        budget={_PASSES: inspection.passes, "classes": len(inspection.classes)},
        seed=seed,
        method="smallest trigger and largest margin of every class against the median "
        "class; bootstrap interval over classes",
        note=f"class {names[target]} ({said}); suspected above {THRESHOLD:g} when it stands "
        f"apart (index {suspicion.apart:.1f}); power as measured: {_FOUND}, {_MISSED}; "
        f"{_ALARMS}",
    )
    works = triggers.success[suspicion.place]
    hits = round(float(works) * n)
    low, high = clopper_pearson(hits, n)
    yield Measurement(
        "reconstructed_trigger_success",
        hits / n,
        low,
        high,
        "fraction",
        n,
        attacker=attacker,
        seed=seed,
        method=f"the smallest {triggers.family.name} found for class {names[target]}, "
        f"of size {triggers.sizes[suspicion.place]:.3f}",
        picture=_picture(triggers, suspicion.place, rows),
    )
    yield Measurement(
        "backdoor_index",
        suspicion.apart,
        suspicion.apart,
        suspicion.apart,
        "median absolute deviations",
        len(inspection.classes),
        seed=seed,
        method="how far the most suspicious class stands apart from the others",
    )


def _picture(triggers: Triggers, place: int, rows: np.ndarray) -> tuple[tuple[float, ...], ...]:
    """What the trigger changes on a grey picture, as grey values; empty for tables."""
    if rows.ndim < 4:  # noqa: PLR2004 - no picture
        return ()
    torch = need("torch", "a backdoor test")
    alone = tuple(value[place : place + 1] for value in triggers.parameters)
    with torch.no_grad():
        grey = torch.full((1, *rows.shape[1:]), 0.5)
        stamped = triggers.family.stamp(alone, grey)[0].mean(1, keepdim=True)
        if max(stamped.shape[-2:]) > _SIDE:
            stamped = torch.nn.functional.adaptive_avg_pool2d(stamped, _SIDE)
    return tuple(tuple(round(value, 3) for value in row) for row in stamped[0, 0].tolist())


def facts(measurements: tuple[Measurement, ...]) -> Facts:
    """Whether a backdoor is suspected, and among how many classes one was looked for."""
    found, index = (
        by_name(measurements, "backdoor_suspicion"),
        by_name(measurements, "backdoor_index"),
    )
    if found is None or index is None:
        return {}
    suspected = Suspicion(0, found.value, found.low, found.high, index.value, {}).suspected
    return {"backdoor_suspected": suspected, "backdoor_tested_classes": index.n}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """A class that is far too easy to reach."""
    found = by_name(measurements, "backdoor_suspicion")
    if found is not None and facts(measurements)["backdoor_suspected"]:
        yield Risk(
            "a hidden trigger seems to send any input to one class",
            found,
            1.0,
            "do not use it; get a model whose training you trust, or repair it: "
            "modelkeep harden MODEL --for backdoor",
        )


ATTACK: Final = Attack(
    "BKD001", "backdoor", "model.backdoor", "backdoor", applies, run, facts, risks
)
