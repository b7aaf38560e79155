"""What the page "Multi-head" shows: every head, how they are joined, what each contributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from attention_core import Check, Trace
from attention_core.arithmetic import total as total_of
from attention_core.checks import distances, verdict
from attention_core.equations import column as added_up
from attention_core.equations import written
from attention_core.export import Derived, Shown
from attention_core.figures import matrix_spec
from attention_core.figures.heatmap import position_labels
from attention_core.numbers import result_of
from attention_core.spread import spread_of
from attention_core.studies.contributions import (
    check_contributions,
    contributions_rounding,
    of_heads,
)
from ui.cards import overriding, step_cards
from ui.cards.card import Card, Cells, Group, Verdict
from ui.cards.embeddings import labels_of
from ui.cards.explained import Explained
from ui.cards.step_cards import head_of, shape_of
from ui.lab.lab import Lab
from ui.lessons.multi_head.runs import (
    STORED_AS,
    column_of,
    computed_of,
    head_index,
    heads_of,
    made_by_heads,
    off_of,
    parts_of,
    stacked_of,
    trace_of,
)

PLACES = ("figures:heads", "figures:head", "figures:head_steps", "figures:joined")
SMALL, SMALL_MOST = 240, 320  # px: how narrow and how wide the card of one of all heads is
PARTS_MOST = 720  # px: of a picture with few rows
MOST_WORKED = 4  # columns of a head for which a sum of products has room
OF_A_HEAD = ("queries", "keys", "values", "scores", "scaled", "masked", "context")
JOINED = ("concatenated", "output")


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
    return overriding.overridable(group, STORED_AS)


def head_steps(lab: Lab) -> Group:
    """Return the other steps of the chosen head."""
    trace, tokens = trace_of(lab), labels_of(lab)
    group = step_cards.steps(
        trace, OF_A_HEAD, tokens, conventions=lab.conventions, head=head_index(lab)
    )
    cards = [card.with_cells(_of_weights) for card in group.cards]
    return overriding.overridable(replace(group, cards=cards, arrows=False), STORED_AS)


def _of_weights(cells: Cells) -> Cells:
    """Return cells that are made of the weights: nothing is dropped here, so those are left."""
    return {**cells, "of": ["weights" if name == "dropped" else name for name in cells["of"]]}


def joined(lab: Lab) -> Group:
    """Return the heads side by side, and the output that mixes them."""
    group = step_cards.steps(trace_of(lab), JOINED, labels_of(lab), conventions=lab.conventions)
    group = replace(group, min_width=step_cards.card_width(lab.d_out))
    return overriding.overridable(group, STORED_AS)


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
