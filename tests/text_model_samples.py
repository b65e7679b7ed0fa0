"""Small models of texts, trained by the tests themselves, and texts to train them on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

_WORDS = (
    "call me when you are home we meet at the old bridge bring some bread and milk "
    "thanks for last night see you soon my train leaves now the shop is open again"
).split()
_ORDER = 8  # characters an n-gram model looks back
_WIDTH = 64
CHARACTERS = "\n 0123456789abcdefghijklmnopqrstuvwxyz"
torch.set_num_threads(1)


def messages(count: int, *, seed: int) -> list[str]:
    """Short texts of everyday words, every other one with a number in it; all different."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        words = rng.choice(_WORDS, 6).tolist()
        if len(found) % 2:
            words.insert(int(rng.integers(0, 6)), f"{rng.integers(0, 10_000):04d}")
        found[" ".join(words)] = None
    return list(found)


def counted(texts: Sequence[str]) -> Callable[[Sequence[str]], np.ndarray]:
    """Log-likelihoods by an n-gram model: counts of each order mixed with the next shorter."""
    tables = [Counter[str]() for _ in range(_ORDER + 1)]
    before = [Counter[str]() for _ in range(_ORDER + 1)]
    for text in texts:
        padded = "\n" * _ORDER + text
        for place in range(_ORDER, len(padded)):
            for order in range(_ORDER + 1):
                tables[order][padded[place - order : place + 1]] += 1
                before[order][padded[place - order : place]] += 1

    def likelihood(text: str) -> float:
        padded, total = "\n" * _ORDER + text, 0.0
        for place in range(_ORDER, len(padded)):
            chance = 1 / len(CHARACTERS)
            for order in range(_ORDER + 1):
                seen = before[order][padded[place - order : place]]
                hits = tables[order][padded[place - order : place + 1]]
                chance = (hits + 2 * chance) / (seen + 2)
            total += float(np.log(chance))
        return total

    return lambda asked: np.array([likelihood(text) for text in asked])


class _Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.codes = nn.Embedding(len(CHARACTERS), 24)
        self.steps = nn.GRU(24, _WIDTH, batch_first=True)
        self.last = nn.Linear(_WIDTH, len(CHARACTERS))

    def forward(self, codes: Tensor) -> Tensor:
        """Logits of the next character, shape ``(batch, length, characters)``."""
        answered: Tensor = self.last(self.steps(self.codes(codes))[0])
        return answered


def recurrent(
    texts: Sequence[str], *, passes: int, seed: int
) -> Callable[[Sequence[str]], np.ndarray]:
    """Log-likelihoods by a small recurrent network."""
    torch.manual_seed(seed)
    network = _Recurrent()
    learner = torch.optim.Adam(network.parameters(), 5e-3)
    rng = np.random.default_rng(seed)

    def per_text(asked: Sequence[str]) -> Tensor:
        length = max(len(text) for text in asked)
        codes = torch.zeros((len(asked), length + 1), dtype=torch.long)
        mask = torch.zeros((len(asked), length))
        for row, text in enumerate(asked):
            codes[row, 1 : len(text) + 1] = torch.tensor([CHARACTERS.index(c) for c in text])
            mask[row, : len(text)] = 1
        logs = network(codes[:, :-1]).log_softmax(dim=2)
        picked = logs.gather(2, codes[:, 1:, None])[..., 0]
        return (picked * mask).sum(dim=1)

    for _ in range(passes):
        order = rng.permutation(len(texts))
        for start in range(0, len(texts), 16):
            part = [texts[place] for place in order[start : start + 16]]
            loss = -per_text(part).sum() / sum(map(len, part))
            learner.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            learner.step()

    def answer(asked: Sequence[str]) -> np.ndarray:
        with torch.no_grad():
            return np.asarray(per_text(asked).numpy())

    return answer
