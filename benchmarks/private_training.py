"""Private training beside Opacus by hooks, its claim beside an audit, and inversion.

    python benchmarks/private_training.py [--runs 20]

Opacus is a library of ours here, not a peer of another environment: its ``GradSampleModule``
and ``DPOptimizer`` take the same Poisson batches, steps, noise and rate as our loop. Overhead
is CPU time over that of the same steps without privacy, one thread. Data come with
scikit-learn (digits).
"""

from __future__ import annotations

import argparse
import copy
import secrets
import statistics
import time
import warnings

import numpy as np
import torch
from opacus import GradSampleModule
from opacus.optimizers import DPOptimizer
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

from modelkeep.assess import Context, built_in, inversion, membership
from modelkeep.core import Digest, Measurement, Subject
from modelkeep.harden import Effort, PrivacyTarget, private_training
from modelkeep.harden.private import (
    Mechanism,
    Plan,
    choose_way,
    descend,
    epsilon_of,
    forget,
    plan_training,
)
from modelkeep.models import Dataset
from modelkeep.models.torch_module import TorchModel

CLASSES = 10
TARGET = PrivacyTarget(3.0, 1e-5, lambda _plan: None)


def networks() -> dict[str, nn.Module]:
    """Six small classifiers of pictures of 24 x 24."""
    wide = 24 * 24
    return {
        "linear": nn.Sequential(nn.Flatten(), nn.Linear(wide, CLASSES)),
        "MLP 64": nn.Sequential(
            nn.Flatten(), nn.Linear(wide, 64), nn.ReLU(), nn.Linear(64, CLASSES)
        ),
        "MLP 256-128": nn.Sequential(
            nn.Flatten(),
            nn.Linear(wide, 256),
            nn.ReLU(),
            nn.Linear(256, 128),
            nn.ReLU(),
            nn.Linear(128, CLASSES),
        ),
        "CNN small": nn.Sequential(
            nn.Conv2d(1, 8, 5, 2, 2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(288, CLASSES),
        ),
        "CNN deep": nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, 2, 1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(1152, 32),
            nn.ReLU(),
            nn.Linear(32, CLASSES),
        ),
        "CNN GroupNorm": nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1),
            nn.GroupNorm(4, 16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(576, CLASSES),
        ),
    }


def digits(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Digits in an order of their own, (n, 1, 8, 8)."""
    rows, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(rows))
    return (rows[order] / 16).reshape(-1, 1, 8, 8).astype(np.float32), labels[order]


def take_steps(
    module: nn.Module,
    learner: torch.optim.Optimizer,
    data: tuple[torch.Tensor, torch.Tensor],
    plan: Plan,
) -> None:
    """All steps of a plan on Poisson batches."""
    for _ in range(plan.mechanism.steps):
        chosen = torch.rand(len(data[0])) < plan.mechanism.rate
        learner.zero_grad()
        functional.cross_entropy(module(data[0][chosen]), data[1][chosen]).backward()
        learner.step()


def fit_plainly(module: nn.Module, data: tuple[torch.Tensor, torch.Tensor], plan: Plan) -> None:
    """The same steps without privacy."""
    take_steps(module, torch.optim.SGD(module.parameters(), 0.05, 0.9), data, plan)


def fit_by_opacus(
    module: nn.Module, data: tuple[torch.Tensor, torch.Tensor], plan: Plan
) -> None:
    """The same steps by Opacus' hooks and optimizer."""
    hooked = GradSampleModule(module.train())
    learner = DPOptimizer(
        torch.optim.SGD(module.parameters(), 0.05, 0.9),
        noise_multiplier=plan.mechanism.noise,
        max_grad_norm=plan.bound,
        expected_batch_size=plan.batch,
    )
    take_steps(hooked, learner, data, plan)


def fit_privately(
    module: nn.Module, data: tuple[torch.Tensor, torch.Tensor], plan: Plan
) -> str:
    """Ours, the choice of the way included."""
    way = choose_way(module.eval(), tuple(data[0].shape[1:]), plan.batch, CLASSES)
    clip = way.prepare(module)
    generator = torch.Generator().manual_seed(secrets.randbits(63))
    descend(dict(module.named_parameters()), clip, data, plan, generator)
    return way.name


def overhead() -> None:
    """CPU time and accuracy of the three trainings on six networks."""
    rows, labels = digits(11)
    large = torch.from_numpy(np.kron(rows, np.ones((1, 1, 3, 3), np.float32)))
    truth = torch.from_numpy(labels).long()
    data, test = (large[:1200], truth[:1200]), (large[1200:], truth[1200:])
    plan = plan_training(len(data[0]), 5, TARGET)
    ratios = []
    for name, module in networks().items():
        forget(module, torch.Generator().manual_seed(0))
        seconds, shown = [], []
        way = ""
        for train in (fit_plainly, fit_by_opacus, fit_privately):
            trained = copy.deepcopy(module)
            start = time.process_time()
            way = train(trained, data, plan) or ""
            seconds.append(time.process_time() - start)
            with torch.no_grad():
                right = (trained(test[0]).argmax(1) == test[1]).float().mean()
            shown.append(f"{float(right):.3f}")
        plain, hooks, ours = seconds
        ratios.append(ours / hooks)
        print(
            f"{name:14} CPU s plain {plain:6.2f}, Opacus hooks {hooks:6.2f} = "
            f"{hooks / plain:5.1f} x, ours ({way}) {ours:6.2f} = {ours / plain:5.1f} x; "
            f"accuracy {' / '.join(shown)}; ours/hooks {ours / hooks:.2f}",
            flush=True,
        )
    print(f"median ours/hooks {statistics.median(ratios):.2f} (target 0.5)")


def accountants() -> None:
    """Two accountants over a range of runs."""
    worst = 0.0
    for noise in (0.7, 1.0, 2.0, 8.0):
        for rate, steps in ((0.01, 2000), (0.05, 400), (0.2, 100), (1.0, 20)):
            spent = epsilon_of([Mechanism(noise, rate, steps)], 1e-5)
            worst = max(worst, abs(spent.first - spent.second) / spent.epsilon)
    print(f"two accountants, 16 runs: greatest difference {worst:.2%} (target 1 %)")


def dataset(rows: np.ndarray, labels: np.ndarray, kind: str = "tabular") -> Dataset:
    """Rows as the product holds them."""
    subject = Subject("dataset", "digits", Digest("0" * 64, ""))
    names = tuple(str(number) for number in range(CLASSES))
    shaped = rows if kind == "image" else rows.reshape(len(rows), -1)
    texts = labels.astype(str)
    return Dataset(subject, shaped.astype(np.float32), texts, (), kind, names)  # type: ignore[arg-type]


def overfit(data: Dataset, *, passes: int = 150) -> TorchModel:
    """A network that knows its rows by heart."""
    layers = nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, CLASSES)
    module = nn.Sequential(*layers)
    rows = torch.from_numpy(data.rows)
    truth = torch.from_numpy(data.labels.astype(np.int64))
    learner = torch.optim.Adam(module.parameters(), 5e-3)
    for _ in range(passes):
        learner.zero_grad()
        functional.cross_entropy(module(rows), truth).backward()
        learner.step()
    return TorchModel(module)


