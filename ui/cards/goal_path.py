"""The steps of a goal search, as a function of the lab that it began at.

The lab a search began at is kept inside of the lab as text. The search is a function of it, so a
reload, or another server, makes the same steps again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from attention_core import Trace
from attention_core.numbers import plain, result_of
from attention_core.studies.goal import MASKED, REACHED, Attempt, seek
from ui.cards.embeddings import labels_of
from ui.cards.literal import literal, names
from ui.cards.parameters import EDITORS
from ui.lab import link
from ui.lab.lab import Lab

MARK = "S:"  # before the text of the lab a search began at, which may be empty
SECONDS = 3.0
MOST_STEPS = 300


@dataclass
class Path:
    """The steps of a search as far as it got: what it is of, and whether it came to its end."""

    of: tuple[str, str]  # whose run it moves, and the lab it began at
    attempts: list[Attempt] = field(default_factory=list)
    is_done: bool = False


def attempts_of(lab: Lab, trace_of: Callable[[Lab], Trace]) -> Iterator[Attempt]:
    """Yield the steps of the search that a lab asks for.

    Raises:
        ValueError: If nothing may move, or a token is not there.
    """
    trace = trace_of(lab)
    query, key, target, bound = lab.goal
    moving = [name for name in lab.goal_moves if name in trace.inputs]
    if not moving:
        raise ValueError("choose at least one thing that may move")
    last = len(lab.tokens) - 1
    return seek(
        trace,
        min(query, last),
        min(key, last),
        target,
        moving,
        bound or None,
        max_steps=MOST_STEPS,
        seconds=SECONDS,
    )


def at_attempt(lab: Lab, attempt: Attempt, step: int) -> Lab:
    """Return the lab with its tables set to the numbers that goal seek had tried at a step.

    Raises:
        ValueError: If a number went out of bounds.
    """
    for name, tensor in attempt.inputs.items():
        rows = tensor.tolist()
        if name == "inputs":
            lab = lab.with_entries(
                [
                    (token.word, token.nth, column, entry)
                    for token, row in zip(lab.tokens, rows, strict=True)
                    for column, entry in enumerate(row)
                ]
            )
        else:
            entries = [
                (str(at + 1), column, entry)
                for at, row in enumerate(rows)
                for column, entry in enumerate(row)
            ]
            lab = EDITORS[name].set_entries(lab, entries)
    return replace(lab, goal_step=step)


def began_at(lab: Lab) -> Lab | None:
    """Return the lab that the search began at, if there is one that can be read."""
    return link.kept(lab.goal_from, MARK)


def outcome(path: Path, start: Lab, lab: Lab) -> str:
    """Return what came of a search, as Markdown."""
    called = names(labels_of(start), lab.conventions)
    query, key = (literal(called[min(at, len(called) - 1)]) for at in start.goal[:2])
    last, target = path.attempts[-1], plain(start.goal[2])
    wish = f"**{query}** gives **{key}**"
    if not path.is_done:
        return f"Stopped after step {last.number}: {wish} {result_of(last.weight)} of {target}."
    if last.status == REACHED:
        steps = "1 step" if last.number == 1 else f"{last.number} steps"
        return (
            f"**Reached** in {steps}: {wish} {result_of(last.weight)}, with a change of length "
            f"{plain(last.moved)}."
        )
    if last.status == MASKED:
        return (
            f"**Not reachable: masked.** The mask hides {key} from {query}, so that weight stays 0 "
            "whatever the numbers are."
        )
    said = last.status[0].upper() + last.status[1:]
    return f"**{said}.** The best found: {wish} {result_of(last.weight)}, wished for {target}."
