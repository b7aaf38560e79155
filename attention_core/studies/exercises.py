"""Exercises for paper: small whole numbers from a seed, and the answers of the mechanism itself."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from types import MappingProxyType

import torch
from torch import Tensor

from attention_core.mechanism import Trace
from attention_core.mechanisms.causal_attention import CAUSAL_SELF_ATTENTION
from attention_core.mechanisms.multi_head_attention import MULTI_HEAD_ATTENTION
from attention_core.mechanisms.self_attention import SELF_ATTENTION
from attention_core.mechanisms.simple import SIMPLE_SELF_ATTENTION
from attention_core.step import Step

Given = dict[str, Tensor]
N_TOKENS, D_IN, N_HEADS = 3, 2, 2
IDLE = ("scaled", "dropped")  # the steps that may leave what they get as it is
MOST_SEED = 2**31 - 1
LARGEST_EXPONENT = 5  # e^5 is 148.41: more would be tedious, and the weights 0 and 1
MOST_DECIMALS = 8  # of the table of e^x; 2 or 3 are enough for nearly every sheet
_LARGEST_ERROR = (
    0.0149  # of an answer made with e^x to 2 decimals; larger, and the sheet is tedious
)
_MOST_DRAWS = 10_000  # one in ten is taken, or more
_MOST_REPEATED = 300  # seeds in a row, after which there are hardly any new sheets
_WORDS = (
    ("cats", "dogs", "bees", "kids", "owls", "we", "birds", "ants"),
    ("like", "chase", "find", "hear", "see", "paint", "draw", "seek"),
    ("milk", "mice", "honey", "games", "stars", "tea", "seeds", "snow"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A mechanism as an exercise.

    Args:
        title: What it is called on the sheet.
        draw: Draws whole numbers for its inputs.
        run: Computes every step from them.
        exponents: The step between the exponents of the sheet's table of e^x.
    """

    title: str
    draw: Callable[[Random], Given]
    run: Callable[..., Trace]
    exponents: float = 1.0


@dataclass(frozen=True, slots=True)
class Exercise:
    """One sheet: what is given, and in its trace what is to be found.

    Args:
        kind: Its name in ``KINDS``.
        seed: What it was made from.
        tokens: One word per token.
        trace: The run of the mechanism: every answer is a value of it.
    """

    kind: str
    seed: int
    tokens: tuple[str, ...]
    trace: Trace

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the inputs that are numbers; a mask is the causal one, said in words."""
        masks = self.trace.mechanism.masks
        return tuple(name for name in self.trace.mechanism.inputs if name not in masks)

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of the steps to compute, without those that change nothing.

        That is the division by √1, and dropout outside of training.
        """
        steps = self.trace.mechanism.steps
        return tuple(s.name for s in steps if not (s.name in IDLE and self._is_idle(s)))

    def _is_idle(self, step: Step) -> bool:
        return torch.equal(self.trace[step.name], self.trace[step.of[0]])

    @property
    def exponents(self) -> tuple[float, ...]:
        """The exponents of the table of e^x: every one that is needed, and those between."""
        finite = self.trace[_before_softmax(self.trace)]
        finite = finite[torch.isfinite(finite)]
        step = KINDS[self.kind].exponents
        low, high = float(finite.min()), float(finite.max())
        return tuple(low + step * i for i in range(round((high - low) / step) + 1))

    @property
    def decimals(self) -> int:
        """The decimals of the table of e^x: the fewest with which every answer comes out.

        An answer that is made with them, and rounded only at the end, is the exact one rounded.

        Example:
            >>> exercise("simple", 1).decimals, exercise("trainable", 1).decimals
            (2, 3)
        """
        few = range(2, MOST_DECIMALS)
        return next((n for n in few if self._comes_out(n)), MOST_DECIMALS)

    def _comes_out(self, decimals: int) -> bool:
        """Return whether the key confirms answers that are made with so many decimals of e^x."""
        again = _by_hand(self.trace, decimals)
        return all(
            abs(own - float(f"{right:.2f}")) < 0.005
            for name in _from_the_weights(self.trace)
            for own, right in zip(
                again[name].flatten().tolist(), self.trace[name].flatten().tolist(), strict=True
            )
        )


