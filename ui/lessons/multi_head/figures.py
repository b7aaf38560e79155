"""What the page "Multi-head" shows: every head, how they are joined, what each contributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor

from attention_core import MULTI_HEAD_ATTENTION, STACKED_HEADS, Check, Conventions, Trace
from attention_core.arithmetic import total as total_of
from attention_core.checks import distances, verdict
from attention_core.equations import column as added_up
from attention_core.equations import written
from attention_core.export import Derived, Shown
from attention_core.figures import matrix_spec
from attention_core.figures.findings import EVEN
from attention_core.figures.heatmap import position_labels
from attention_core.masks import mask_or_causal
from attention_core.numbers import result_of
from attention_core.parameters import Parameters
from attention_core.spread import spread_of
from attention_core.studies.contributions import (
    check_contributions,
    contributions_rounding,
    of_heads,
)
from ui.cards import overriding, parameters, step_cards
from ui.cards.card import Card, Cells, Group, Verdict
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.explained import Explained
from ui.cards.literal import literal, names
from ui.cards.step_cards import head_of, shape_of
from ui.lab.lab import MAX_HEADS, Lab, Same
from ui.lessons.multi_head.choices import MultiHeadChoices

OWN = "heads"
PLACES = ("figures:heads", "figures:head", "figures:head_steps", "figures:joined")
SMALL, SMALL_MOST = 240, 320  # px: how narrow and how wide the card of one of all heads is
PARTS_MOST = 720  # px: of a picture with few rows
MOST_WORKED = 4  # columns of a head for which a sum of products has room
OF_A_HEAD = ("queries", "keys", "values", "scores", "scaled", "masked", "context")
JOINED = ("concatenated", "output")
SPLIT_ONE = "d_out = {d_out} is split among 1 head: d_head = {d_out} / 1 = {d_head}."
SPLIT = "d_out = {d_out} is split among {n_heads} heads: d_head = {d_out} / {n_heads} = {d_head}."
OWNS_ONE = (
    "{head} owns {column} {first} of `w_query`, `w_key` and `w_value`, and its scores are divided "
    "by √{d_head}."
)
OWNS = (
    "{head} owns {columns} {first} to {last} of `w_query`, `w_key` and `w_value`, and its scores "
    "are divided by √{d_head}."
)
SCALED = "The mask is the causal one: no token attends to a later one."
PER_HEAD = ("w_query", "w_key", "w_value", "b_query", "b_key", "b_value")


def divisors(d_out: int) -> list[int]:
    """Return the numbers of heads that a width can be split into.

    Example:
        >>> divisors(12)
        [1, 2, 3, 4, 6, 12]
    """
    return [n_heads for n_heads in range(1, MAX_HEADS + 1) if d_out % n_heads == 0]


def heads_of(lab: Lab) -> int:
    """Return how many heads the page shows: as many as were asked for, if they divide d_out."""
    return max(n_heads for n_heads in divisors(lab.d_out) if n_heads <= lab.n_heads)


def not_divisible(lab: Lab) -> str:
    """Return why there are fewer heads than were asked for, as Markdown; nothing if there are not.

    Example:
        >>> not_divisible(Lab(d_out=6, n_heads=2))
        ''
        >>> not_divisible(Lab(d_out=6, n_heads=4))[:43]
        'd_out = 6 is not divisible by n_heads = 4: '
    """
    shown = heads_of(lab)
    if shown == lab.n_heads:
        return ""
    possible = [str(n_heads) for n_heads in divisors(lab.d_out)]
    heads = "1 head" if shown == 1 else f"{shown} heads"
    return (
        f"d_out = {lab.d_out} is not divisible by n_heads = {lab.n_heads}: every head owns equally "
        f"many columns, and {lab.d_out} / {lab.n_heads} is no whole number. Until you change one "
        f"of them, the page shows **{heads}**, the next smaller number that divides "
        f"{lab.d_out}. Possible with this width: {', '.join(possible)}."
    )


def head_index(lab: Lab) -> int:
    """Return the head that is looked at, of those there are."""
    return min(lab.of(MultiHeadChoices).head, heads_of(lab) - 1)


def off_of(lab: Lab) -> tuple[int, ...]:
    """Return the heads that are off, of those there are."""
    return tuple(head for head in lab.of(MultiHeadChoices).heads_off if head < heads_of(lab))


# ---- The runs ----------------------------------------------------------------------------------


def inputs_of(lab: Lab) -> Parameters:
    """Return the inputs of the run: of a head that is off, the rows of ``w_out`` are 0."""
    inputs, given = tensor_of(lab), parameters.parameters_of(lab, out=True)
    of_a_head = given["w_out"].view(heads_of(lab), -1, lab.d_out)  # the same memory
    of_a_head[list(off_of(lab))] = 0
    return {"inputs": inputs, **given, "mask": mask_or_causal(None, len(inputs), len(inputs))}


def trace_of(lab: Lab) -> Trace:
    """Return the run that the page shows."""
    return overriding.applied(computed_of(lab), lab, OWN)


def computed_of(lab: Lab) -> Trace:
    """Return the run without numbers of the user's own in its steps."""
    return _trace(Same(lab))


