"""Attention, declared once: one chain of steps from what is given to context vectors.

What is given decides which steps there are: weights make queries, keys and values, a mask hides
scores, an output projection mixes heads. What a mechanism does otherwise than the others is said
in one declaration, an ``Attention``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from attention_core.dice import SEED, kept_weights
from attention_core.masks import mask_or_causal
from attention_core.mechanism import Mechanism, Trace
from attention_core.mechanisms import projections
from attention_core.mechanisms.projections import ROLES, Tensors
from attention_core.operations import (
    AddScores,
    DivideByRoot,
    DotProducts,
    DotProductsOfHeads,
    DropNothing,
    Dropout,
    JoinHeads,
    Mask,
    Operation,
    Projection,
    RepeatHeads,
    Softmax,
    SplitProjection,
    WeightedSum,
    ZeroMasked,
)
from attention_core.step import Step


class Then(NamedTuple):
    """A step that goes on from the step before it.

    Attributes:
        name: The value's name, as the glossary has it.
        operation: What is done.
        more: Which values it takes besides, in the operation's order.
        is_optional: Whether it is left out where one of these is not given.
    """

    name: str
    operation: Operation
    more: tuple[str, ...] = ()
    is_optional: bool = False


def weighing(softmax: Softmax | None = None) -> tuple[Then, ...]:
    """Return the steps from scores to weights: numbers added, a mask, the softmax.

    Args:
        softmax: Another one than ``Softmax()``.

    Example:
        >>> [step.name for step in weighing()]
        ['biased', 'masked', 'weights']
    """
    return (
        Then("biased", AddScores(), ("added_scores",), is_optional=True),
        Then("masked", Mask(), ("mask",), is_optional=True),
        Then("weights", softmax or Softmax()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    r"""A way of attending: ``softmax(mask(queries @ keys.T / √d_k)) @ values``, and its choices.

    Args:
        asking: The name of what the queries are made of.
        asked: The name of what keys and values are made of.
        n_heads: Into how many heads the projections are split; None for no such axis.
        stacked: Whether each head has weights of its own, a head axis first.
        scaling: Returns what scales the scores, given the width of the keys; None for nothing.
        weighing: The steps from scores to ``weights``.
        causal: Whether nobody sees what comes later, where no mask is given.
        dropout: The share of weights that are dropped, those which an input ``kept`` leaves out; 0
            for a step that drops nothing, None for no such step.
        seed: What decides which, where ``run`` draws them.

    Raises:
        ValueError: If ``n_heads`` is no whole number from 1.

    Example:
        >>> import torch
        >>> x = torch.tensor([[0.0, 2.0], [2.0, 0.0]])
        >>> trace = Attention(n_heads=2, causal=True).run(inputs=x, w_query=x, w_key=x, w_value=x)
        >>> trace
        Trace(inputs (2, 2), w_query (2, 2), w_key (2, 2), w_value (2, 2), mask (2, 2), queries (2,
        2, 1), keys (2, 2, 1), values (2, 2, 1), scores (2, 2, 2), scaled (2, 2, 2), masked (2, 2,
        2), weights (2, 2, 2), context (2, 2, 1), concatenated (2, 2))

    Source:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.2.
    """

    asking: str = "inputs"
    asked: str = "inputs"
    n_heads: int | None = None
    stacked: bool = False
    scaling: Callable[[int], Operation] | None = DivideByRoot
    weighing: tuple[Then, ...] = weighing()
    causal: bool = False
    dropout: float | None = None
    seed: int = SEED

    def __post_init__(self) -> None:
        n_heads = self.n_heads
        if n_heads is None:
            return
        if isinstance(n_heads, bool) or not isinstance(n_heads, int) or n_heads < 1:
            raise ValueError(f"n_heads must be a whole number from 1; got {n_heads!r}")

    @property
    def sources(self) -> dict[str, str]:
        """The name of what is projected, by role."""
        return {"query": self.asking, "key": self.asked, "value": self.asked}

    def run(self, **tensors: Tensor | None) -> Trace:
        """Compute this way of attending from inputs and weights, and keep every step.

        Args:
            **tensors: What ``asking`` and ``asked`` name, (n_tokens, d_in); ``w_query``, ``w_key``
                and ``w_value``, (d_in, d_out) or stacked (n_heads, d_in, d_head); and, if there
                are such, ``b_query``, ``b_key`` and ``b_value``, (d_out,) or (n_heads, d_head),
                ``w_out``, (d_out, d_out), ``b_out``, (d_out,), ``mask``, (n_queries, n_keys), True
                = may attend, and what else a step takes. None is nothing.

        Returns:
            The trace. Its mechanism is the one for these, in which a bias is one row.

        Raises:
            TypeError: If no step takes a tensor.
            ValueError: If a tensor is no such matrix, or two do not fit; it names the tensor,
                what was expected and what came.
        """
        given = self.checked(**tensors)
        mechanism = self.mechanism(given)
        taken = {name for step in mechanism.steps for name in step.of}
        for name in given:
            if name not in taken:
                raise TypeError(f"run() got {name}, which no step takes")
        return mechanism.run(**given)

    def checked(self, **tensors: Tensor | None) -> Tensors:
        """Return the inputs of a run, biases as rows, if they fit together.

        Args:
            **tensors: As for ``run``.

        Raises:
            ValueError: As ``run`` does.
        """
        w_out, b_out, mask = (tensors.pop(name, None) for name in ("w_out", "b_out", "mask"))
        given = projections.checked(self.sources, per_head=self.stacked, **tensors)
        if self.n_heads is not None:
            projections.require_divisible(given, self.n_heads)
        given |= projections.checked_output(w_out, b_out, given["w_value"])
        size = len(given[self.asking]), len(given[self.asked])
        if self.causal or mask is not None:
            given["mask"] = mask_or_causal(mask, *size)
        if self.dropout:
            n_heads = len(given["w_query"]) if self.stacked else self.n_heads
            heads = () if n_heads is None else (n_heads,)
            given["kept"] = kept_weights((*heads, *size), self.dropout, self.seed)
        return given

    def mechanism(self, given: Mapping[str, Tensor]) -> Mechanism:
        """Return the mechanism that goes from what is given to context vectors, or to the output.

        Each role is made of its weights, ``w_query``; else of what heads share, ``shared_keys``;
        else it is given, ``queries``; else it is what ``asking`` or ``asked`` name. Without values
        it ends at the weights.

        Args:
            given: The inputs by name. Of the tensors only shapes and dtypes count: three axes mean
                heads, booleans a mask.

        Example:
            >>> import torch
            >>> print(Attention(scaling=None).mechanism({"inputs": torch.empty(6, 3)}).pytorch())
            scores = inputs @ inputs.T
            weights = torch.softmax(scores, dim=-1)
            context = weights @ inputs
        """
        starts = {role: self._first_input(role, given) for role in ROLES}
        names = {
            role: start if start == self.sources[role] else ROLES[role]
            for role, start in starts.items()
        }
        made = (self._vectors_step(role, start, given) for role, start in starts.items())
        steps = [step for step in made if step is not None]
        products = DotProductsOfHeads() if self._in_heads(given) else DotProducts()
        steps.append(Step("scores", products, of=(names["query"], names["key"])))
        known = {*given, *(step.name for step in steps)}
        for then in self._steps_after_scores(given, starts, names["value"]):
            if not then.is_optional or known.issuperset(then.more):
                steps.append(Step(then.name, then.operation, (steps[-1].name, *then.more)))
        return Mechanism.of(given, steps)

    def _first_input(self, role: str, given: Mapping[str, Tensor]) -> str:
        """Return the name of the input that a role begins with."""
        names = (f"w_{role}", f"shared_{ROLES[role]}", ROLES[role])
        return next((name for name in names if name in given), self.sources[role])

    def _vectors_step(self, role: str, start: str, given: Mapping[str, Tensor]) -> Step | None:
        """Return the step that makes queries, keys or values; None where they are given."""
        name = ROLES[role]
        if start == f"shared_{name}":
            return Step(name, RepeatHeads(len(given["queries"]) // len(given[start])), of=(start,))
        if start != f"w_{role}":
            return None
        bias = [each for each in (f"b_{role}",) if each in given]
        project = Projection(biased=bool(bias))
        if self.n_heads is not None:
            d_head = given[start].shape[-1] // self.n_heads
            project = SplitProjection(d_head, biased=bool(bias))
        return Step(name, project, of=(self.sources[role], start, *bias))

    def _steps_after_scores(
        self, given: Mapping[str, Tensor], starts: Mapping[str, str], values: str
    ) -> Iterator[Then]:
        """Yield the steps after the scores."""
        d_k, d_value = (
            given[starts[role]].shape[-1] // (self.n_heads or 1) if starts[role] in given else 0
            for role in ("key", "value")
        )
        if self.scaling is not None:
            yield Then("scaled", self.scaling(d_k))
        yield from self.weighing
        if self.dropout is not None:
            yield self._dropout_step("kept" in given)
        yield Then("context", WeightedSum(), (values,), is_optional=True)
        if self._in_heads(given) and "w_value" in given:
            yield Then("concatenated", JoinHeads(d_value))
        bias = [name for name in ("b_out",) if name in given]
        mixing = Projection(biased=bool(bias))
        yield Then("output", mixing, ("w_out", *bias), is_optional=True)

    def _dropout_step(self, some: bool) -> Then:
        """Return the step that drops weights, some of them or none."""
        if not some or self.dropout is None:
            return Then("dropped", DropNothing())
        # At a rate of 1 nothing is kept, and nothing is left that could grow.
        dropping = Dropout(self.dropout) if self.dropout < 1 else ZeroMasked()
        return Then("dropped", dropping, ("kept",))

    def _in_heads(self, given: Mapping[str, Tensor]) -> bool:
        """Return whether queries, keys and values have a head axis."""
        return self.n_heads is not None or given[self._first_input("query", given)].ndim == 3