def numbers(context: Context, name: str) -> float:
    """One number of the membership attack."""
    made = [m for m in membership.ATTACK.run(context) if isinstance(m, Measurement)]
    return next(m.value for m in made if m.name == name)


def audits(runs: int) -> None:
    """Audited lower bounds beside the claim of 3, over many trainings, labels partly noise."""
    bounds, rates = [], []
    for run in range(runs):
        rows, labels = digits(100 + run)
        rng = np.random.default_rng(run)
        wrong = rng.random(len(labels)) < 0.3  # what is learned by heart gives rows away
        labels = np.where(wrong, rng.integers(0, CLASSES, len(labels)), labels)
        train, test = (
            dataset(rows[:800], labels[:800]),
            dataset(rows[800:1600], labels[800:1600]),
        )
        plain = overfit(train)
        classes = tuple(str(number) for number in range(CLASSES))
        recipe = built_in(lambda classes=classes: classes)
        context = Context(plain, train, test, recipe, seed=run)
        context.truth(train)
        private = private_training.run(context, Effort(5, privacy=TARGET))
        after = Context(private, train, test, recipe, seed=run)
        bounds.append(
            [numbers(c, "membership_reference_epsilon_dp_low") for c in (context, after)]
        )
        rates.append([numbers(c, "membership_tpr_at_1pct_fpr") for c in (context, after)])
    before, after_bounds = np.array(bounds).T
    print(
        f"{runs} runs at epsilon 3: audited lower bound greatest {after_bounds.max():.3f} "
        f"(without privacy: median {np.median(before):.3f}); exceeded the claim "
        f"{int((after_bounds > TARGET.epsilon).sum())} times"
    )
    print(
        "membership TPR at 1 % FPR, mean: without privacy {:.3f}, private {:.3f}".format(
            *np.mean(rates, axis=0)
        )
    )


def marks(seed: int) -> np.ndarray:
    """One smooth picture per class that looks like nothing else."""
    smooth = gaussian_filter(np.random.default_rng(seed).random((10, 1, 8, 8)), (0, 0, 1, 1))
    low, high = smooth.min((2, 3), keepdims=True), smooth.max((2, 3), keepdims=True)
    return (smooth - low) / (high - low)


def inverted() -> None:
    """Chances of the lead, of models that saw planted pictures and that did not."""
    each = np.arange(CLASSES)
    for seed in range(20, 25):
        rows, labels = digits(seed)
        own = np.concatenate([rows[:300], np.repeat(marks(seed), 40, 0)])
        other = np.concatenate([rows[300:900], marks(seed + 100)])
        train = dataset(own, np.concatenate([labels[:300], np.repeat(each, 40)]), "image")
        test = dataset(other, np.concatenate([labels[300:900], each]), "image")
        unseen = dataset(rows[900:1200], labels[900:1200], "image")
        shown = []
        for fitted in (train, unseen):
            torch.manual_seed(seed)
            model = overfit(fitted)
            recipe = built_in(lambda model=model: model.classes)
            context = Context(model, train, test, recipe, budget="standard", seed=seed)
            (found,) = inversion.ATTACK.run(context)
            shown.append(inversion.p_value(found) if isinstance(found, Measurement) else 1.0)
        print(
            f"inversion, seed {seed}: p planted {shown[0]:.4f}, never saw them {shown[1]:.4f}"
        )


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    accountants()
    overhead()
    inverted()
    audits(given.runs)


if __name__ == "__main__":
    main()
