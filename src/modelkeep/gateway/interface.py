"""What walks the line, who asks, what a guard says, and what stands behind the line.

A guard is one file: ``before`` sees the call on its way to the model, ``after`` the answer
on its way back. It says what it decided by which rule; it never answers by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from modelkeep.trust import KeyHolder

if TYPE_CHECKING:
    import numpy as np

Choice = Literal["allow", "transform", "step-up", "refuse", "not-run"]
Tensors = dict[str, "np.ndarray"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a guard says about one call.

    Attributes:
        choice: ``step-up`` lets the call pass and makes its answer say less; ``not-run``
            means that the guard could not judge.
        rule: permanent id of the rule.
        says: why, for people.
    """

    choice: Choice = "allow"
    rule: str = ""
    says: str = ""


ALLOW = Ruling()


Principal = KeyHolder  # whoever calls does so with a key


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A named tensor of a model: OIP datatype, shape with -1 where free, the batch first."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(slots=True)
class Call:
    """One request on its way to the model.

    Attributes:
        principal: who asks.
        model: name of the model.
        inputs: tensors by name, each ``(rows, ...)``.
        rows: how many rows.
        body_sha256: hex digest of the request's body.
        step: how much the answer is to be coarsened, 0 (not) to 3 (labels only).
        fresh: which rows the principal never asked before, ``(rows,)``; ``None``: not known.
        rulings: what each guard said, by guard.
    """

    principal: Principal
    model: str
    inputs: Tensors
    rows: int
    body_sha256: str
    step: int = 0
    fresh: np.ndarray | None = None
    rulings: dict[str, Ruling] = field(default_factory=dict)


@dataclass(slots=True)
class Answer:
    """What the model answered.

    Attributes:
        outputs: tensors by name, each ``(rows, ...)``.
        scores: name of the output that holds scores of classes, empty where there is none.
    """

    outputs: Tensors
    scores: str = ""


class Guard(Protocol):
    """One guard of the line."""

    @property
    def name(self) -> str:
        """Under which its rulings are recorded."""

    def before(self, call: Call) -> Ruling:
        """Judge a call whose tensors fit the model's schema."""

    def after(self, call: Call, answer: Answer) -> Ruling:
        """Judge, and where it says so change, an answer that passed the output check."""


class Backend(Protocol):
    """What runs a model: a session in this process, or a server behind the gateway."""

    @property
    def platform(self) -> str:
        """As OIP metadata names it."""

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Tensors the model takes."""

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Tensors it answers."""

    async def infer(self, inputs: Tensors) -> Tensors:
        """Run the model.

        Raises:
            RefusalError: it does not answer, or with something else than tensors.
        """

    async def close(self) -> None:
        """Give connections and memory back."""