def power(x: float, decimals: int = 2) -> str:
    """Return e^x as the sheet's table has it.

    Example:
        >>> power(1.0), power(-4.0, 4), power(float("-inf"))
        ('2.72', '0.0183', '0.00')
    """
    return f"{math.exp(x):.{decimals}f}"


def _before_softmax(trace: Trace) -> str:
    return trace.mechanism.step("weights").of[0]


def _whole(low: int, high: int, shape: tuple[int, int], draws: Random) -> Tensor:
    """Return whole numbers from ``low`` to ``high`` as float32."""
    n_rows, n_columns = shape
    return torch.tensor([[_one(low, high, draws) for _ in range(n_columns)] for _ in range(n_rows)])


def _one(low: int, high: int, draws: Random) -> float:
    """Return a whole number; by ``random`` alone, which is the same in every version of Python."""
    return float(low + int(draws.random() * (high - low + 1)))


def _inputs(draws: Random) -> Given:
    return {"inputs": _whole(-1, 2, (N_TOKENS, D_IN), draws)}


def _weights(d_k: int, d_value: int, draws: Random) -> Given:
    """Return inputs and trainable matrices."""
    return {
        **_inputs(draws),
        "w_query": _whole(-1, 1, (D_IN, d_k), draws),
        "w_key": _whole(-1, 1, (D_IN, d_k), draws),
        "w_value": _whole(-1, 2, (D_IN, d_value), draws),
    }


def _of_heads(draws: Random) -> Given:
    w_out = _whole(-1, 2, (N_HEADS, N_HEADS), draws)
    return {**_weights(N_HEADS, N_HEADS, draws), "w_out": w_out}


KINDS = MappingProxyType(
    {
        "simple": Kind(
            "Self-attention without trainable weights", _inputs, SIMPLE_SELF_ATTENTION.run
        ),
        "trainable": Kind(
            "Self-attention with trainable weights",
            partial(_weights, 4, 2),  # √4: scores halve, by hand too
            SELF_ATTENTION.run,
            0.5,
        ),
        "causal": Kind("Causal self-attention", partial(_weights, 1, 2), CAUSAL_SELF_ATTENTION.run),
        "heads": Kind(
            "Multi-head attention, two heads",
            _of_heads,
            partial(MULTI_HEAD_ATTENTION.run, n_heads=N_HEADS),
        ),
    }
)
"""The mechanisms there are exercises of, by name."""


