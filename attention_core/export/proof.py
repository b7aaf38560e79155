"""The proof: plain PyTorch that makes every number of a page again and says so if one differs.

What it says is a list of blocks, which become a script or the cells of a notebook. Nothing of ours
is imported there, and whatever the user typed is data: texts in a list, numbers in a tensor.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from torch import Tensor

from attention_core.export.comparison import CLOSE, comparison
from attention_core.export.literals import (
    MOST_LISTED,
    READ_BITS,
    READ_NUMBERS,
    comment,
    compact_code,
    texts_code,
)
from attention_core.export.shown import Shown, Table
from attention_core.export.tolerance import of_derived, tolerances
from attention_core.glossary import term
from attention_core.operations import Overridden
from attention_core.spread import carried_of
from attention_core.step import Step

MOST_NUMBERS = 1_000_000  # in one file; beyond, large steps are told in part
WIDTH = 96
_NOT_FINITE = re.compile(r"[\[ ]-?(inf|nan)[,\]]")


class Block(NamedTuple):
    """Some lines of code that belong together, and what there is to say before them."""

    heading: str  # empty where none is needed
    said: str
    code: str


def blocks(title: str, shown: Sequence[Shown], tables: Sequence[Table] = ()) -> list[Block]:
    """Return the proof of a page as blocks of code: what makes every number of it again, in order.

    Args:
        title: What the page is called.
        shown: Its runs.
        tables: Labelled data that belong to none of them.

    Example:
        >>> import torch
        >>> from attention_core import SIMPLE_SELF_ATTENTION
        >>> trace = SIMPLE_SELF_ATTENTION.run(inputs=torch.eye(2))
        >>> parts = blocks("Start here", [Shown("start", "Self-attention", trace, ["to", "be"])])
        >>> print(parts[4].code)
        scores = inputs @ inputs.T  # (2, 2): query token × key token
    """
    is_partial = count_of(shown) > MOST_NUMBERS
    found = [Block(f"{title}, taken from Attention Lab", _about_the_file(shown, is_partial), "")]
    body: list[Block] = []
    known: dict[str, Tensor] = {}
    called: tuple[list[str], list[str]] | None = None
    for run in shown:
        now = list(run.tokens), list(run.keys)
        body.append(_tokens(run, is_new=now != called))
        body += _of_run(run, known, is_partial=is_partial)
        called = now
    body += [_table(table) for table in tables]
    return [*found, Block("", "", _imports(body)), *body]


def script(parts: Sequence[Block]) -> str:
    """Return blocks as the text of a ``.py`` file.

    Args:
        parts: What ``blocks`` returned.
    """
    first, *rest = parts
    lines = [f'"""{first.heading}.', "", textwrap.fill(first.said, WIDTH), '"""', ""]
    for part in rest:
        if part.heading:
            rule = f"# ---- {part.heading} "
            lines += ["", rule + "-" * max(4, WIDTH - len(rule)), ""]
        if part.said:
            lines.append(_commented(part.said))
        if part.code:
            lines += [part.code, ""]
    return "\n".join([*lines, 'print("Every step agrees with what the page showed.")', ""])


def count_of(shown: Sequence[Shown]) -> int:
    """Return how many numbers a page's runs have, inputs included."""
    names = [(run, name) for run in shown for name in (*run.trace.inputs, *run.trace.steps)]
    return sum(run.trace[name].numel() for run, name in names) + sum(
        derived.tensor.numel() for run in shown for derived in run.derived
    )


# ---- The parts ---------------------------------------------------------------------------------


def _about_the_file(shown: Sequence[Shown], is_partial: bool) -> str:
    """Return what a file says about itself."""
    count = count_of(shown)
    if not count:
        return "Nothing here is made again: what was measured, if anything was, goes along as data."
    told = (
        "Plain PyTorch, nothing else: it makes every step of the page's runs again from your "
        "inputs, and each is held against what the page showed. “Close” is a few rounding errors "
        "of what each number is made of, since another computer may add in another order; NaN "
        "equals NaN here. "
        f"There are {count:,} numbers"
    )
    if not is_partial:
        return f"{told}, and all of them are in here."
    return (
        f"{told}: too many for one file. Of each step with more than {MOST_LISTED:,}, evenly "
        "spread ones are in here, and the sum of each row, in which every number counts."
    )


def _imports(body: Sequence[Block]) -> str:
    """Return what has to stand first for some blocks to run."""
    code = "\n".join(part.code for part in body)
    lines = ["import math", ""] if "math." in code else []
    lines.append("import torch")
    if _NOT_FINITE.search(code):
        lines.append("from torch import inf, nan")
    helpers = (
        ("torch.tensor(numbers(", READ_NUMBERS),
        ("torch.tensor(bits(", READ_BITS),
        ("assert close(", CLOSE),
    )
    readers = [f"\n\n{helper}" for call, helper in helpers if call in code]
    return "\n".join([*lines, *readers])


