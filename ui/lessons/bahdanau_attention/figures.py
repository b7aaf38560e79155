"""What the page "Bahdanau attention" shows: a trained decoder that looks back at every word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from attention_core import Check, Conventions
from attention_core.figures import with_lit_row, with_marks
from attention_core.figures.heatmap import CELL_PX, with_numbers
from attention_core.figures.sentences import (
    LEAST,
    NOT_YET,
    likeliest_spec,
    lines_height,
    lines_spec,
    share_of,
    with_frames,
)
from attention_core.numbers import result_of
from attention_core.recurrent.language import END, right_alignment
from attention_core.recurrent.looking import check_attention, check_states, check_words
from ui.cards import overriding, step_cards
from ui.cards.card import Card, Cells, Group, Verdict
from ui.cards.explained import Explained
from ui.cards.row_cards import ROW_PX
from ui.cards.step_cards import step_card
from ui.lab.lab import Lab
from ui.lessons.bahdanau_attention.runs import ENDS, STORED_AS, Run, run_of, step_of
from ui.lessons.bahdanau_attention.words import FRAMED, POINT, TITLES, largest_word, said_of_looks

TAKES = ("weights",)  # the steps that the user's own numbers go into
OF_A_STEP = ("queries", "scores", "weights", "context")
OF_ALL = ("projected_queries", "projected_keys", "scores", "weights", "context")


# ---- Figures -----------------------------------------------------------------------------------


def step_figures(lab: Lab) -> Group:
    """Return one step of the decoder: what asks, energies, weights, context vector and word."""
    run, conventions = run_of(lab), lab.conventions
    step = step_of(lab, run)
    cards = [_row_card(run, name, step, lab) for name in OF_A_STEP]
    cards.append(_words_card(run, step, conventions))
    explained = Explained(run.trace, run.tokens(conventions))
    width = step_cards.card_width(run.n_in)
    return Group(
        cards, explained, width, stored_as=STORED_AS, overridable_steps=TAKES, has_part=False
    )


def _row_card(run: Run, name: str, step: int, lab: Lab) -> Card:
    """Return the card of one row of a value of the run."""
    trace, conventions = run.trace, lab.conventions
    checks: Sequence[Check] = () if name == "queries" else trace.check(name)
    checks = [*checks, *(c for c in _attention_checks(run) if c.step == name)]
    part = (range(step, step + 1), range(trace[name].shape[1]))
    card = step_card(
        trace, name, run.tokens(conventions), checks, part=part, conventions=conventions
    )
    card = replace(
        card.with_cells(_one_table).with_layout(minreducedheight=CELL_PX),
        title=TITLES[name],
        formula=_formula(card.formula),
        shape=f"row {conventions.number(step)} of {card.shape}",
        check=_states_verdict(run) if name == "queries" else card.check,
    )
    if trace.axes(name)[1] == "key token":
        alt, note = largest_word(run, name, step, conventions), _note(run, name, step, lab)
        card = replace(card, height=ROW_PX, alt=alt, note=note)
    else:
        low, high = (result_of(float(end)) for end in trace[name][step].aminmax())
        card = replace(card, alt=f"{trace[name].shape[1]} numbers, from {low} to {high}.")
    own = sorted((0, cell[1]) for cell in trace.overridden.get(name, ()) if cell[0] == step)
    return replace(card, spec=with_marks(card.spec, own)) if own else card


def _formula(code: str) -> str:
    r"""Return the line of a step's code, its own numbers counted and not listed.

    Example:
        >>> _formula("weights = softmax(scores)\nweights[0, 1] = 1.0")
        'weights = softmax(scores)  # then 1 of yours'
    """
    first, *own = code.split("\n")
    return f"{first}  # then {len(own)} of yours" if own else first


def _attention_checks(run: Run) -> tuple[Check, ...]:
    return check_attention(run.trace, run.translation)


def _one_table(cells: Cells) -> Cells:
    """Return what a card's cells are, the values by the name of the keys: they are the same."""
    return {**cells, "of": ["keys" if name == "values" else name for name in cells["of"]]}


def _note(run: Run, name: str, step: int, lab: Lab) -> str:
    own = [cell for cell in run.trace.overridden.get("weights", ()) if cell[0] == step]
    if not own:
        return ""
    if name == "scores":
        return "Detached: weights has numbers of yours that no longer follow from these."
    total = float(run.trace["weights"][step].double().sum())
    return f"Yours: {len(own)} of these weights, marked with a dot. They sum to {result_of(total)}."


