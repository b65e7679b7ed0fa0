"""The form of canaries: a text with one place for a secret, and all secrets there could be.

Source: Carlini et al., USENIX Security 2019 (canaries and their randomness space).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.core import InputError

_PLACE: Final = "{}"
_MOST: Final = 1_000_000  # secrets, for every one of them is asked about


@dataclass(frozen=True, slots=True)
class Form:
    """What canaries look like.

    Attributes:
        template: text with ``{}`` where the secret stands.
        alphabet: characters a secret is made of, each named once.
        length: characters of a secret.

    Raises:
        InputError: there is no single place, no choice, or too much of one.
    """

    template: str
    alphabet: str
    length: int

    def __post_init__(self) -> None:
        """Refuse forms whose secrets cannot be enumerated."""
        if self.template.count(_PLACE) != 1:
            raise InputError(
                f"the form {self.template!r} has no single place for a secret",
                "Write {} once, where the secret stands.",
            )
        single = len(set(self.alphabet)) == len(self.alphabet)
        if len(self.alphabet) < 2 or not single or self.length < 1:  # noqa: PLR2004 - else no choice
            raise InputError(
                f"secrets of {self.length} characters of {self.alphabet!r} leave no choice",
                "Name two or more characters, each once, and a length of 1 or more.",
            )
        if self.length * np.log(len(self.alphabet)) > np.log(_MOST) + 1e-9:
            raise InputError(
                f"{len(self.alphabet)}^{self.length} secrets are too many to ask about each",
                f"Take a shorter secret; {_MOST:,} can be ranked.",
            )

    @property
    def size(self) -> int:
        """How many secrets there could be."""
        return int(len(self.alphabet) ** self.length)

    @property
    def beginning(self) -> str:
        """What stands before the secret."""
        return self.template.partition(_PLACE)[0]

    def text(self, secret: str) -> str:
        """The canary with that secret."""
        before, _, after = self.template.partition(_PLACE)
        return f"{before}{secret}{after}"

    def secrets(self) -> Iterator[str]:
        """All there could be, in the alphabet's order."""
        return map("".join, itertools.product(self.alphabet, repeat=self.length))

    def place_of(self, secret: str) -> int:
        """Where a secret stands among all.

        Raises:
            InputError: it is not of this form.
        """
        if len(secret) != self.length or set(secret) - set(self.alphabet):
            raise InputError(
                f"the secret {secret!r} is not of the form: {self.length} characters of "
                f"{self.alphabet!r}",
                "Plant secrets from Form.draw.",
            )
        place = 0
        for character in secret:
            place = place * len(self.alphabet) + self.alphabet.index(character)
        return place

    def draw(self, count: int, *, seed: int) -> tuple[str, ...]:
        """Different secrets, drawn evenly.

        Raises:
            InputError: there are fewer.
        """
        if not 0 < count <= self.size:
            raise InputError(f"{count} secrets of {self.size} cannot be drawn")
        places = np.random.default_rng(seed).choice(self.size, count, replace=False)
        drawn = []
        for place in places.tolist():
            rest, secret = place, ""
            for _ in range(self.length):
                rest, last = divmod(rest, len(self.alphabet))
                secret = self.alphabet[last] + secret
            drawn.append(secret)
        return tuple(drawn)