def _tokens(run: Shown, *, is_new: bool) -> Block:
    """Return the heading of a run, and the tokens if they are others than before."""
    if not is_new:
        return Block(run.title, "", "")
    lists = [texts_code("tokens", run.tokens)]
    if list(run.keys) != list(run.tokens):
        lists.append(texts_code("key_tokens", run.keys))
    return Block(run.title, "What the rows are called.", "\n".join(lists))


def _of_run(run: Shown, known: dict[str, Tensor], *, is_partial: bool) -> Iterator[Block]:
    """Yield a run: its inputs, its steps, and what the page showed of them."""
    trace = run.trace
    yield _inputs(run, known)
    known.update(trace.inputs)
    carried, steps = carried_of(trace), trace.mechanism.steps
    if carried:
        in_loop = 1 + max(trace.steps.index(name) for name in carried)
        yield _loop(run, carried, steps[:in_loop])
        steps = steps[in_loop:]
    for step in steps:
        yield Block("", _meaning_of(step.name), _step(run, step))
    known.update({name: trace[name] for name in trace.steps})
    for derived in run.derived:
        said = f"{derived.name.replace('_', ' ').capitalize()}: {derived.said}."
        yield Block("", said, derived.code)
    allowed = tolerances(trace)
    for name in trace.steps:
        yield _check(run, name, trace[name], allowed[name], is_partial)
    for derived in run.derived:
        most = of_derived(derived, trace)
        yield _check(run, derived.name, derived.tensor, most, is_partial)
    yield from (_table(table) for table in run.tables)


def _loop(run: Shown, carried: Sequence[str], steps: Sequence[Step]) -> Block:
    """Return steps that go round in a circle, each word beginning with what the last one made."""
    starts = [
        f"{name} = torch.zeros{tuple(run.trace[name].shape)}  # before the first word"
        for name in carried
    ]
    n_words = len(run.trace[carried[0]])
    lines = [*starts, f"for _ in range({n_words}):"]
    for step in steps:
        lines.append(
            textwrap.indent(f"{_commented(_meaning_of(step.name))}\n{_step(run, step)}", "    ")
        )
    said = (
        "Each word begins with what the word before it made. Here all words are computed at once, "
        "again and again: each turn makes one more word right."
    )
    return Block("", said, "\n".join(lines))


def _inputs(run: Shown, known: dict[str, Tensor]) -> Block:
    """Return what makes the inputs of a run; those that stand there already stay."""
    lines = []
    for name, tensor in run.trace.inputs.items():
        if name in known and _is_same(known[name], tensor):
            continue
        code = compact_code(name, tensor, _comments(run, name, tensor))
        said = f"{_commented(_meaning_of(name))}\n# {_shape(run, name, tensor)}"
        lines.append(f"{said}\n{code}")
    said = "Exactly your numbers." if lines else "The inputs are those above."
    return Block("", said, "\n\n".join(lines))


def _commented(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="# ")


def _is_same(one: Tensor, other: Tensor) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and bool((one == other).all())


def _comments(run: Shown, name: str, tensor: Tensor) -> list[str]:
    """Return the token of each row, if the rows are tokens."""
    axes = run.axes(name)
    if len(axes) < 2 or not axes[-2].endswith("token"):
        return []
    return [comment(label) for label in run.labels(axes[-2], tensor.shape[-2])]


def _shape(run: Shown, name: str, tensor: Tensor) -> str:
    """Return a shape for the margin."""
    size = ", ".join(map(str, tensor.shape))
    return f"({size}{',' * (tensor.ndim == 1)}): {' × '.join(run.axes(name))}"


def _meaning_of(name: str) -> str:
    """Return what a value is, as the glossary has it."""
    known = term(name)
    if not known.meaning:
        return f"{known.title}."
    elsewhere = f" Elsewhere: {known.other_names}." if known.other_names else ""
    return f"{known.title}: {known.meaning_in()}.{elsewhere}"


def _step(run: Shown, step: Step) -> str:
    """Return the code of a step, its shape in the margin, and numbers of the user's own."""
    first, *own = step.operation.pytorch(step.name, *step.of).split("\n")
    margin = _shape(run, step.name, run.trace[step.name])
    first = f"{first.split('  # ')[0]}  # {margin}"
    if isinstance(step.operation, Overridden) and own:
        count = "This number is" if len(own) == 1 else "These numbers are"
        own.insert(0, f"# {count} your own, in place of what was computed:")
    return "\n".join([first, *own])


def _check(run: Shown, name: str, tensor: Tensor, allowed: Tensor, is_partial: bool) -> Block:
    """Return what holds a value against the one of the page."""
    comments = _comments(run, name, tensor)
    return Block("", *comparison(name, tensor, allowed, comments, is_partial=is_partial))


def _table(table: Table) -> Block:
    """Return labelled data as a dictionary of columns."""
    lines = [f"{table.name.replace('-', '_')} = {{"]
    for position, column in enumerate(table.columns):
        entries = ", ".join(repr(row[position]) for row in table.rows)
        lines.append(f"    {column!r}: [{entries}],")
    said = f"{table.title}. {table.said} Data, as the page showed it: nothing here makes it again."
    return Block("", said, "\n".join([*lines, "}"]))
