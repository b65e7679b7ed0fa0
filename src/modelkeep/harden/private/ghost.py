"""Norms row by row without gradients row by row, and their clipped sum in one pass.

A linear layer's gradient for a row is the product of what goes into it and of what comes
back to its output, so its norm is known from the two alone, and the clipped sum is one
product of all rows, each scaled. One pass forward, one pass back to the outputs of layers:
about what a step without privacy costs. Convolutions are linear in their unfolded input;
where a layer answers at many places, either the products of places with each other or the
row's own gradient is made, whichever is smaller.

Known are linear layers, convolutions in one and two dimensions without groups, and biases
that are added: as torch layers, and as nodes of an ONNX graph.

Sources: Goodfellow, 2015 (norms from activations); Bu et al., NeurIPS 2022 (mixed ghost
clipping) and ICML 2023 (book-keeping: one pass back instead of two).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from modelkeep.harden.private.interface import Clip, Clipped, NotThisWayError, Way, factors
from modelkeep.models import need

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from modelkeep.harden.private.products import Made, Part


def prepare(module: Module) -> Clip:
    """What clips batches of this module; puts hooks on its layers.

    Raises:
        NotThisWayError: it has parameters outside the layers known here.
    """
    torch = need("torch", "private training")
    module.requires_grad_(False)
    names = {id(weight): name for name, weight in module.named_parameters()}
    watch = _Watch(torch)
    for layer in module.modules():
        if next(layer.children(), None) is None:
            layer.register_forward_hook(watch.seen)

    def clip(rows: Tensor, truth: Tensor, bound: float) -> Clipped:
        watch.start()
        logits = module(rows)
        torch.nn.functional.cross_entropy(logits, truth, reduction="sum").backward()
        parts = watch.end(names)
        norms = torch.stack([part.squares() for part in parts]).sum(0).sqrt()
        scale = factors(norms, bound)
        sums = {names[id(part.weight)]: part.total(scale) for part in parts}
        return Clipped(sums, norms)

    return clip


class _Watch:
    """What went into the layers of one pass, and what came back."""

    def __init__(self, torch: Any) -> None:  # noqa: ANN401 - the library
        self._torch = torch
        self._made: list[tuple[Made, list[Any]]] = []
        self._inputs: list[tuple[Any, int]] = []

    def start(self) -> None:
        """Forget the pass before."""
        self._made, self._inputs = [], []

    def seen(self, layer: Any, inputs: tuple[Any, ...], output: Any) -> Any:  # noqa: ANN401
        """Hook after a layer: note its input, and wait for what comes back to its output."""
        # Imported here: it needs torch when it is read.
        from modelkeep.harden.private.products import parts_of  # noqa: PLC0415

        if not self._torch.is_grad_enabled():  # somebody asks for an answer only
            return None
        made = parts_of(layer, inputs)
        if made is None or not isinstance(output, self._torch.Tensor):
            return None
        if not output.requires_grad:  # nothing before it is trained: gradients start here
            # a copy, for the next layer may write in place, which a first tensor forbids
            output = output.detach().requires_grad_(True).clone()
        self._inputs += [
            (value, value._version)  # noqa: SLF001 - torch's own count of writes
            for value in inputs
            if isinstance(value, self._torch.Tensor)
        ]
        back: list[Any] = []
        output.register_hook(back.append)
        self._made.append((made, back))
        return output

    def end(self, names: dict[int, str]) -> list[Part]:
        """The parts of the gradient.

        Raises:
            NotThisWayError: a parameter is not among them just once, or a layer's input was
                written over.
        """
        if any(value._version != version for value, version in self._inputs):  # noqa: SLF001
            raise NotThisWayError("a layer's input is written over in place")
        parts = [part for made, back in self._made for got in back for part in made(got)]
        found = [id(part.weight) for part in parts]
        if sorted(found) != sorted(names):
            raise NotThisWayError("a parameter is used twice, or outside the layers known here")
        return parts


WAY: Final = Way("ghost", prepare)