def exercise(kind: str, seed: int, tokens: Sequence[str] = ()) -> Exercise:
    """Return the exercise of a seed: the same seed is the same sheet, today and next year.

    Args:
        kind: A name in ``KINDS``.
        seed: A whole number from 0 to 2**31 - 1.
        tokens: Three words; three short ones drawn from the seed if there are none.

    Raises:
        ValueError: If there is no such kind, or the seed or the tokens are not such.

    Example:
        >>> sheet = exercise("simple", 1)
        >>> sheet.trace["inputs"]
        tensor([[-1.,  2.],
                [ 0.,  2.],
                [-1.,  0.]])
        >>> sheet.asked
        ('scores', 'weights', 'context')
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MOST_SEED:
        raise ValueError(f"seed must be a whole number from 0 to {MOST_SEED}; got {seed!r}")
    if tokens and len(tokens) != N_TOKENS:
        raise ValueError(f"an exercise has {N_TOKENS} tokens; got {len(tokens)}")
    draws = Random(seed)
    words = tuple(tokens) or tuple(
        choices[int(_one(0, len(choices) - 1, draws))] for choices in _WORDS
    )
    for _ in range(_MOST_DRAWS):
        given = KINDS[kind].draw(draws)
        if not _is_full(given):
            continue
        trace = KINDS[kind].run(**given)
        if _is_pleasant(trace):
            return Exercise(kind, seed, words, trace)
    raise ValueError(f"no pleasant numbers were found for seed {seed}; take another one")


def exercises(
    kind: str, n_sheets: int, first_seed: int = 1, tokens: Sequence[str] = ()
) -> tuple[Exercise, ...]:
    """Return sheets that all differ: the one of each seed, and the next free one for a repetition.

    Args:
        kind: A name in ``KINDS``.
        n_sheets: How many, from 1.
        first_seed: Where to begin; sheet k has a seed of ``first_seed + k`` or a little above.
        tokens: Three words for all sheets; three of each seed's own if there are none.

    Raises:
        ValueError: As for ``exercise``, or if 300 seeds in a row repeat sheets that are there.

    Example:
        >>> [sheet.seed for sheet in exercises("simple", 3, first_seed=7)]
        [7, 8, 9]
    """
    if isinstance(n_sheets, bool) or not isinstance(n_sheets, int) or n_sheets < 1:
        raise ValueError(f"n_sheets must be a whole number from 1; got {n_sheets!r}")
    found: dict[tuple[float, ...], Exercise] = {}
    seed, repeated = first_seed, 0
    while len(found) < n_sheets:
        if repeated == _MOST_REPEATED:
            raise ValueError(
                f"there are hardly more than {len(found)} different sheets of {kind!r} from seed "
                f"{first_seed} on; ask for at most so many, not {n_sheets}"
            )
        sheet = exercise(kind, seed, tokens)
        numbers = torch.cat([sheet.trace[name].flatten() for name in sheet.given]).tolist()
        repeated = repeated + 1 if tuple(numbers) in found else 0
        found.setdefault(tuple(numbers), sheet)
        seed += 1
    return tuple(found.values())


def _is_full(given: Given) -> bool:
    """Return whether no token is there twice and no line of a matrix is all 0."""
    inputs = given["inputs"].tolist()
    lines = [line for part in given.values() for line in (*part.tolist(), *part.T.tolist())]
    has_empty = any(len(line) > 1 and not any(line) for line in lines)
    return not has_empty and len(set(map(tuple, inputs))) == len(inputs)


def _is_pleasant(trace: Trace) -> bool:
    """Return whether it can be done by hand, with answers that the key confirms.

    The exponents are small, the last token's differ in every head, and no answer is far off when
    it is made with e^x to 2 decimals.
    """
    before = trace[_before_softmax(trace)]
    is_small = float(before[torch.isfinite(before)].abs().max()) <= LARGEST_EXPONENT
    last = before[..., -1, :]  # with a causal mask, the only one that sees all
    differs = bool((last.amax(-1) > last.amin(-1)).all())
    return is_small and differs and _error_by_hand(trace) <= _LARGEST_ERROR


def _error_by_hand(trace: Trace) -> float:
    """Return how far an answer made with e^x to 2 decimals is off, at most.

    A row of large negative exponents is what goes wrong: e^−4 = 0.0183 stands there as 0.02.
    """
    by_hand = _by_hand(trace, 2)
    after = _from_the_weights(trace)
    return max(float((by_hand[name] - trace[name]).abs().max()) for name in after)


def _by_hand(trace: Trace, decimals: int) -> Trace:
    """Return the run as somebody makes it with a table of e^x."""
    before = trace[_before_softmax(trace)]
    powers = [float(power(x, decimals)) for x in before.flatten().tolist()]
    weights = torch.tensor(powers).view_as(before)
    weights = weights / weights.sum(-1, keepdim=True)
    cells = {
        cell: float(weights[cell])
        for cell in itertools.product(*(range(size) for size in weights.shape))
    }
    return trace.mechanism.with_overrides({"weights": cells}).run(**trace.inputs)


def _from_the_weights(trace: Trace) -> tuple[str, ...]:
    """Return the steps that the table of e^x makes a difference to."""
    return trace.steps[trace.steps.index("weights") :]