@lru_cache(maxsize=2)  # every group of figures asks for it
def _trace(lab: Same) -> Trace:
    return MULTI_HEAD_ATTENTION.run(n_heads=heads_of(lab.of), **inputs_of(lab.of))


def stacked_of(lab: Lab) -> Trace:
    """Return the run of separate heads with the same weights."""
    return _stacked(Same(lab))


@lru_cache(maxsize=2)
def _stacked(lab: Same) -> Trace:
    given, n_heads = inputs_of(lab.of), heads_of(lab.of)
    own = {name: tensor for name, tensor in given.items() if name in PER_HEAD}
    split = {
        name: tensor.view(len(tensor), n_heads, -1).transpose(0, 1).contiguous()
        for name, tensor in own.items()
    }
    return STACKED_HEADS.run(**given | split)


# ---- Choices -----------------------------------------------------------------------------------


def off_said(lab: Lab) -> str:
    """Return what it means that heads are off, as Markdown; nothing if none is."""
    off = [head_of(head, lab.conventions) for head in off_of(lab)]
    if not off:
        return ""
    listed = " and ".join([", ".join(off[:-1]), off[-1]] if len(off) > 1 else off)
    is_one = len(off) == 1
    return (
        f"**{listed.capitalize()} {'is' if is_one else 'are'} off**: in this run "
        f"{'its' if is_one else 'their'} rows of `w_out` are 0, and so "
        f"{'it contributes' if is_one else 'they contribute'} exactly 0 to the output. Your table "
        "of output weights keeps its numbers."
    )


def column_of(lab: Lab) -> int:
    """Return the chosen dimension of the output, of those there are."""
    return min(lab.window[2], lab.d_out - 1)


# ---- All heads, and one ------------------------------------------------------------------------


def all_heads(lab: Lab) -> Group:
    """Return the weights of every head, small, in one colour scale."""
    trace, tokens, conventions = trace_of(lab), labels_of(lab), lab.conventions
    off, chosen_head = off_of(lab), head_index(lab)
    cards = []
    for head in range(heads_of(lab)):
        # Their self-check is of all heads together, and stands at the large one.
        card = step_cards.step_card(
            trace, "weights", tokens, (), conventions=conventions, head=head
        )
        title = head_of(head, conventions).capitalize()
        marks = [
            mark
            for mark, is_so in (("shown below", head == chosen_head), ("off", head in off))
            if is_so
        ]
        cards.append(replace(card, title=" · ".join([title, *marks]), formula=""))
    return Group(cards, Explained(trace, tokens), SMALL, arrows=False, max_width=SMALL_MOST)


def one_head(lab: Lab) -> Group:
    """Return the weights of the chosen head, large."""
    trace, tokens, head = trace_of(lab), labels_of(lab), head_index(lab)
    card = step_cards.step_card(
        trace, "weights", tokens, trace.check("weights"), conventions=lab.conventions, head=head
    )
    group = Group([replace(card, id="weights_large")], Explained(trace, tokens), arrows=False)
    return overriding.overridable(group, OWN)


def head_steps(lab: Lab) -> Group:
    """Return the other steps of the chosen head."""
    trace, tokens = trace_of(lab), labels_of(lab)
    group = step_cards.steps(
        trace, OF_A_HEAD, tokens, conventions=lab.conventions, head=head_index(lab)
    )
    cards = [card.with_cells(_of_weights) for card in group.cards]
    return overriding.overridable(replace(group, cards=cards, arrows=False), OWN)


def _of_weights(cells: Cells) -> Cells:
    """Return cells that are made of the weights: nothing is dropped here, so those are left."""
    return {**cells, "of": ["weights" if name == "dropped" else name for name in cells["of"]]}