def _states_verdict(run: Run) -> Verdict:
    check = check_states(run.model, run.translation)
    said = "gives the same states, each of the one before"
    if not check.ok:
        said = "gives other states: do not trust these"
    text = f"torch.nn.GRUCell {said} ({check.numbers})."
    return Verdict(check.ok, text, (f"{check.route}: {check.numbers}",))


def _words_card(run: Run, step: int, conventions: Conventions) -> Card:
    """Return the card of the likeliest words."""
    likeliest = [
        (ENDS if word == END else word, share) for word, share in run.translation.likeliest(step)
    ]
    word, share = likeliest[0]
    return Card(
        id="words",
        title="The word that is written",
        spec=likeliest_spec(likeliest),
        height=230,
        alt=f"“{word}” has the largest probability, {share_of(share)}, so it is written.",
        note=f"The five likeliest of {run.translation.logits.shape[1]} words.",
        check=step_cards.verdict([check_words(run.model, run.translation, step)], conventions),
    )


def so_far(lab: Lab) -> Group:
    """Return where the decoder looked so far: as lines, and as a matrix that builds up."""
    run, conventions = run_of(lab), lab.conventions
    step = step_of(lab, run)
    cards = [_lines_card(run, step, conventions), _matrix_card(run, step, lab)]
    explained = Explained(run.trace, run.tokens(conventions))
    width = max(320, step_cards.card_width(run.n_in))
    return Group(
        cards,
        explained,
        width,
        arrows=False,
        stored_as=STORED_AS,
        overridable_steps=TAKES,
        has_part=False,
    )


def _lines_card(run: Run, step: int, conventions: Conventions) -> Card:
    written, source = run.written(conventions), run.source(conventions)
    return Card(
        id="lines",
        title="From the words read to the words written",
        spec=lines_spec(run.trace["weights"], written, source, step),
        height=lines_height(max(run.n_in, run.n_out)),
        alt=f"{written[step]}: {largest_word(run, 'weights', step, conventions)}",
        note=f"A line is as wide as its weight; those below {LEAST} are left out. The numbers are "
        "those of the word that is being written.",
    )


def _matrix_card(run: Run, step: int, lab: Lab) -> Card:
    """Return the weights, those of later words still blank, the right ones framed."""
    trace, conventions = run.trace, lab.conventions
    tokens = run.tokens(conventions)
    checks = [*trace.check("weights"), *(c for c in _attention_checks(run) if c.step == "weights")]
    card = step_card(trace, "weights", tokens, checks, conventions=conventions)
    found = trace["weights"].clone()
    found[step + 1 :] = torch.nan
    heatmap = with_numbers(card.heatmap, found)
    spec = {**card.spec, "data": [{**heatmap, "zmin": 0.0, "zmax": 1.0}]}
    spec = with_lit_row(spec, step, tokens[step])
    side = spec["layout"]["yaxis"]
    side["ticktext"] = [
        text if at <= step else NOT_YET
        for at, text in zip(side["tickvals"], side["ticktext"], strict=True)
    ]
    right = [
        (row, column)
        for row, columns in enumerate(right_alignment(run.translation.source)[: step + 1])
        for column in columns
    ]
    has_frames = "texttemplate" in heatmap
    spec = with_frames(spec, right) if has_frames else spec
    own = sorted(cell for cell in trace.overridden.get("weights", ()) if cell[0] <= step)

    def cells_so_far(cells: Cells) -> Cells:
        rows = [row if at <= step else NOT_YET for at, row in enumerate(cells["rows"])]
        return {**_one_table(cells), "rows": rows, "blank": "not written yet"}

    return replace(
        card.with_cells(cells_so_far),
        title="Alignment so far",
        formula=_formula(card.formula),
        spec=with_marks(spec, own) if own else spec,
        alt=said_of_looks(run, step),
        note=" ".join(
            [
                *([FRAMED] if has_frames else []),
                *(["With a dot: yours."] if own else []),
            ]
        ),
    )


def all_steps(lab: Lab) -> Group:
    """Return every step of the mechanism, for all written words at once."""
    run = run_of(lab)
    group = step_cards.steps(
        run.trace, OF_ALL, run.tokens(lab.conventions), conventions=lab.conventions
    )
    group = overriding.overridable(group, "")
    cards = [
        replace(card.with_cells(_one_table), note=card.note.replace(step_cards.TOO_MANY, POINT))
        for card in group.cards
    ]
    return replace(group, cards=cards, has_part=False)