def split_said(lab: Lab) -> str:
    """Return which columns the chosen head owns, as Markdown."""
    n_heads, head, conventions = heads_of(lab), head_index(lab), lab.conventions
    d_head = lab.d_out // n_heads
    first, last = (conventions.dimension(head * d_head + place) for place in (0, d_head - 1))
    return conventions.say(
        f"{SPLIT_ONE if n_heads == 1 else SPLIT} {OWNS_ONE if d_head == 1 else OWNS} {SCALED}",
        d_out=lab.d_out,
        n_heads=n_heads,
        d_head=d_head,
        head=head_of(head, conventions).capitalize(),
        first=first,
        last=last,
    )


def differs_said(trace: Trace, tokens: Sequence[str], conventions: Conventions) -> str:
    """Return where the heads disagree most, as Markdown."""
    weights = trace["weights"]
    if len(weights) == 1:
        return "There is one head: this is causal attention with an output projection."
    spread = weights.amax(dim=0) - weights.amin(dim=0)
    if float(spread.max()) <= EVEN:
        return "**The heads agree**: with these numbers, their weights are the same."
    row, column = divmod(int(spread.argmax()), spread.shape[1])
    cells = weights[:, row, column]
    high, low = int(cells.argmax()), int(cells.argmin())
    called = names(tokens, conventions)
    return (
        f"**The heads disagree most** about how much {literal(called[row])} gives to "
        f"{literal(called[column])}: {head_of(high, conventions)} "
        f"{result_of(float(cells[high]))}, {head_of(low, conventions)} "
        f"{result_of(float(cells[low]))}."
    )


def joined(lab: Lab) -> Group:
    """Return the heads side by side, and the output that mixes them."""
    group = step_cards.steps(trace_of(lab), JOINED, labels_of(lab), conventions=lab.conventions)
    group = replace(group, min_width=step_cards.card_width(lab.d_out))
    return overriding.overridable(group, OWN)


# ---- Stacked heads -----------------------------------------------------------------------------


def stacked_check(split: Trace, stacked: Trace) -> Check:
    """Return how far apart the outputs of both forms are, which differ in rounding only."""
    allowed = spread_of(split, "output")["output"] + spread_of(stacked, "output")["output"]
    off = distances(split["output"], stacked["output"])
    return verdict("output", "separate heads, stacked", off, allowed)


def stacked_and_split(lab: Lab) -> Group:
    """Return the output made both ways, and the difference."""
    split, stacked = computed_of(lab), stacked_of(lab)
    check = stacked_check(split, stacked)
    cards = [
        _output_card(split, lab, "split", "One projection, split"),
        _output_card(stacked, lab, "stacked", "Separate heads, stacked"),
        _difference_card(stacked["output"] - split["output"], lab),
    ]
    numbers = check.numbers
    text = f"The same numbers either way ({numbers})."
    if not check.ok:
        text = f"Something is wrong: the two ways differ ({numbers}). Do not trust these pictures."
    cards[-1] = replace(cards[-1], check=Verdict(check.ok, text))
    return Group(cards, arrows=False, min_width=step_cards.card_width(lab.d_out))


def _output_card(trace: Trace, lab: Lab, card_id: str, title: str) -> Card:
    tokens, conventions = labels_of(lab), lab.conventions
    card = step_cards.step_card(trace, "output", tokens, (), conventions=conventions)
    return replace(card, id=card_id, title=title, cells=None, note=_shapes(trace))


def _shapes(trace: Trace) -> str:
    """Return the shapes of the query weights and of the queries, which differ in the two forms."""
    return (
        f"w_query is {shape_of(trace['w_query'])}, and the queries it makes are "
        f"{shape_of(trace['queries'])}."
    )


def _difference_card(difference: Tensor, lab: Lab) -> Card:
    axes, conventions = ("query token", "dimension"), lab.conventions
    labels = [
        position_labels(axis, size, labels_of(lab), conventions)
        for axis, size in zip(axes, difference.shape, strict=True)
    ]
    spec = matrix_spec(
        difference,
        labels,
        axes=axes,
        title="Stacked − split",
        kind="vectors",
        sentence="%{y} · %{x}: stacked − split = {value}",
    )
    alt = f"largest difference {float(difference.abs().max()):.1g}."
    turns = "difference" if conventions.is_turned else ""
    return step_cards.value_card(
        "difference", "Stacked − split", spec, alt, difference, turns=turns
    )


# ---- Contributions -----------------------------------------------------------------------------


def parts_of(trace: Trace, row: int) -> Tensor:
    """Return what each head contributes to one token's output, (n_heads, d_out)."""
    return of_heads(trace["concatenated"][row], trace["w_out"], len(trace["context"]))


def made_by_heads(lab: Lab) -> Lab:
    """Return the lab without numbers of the user's own in the output: no head made those."""
    trace = trace_of(lab)
    for cell in trace.overridden.get("output", ()):
        lab = overriding.without_override(lab, trace, OWN, "output", cell)
    return lab


def contributed(lab: Lab) -> Group:
    """Return what each head contributes to every number of one token's output."""
    computed = made_by_heads(lab)
    trace, row, conventions = trace_of(computed), lab.query_index, lab.conventions
    parts = parts_of(trace, row)
    rows = [parts, trace["b_out"], trace["output"][[row]]]
    labels = [head_of(head, conventions).capitalize() for head in range(len(parts))]
    columns = [conventions.dimension(column) for column in range(lab.d_out)]
    matrix = torch.cat(rows)
    spec = matrix_spec(
        matrix,
        [[*labels, "bias", "output"], columns],
        axes=("part", "dimension"),
        title="Contributions of the heads",
        kind="vectors",
        sentence="%{y} · %{x} = {value}",
    )
    check = check_contributions(trace, row, column_of(lab))
    numbers = check.numbers
    text = f"In the chosen dimension the heads and the bias add up to the output ({numbers})."
    if computed is not lab:
        text += " Your own numbers in the output are left out here: no head made them."
    if not check.ok:
        text = f"Something is wrong: the parts do not add up ({numbers}). Do not trust this."
    largest = parts.abs().amax(dim=1)
    most = head_of(int(largest.argmax()), conventions)
    alt = f"the largest part is that of {most}, {result_of(float(largest.max()))} in size."
    turns = "contributions" if conventions.is_turned else ""
    card = step_cards.value_card(
        "contributions", "Parts of the output", spec, alt, matrix, turns=turns
    )
    card = replace(card, check=Verdict(check.ok, text))
    width = step_cards.card_width(lab.d_out)
    return Group([card], arrows=False, min_width=width, max_width=max(width, PARTS_MOST))


def parts_rows(lab: Lab) -> list[list[str]]:
    """Return the parts of the chosen output cell, the last row being what they add up to."""
    trace, row, column = trace_of(made_by_heads(lab)), lab.query_index, column_of(lab)
    context, w_out = trace["context"][:, row], trace["w_out"][:, column]
    own = w_out.reshape(len(context), -1)
    bias = float(trace["b_out"][0, column])
    both = zip(context.tolist(), own.tolist(), strict=True)
    pairs = [list(zip(numbers, weights, strict=True)) for numbers, weights in both]
    parts = [sum(one * other for one, other in products) for products in pairs]
    digits, total = added_up([*parts, bias], float(trace["output"][row, column]))
    rows = [
        [head_of(head, lab.conventions).capitalize(), *_worked(products, parts[head], digits)]
        for head, products in enumerate(pairs)
    ]
    return [*rows, ["bias", "b_out", result_of(bias, digits)], ["sum = output", "", total]]


def _worked(pairs: Sequence[tuple[float, float]], part: float, digits: int) -> tuple[str, str]:
    """Return a head's products, the middle ones left out, and what they add up to."""
    line = written(
        lambda write: total_of(write(one) * write(other) for one, other in pairs),
        part,
        torch.float64,
        digits,
    )
    terms = line.left.split(" + ")
    if len(terms) > MOST_WORKED:
        terms = [*terms[: MOST_WORKED - 1], "…", terms[-1]]
    return " + ".join(terms), line.right


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Shown]:
    """Return the runs of the page, split and stacked, and what each head contributes."""
    trace, labels = trace_of(lab), labels_of(lab)
    derived = (_taken_parts(trace_of(made_by_heads(lab)), lab.query_index),)
    return [
        Shown("split", "One projection, split among the heads", trace, labels, derived=derived),
        Shown("stacked", "Separate heads, stacked", stacked_of(lab), labels),
    ]


def _taken_parts(trace: Trace, row: int) -> Derived:
    n_heads, d_out = len(trace["context"]), trace["output"].shape[1]
    return Derived(
        "contributions",
        f"what each head gives to the output of row {row}, counted from 0",
        f"of_each_head = concatenated[{row}].view({n_heads}, -1, 1) "
        f"* w_out.view({n_heads}, -1, {d_out})\n"
        "contributions = of_each_head.sum(dim=1)",
        parts_of(trace, row),
        ("head", "dimension"),
        contributions_rounding(trace, row),
        lambda values: of_heads(values["concatenated"][row], values["w_out"], n_heads),
    )
