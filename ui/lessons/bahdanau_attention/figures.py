"""What the page "Bahdanau attention" shows: a trained decoder that looks back at every word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch

from attention_core import ADDITIVE_ATTENTION, Check, Conventions, Mechanism, Trace
from attention_core.embeddings import MAX_WIDTH
from attention_core.export import Shown, Table
from attention_core.export.literals import tensor_code
from attention_core.figures import with_lit_row, with_marks
from attention_core.figures.heatmap import CELL_PX, with_numbers
from attention_core.figures.labels import TwoSentences
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
from attention_core.recurrent.checkpoints import CheckpointError
from attention_core.recurrent.language import END, START, right_alignment, right_translation
from attention_core.recurrent.looking import (
    attention_of,
    check_attention,
    check_states,
    check_words,
    looks_right,
)
from attention_core.recurrent.translation import (
    Cells,
    Model,
    ModelEdits,
    Translation,
    load_model,
    translate,
)
from ui.cards import overriding, step_cards
from ui.cards.card import Card, Group, Verdict
from ui.cards.card import Cells as CardCells
from ui.cards.editors import Editor, Entry
from ui.cards.explained import Explained
from ui.cards.literal import names
from ui.cards.marked import marked
from ui.cards.number_words import words_of
from ui.cards.row_cards import ROW_PX
from ui.cards.step_cards import step_card
from ui.lab.checks import number
from ui.lab.edits import NO_EDITS, RowEdits, RowKey
from ui.lab.lab import Lab, Same
from ui.lessons.bahdanau_attention.choices import BahdanauChoices

OWN = "bahdanau"
NOW, SO_FAR, ALL = (f"figures:{OWN}_{which}" for which in ("step", "so_far", "all"))
STATES = f"{OWN}/encoder_states"  # under this name the own numbers of encoder states are kept
ENDS = "(end)"  # how the end mark is called on screen
SIGNS = {END: ENDS, START: "(start)"}
TAKES = ("weights",)  # the steps that the user's own numbers go into
OF_A_STEP = ("queries", "scores", "weights", "context")
OF_ALL = ("projected_queries", "projected_keys", "scores", "weights", "context")
ALIKE = 1e-6  # weights of a row that differ by no more are called the same: it is only rounding
POINT = "Point at a cell for its number, click it for its arithmetic."
FRAMED = "Framed: the right word to look at, which the model was never told."
TITLES = {
    "queries": "Decoder state: what asks",
    "scores": "Energies",
    "weights": "Attention weights",
    "context": "Context vector",
}


# ---- The run -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """A translation and its attention."""

    model: Model
    translation: Translation
    trace: Trace

    @property
    def n_in(self) -> int:
        """How many words were read."""
        return len(self.translation.source)

    @property
    def n_out(self) -> int:
        """How many words were written, the end mark among them."""
        return len(self.translation.written)

    def source(self, conventions: Conventions) -> list[str]:
        """Return what the words that were read are called."""
        return names(self.translation.source, conventions)

    def written(self, conventions: Conventions) -> list[str]:
        """Return what the written words are called."""
        words = [ENDS if word == END else word for word in self.translation.written]
        return names(words, conventions)

    def tokens(self, conventions: Conventions) -> TwoSentences:
        """Return the labels of those that ask, which know those that are asked."""
        return TwoSentences(self.written(conventions), self.source(conventions))


def run_of(lab: Lab) -> Run:
    """Return the translation of the lab's numbers, with its own numbers in it.

    Raises:
        CheckpointError: If the trained model is missing or damaged.
    """
    return _run(Same(lab.overrides), words_of(lab), lab.of(BahdanauChoices).sees_encoder)


@lru_cache(maxsize=16)
def _run(overrides: Same, words: tuple[str, ...], sees_encoder: bool) -> Run:
    model = load_model("bahdanau")
    edits = edits_of(overrides.of.rows, len(words), model.n_units)
    translation = translate(model, words, edits=edits, sees_encoder=sees_encoder)
    trace = attention_of(model, translation, weights=edits.weights, sees_encoder=sees_encoder)
    return Run(model, translation, trace)


def problem_of(lab: Lab) -> str:
    """Return why there is no translation, or an empty text."""
    try:
        run_of(lab)
    except CheckpointError as error:
        return str(error)
    return ""


def edits_of(overrides: Mapping[RowKey, RowEdits], n_in: int, n_units: int) -> ModelEdits:
    """Return the user's own weights and encoder states for a sentence of so many words.

    Weights are kept by written word and by n_in, encoder states by n_in, word and n_units: those of
    sentences of another length wait.
    """
    weights: dict[tuple[int, ...], float] = {}
    states: dict[tuple[int, ...], float] = {}
    for (label, nth, width), row in overrides.items():
        if label == f"{OWN}/weights" and width == n_in:
            weights |= {(nth - 1, column): entry for column, entry in row.items()}
        elif label == f"{STATES}/{n_in}" and width == n_units and nth <= n_in:
            states |= {(nth - 1, column): entry for column, entry in row.items()}
    return ModelEdits(encoder_states=states, weights=weights)


def own_weights(lab: Lab, run: Run) -> Cells:
    """Return the user's own weights of this run."""
    return edits_of(lab.overrides.rows, run.n_in, run.model.n_units).weights


def step_of(lab: Lab, run: Run) -> int:
    """Return which word is being written, within those there are."""
    return min(lab.of(BahdanauChoices).decoder_step, run.n_out - 1)


# ---- Figures -----------------------------------------------------------------------------------


def step_figures(lab: Lab) -> Group:
    """Return one step of the decoder: what asks, energies, weights, context vector and word."""
    run, conventions = run_of(lab), lab.conventions
    step = step_of(lab, run)
    cards = [_row_card(run, name, step, lab) for name in OF_A_STEP]
    cards.append(_words_card(run, step, conventions))
    explained = Explained(run.trace, run.tokens(conventions))
    width = step_cards.card_width(run.n_in)
    return Group(cards, explained, width, own=OWN, own_steps=TAKES, has_part=False)


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
        alt, note = _most(run, name, step, conventions), _note(run, name, step, lab)
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


def _one_table(cells: CardCells) -> CardCells:
    """Return what a card's cells are, the values by the name of the keys: they are the same."""
    return {**cells, "of": ["keys" if name == "values" else name for name in cells["of"]]}


def is_even(row: torch.Tensor) -> bool:
    """Return whether more than one word is looked at, and all alike."""
    return len(row) > 1 and float(row.max() - row.min()) <= ALIKE


def _most(run: Run, name: str, step: int, conventions: Conventions) -> str:
    """Return which word a row is largest at."""
    row = run.trace[name][step]
    at = int(row.argmax())
    if is_even(row):
        return f"all {run.n_in} are the same, {result_of(float(row[0]))}."
    return f"largest with {run.source(conventions)[at]}, {result_of(float(row[at]))}."


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
    return Group(cards, explained, width, arrows=False, own=OWN, own_steps=TAKES, has_part=False)


def _lines_card(run: Run, step: int, conventions: Conventions) -> Card:
    written, source = run.written(conventions), run.source(conventions)
    return Card(
        id="lines",
        title="From the words read to the words written",
        spec=lines_spec(run.trace["weights"], written, source, step),
        height=lines_height(max(run.n_in, run.n_out)),
        alt=f"{written[step]}: {_most(run, 'weights', step, conventions)}",
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

    def cells_so_far(cells: CardCells) -> CardCells:
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


def said_of_looks(run: Run, step: int | None = None) -> str:
    """Return how many of the written words looked at the right word, so far or in all."""
    n_words = len(run.translation.words)
    n_words = n_words if step is None else min(n_words, step + 1)
    looks = looks_right(run.trace["weights"], run.translation.source, n_words)
    if not looks:
        return "no word is written yet."
    share = f" ({sum(looks) / len(looks):.0%})" if len(looks) > 1 else ""
    words = "word has its" if len(looks) == 1 else "words have their"
    return f"{sum(looks)} of {len(looks)} {words} largest weight on the right word{share}."


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


# ---- The decoder, word by word -----------------------------------------------------------------


def looking_at(lab: Lab, step: int, n_in: int, at: int | None) -> Lab:
    """Return the lab with all the weight of a step on one word, or with its own weights again."""
    key = overriding.key_of(OWN, "weights", (step, 0), n_in)
    row = NO_EDITS if at is None else {word: float(word == at) for word in range(n_in)}
    return replace(lab, overrides=lab.overrides.with_rows({key: row}))


def terms_cell(lab: Lab, run: Run) -> tuple[int, int]:
    """Return the energy whose terms are shown: the picked one, or the largest of this step."""
    for place, name, *cell in lab.trail[-1:]:
        is_here = place in (NOW, SO_FAR, ALL) and name in ("scores", "weights")
        if is_here and run.trace.has_cell(name, cell):
            return cell[0], cell[1]
    step = step_of(lab, run)
    return step, int(run.trace["scores"][step].argmax())


# ---- Words -------------------------------------------------------------------------------------


def translated(run: Run) -> str:
    """Return what was written beside the right translation, errors marked, as Markdown."""
    found, right = run.translation.words, right_translation(run.translation.source)
    if found == right:
        return f"It writes **{' '.join(found)}**, which is right."
    stopped = "" if run.translation.ended else " (stopped there: it found no end)"
    return (
        f"It writes {marked(found, right, SIGNS) if found else 'nothing'}{stopped}.  \n"
        f"Right would be **{' '.join(right)}**."
    )


def reaction(run: Run) -> float:
    """Return how far any weight moves when the state of the first word grows by 1 everywhere."""
    given = dict(run.trace.inputs)
    before = ADDITIVE_ATTENTION.run(**given)["weights"]
    given["keys"] = given["keys"].clone()
    given["keys"][0] += 1
    return float((ADDITIVE_ATTENTION.run(**given)["weights"] - before).abs().max())


def without_own_weights(lab: Lab) -> Lab:
    """Return the lab with every weight computed; numbers of its own elsewhere stay."""
    own: dict[RowKey, RowEdits] = {
        key: NO_EDITS for key in lab.overrides.rows if key[0] == f"{OWN}/weights"
    }
    return replace(lab, overrides=lab.overrides.with_rows(own))


def symptom(lab: Lab) -> str:
    """Return what the bug does to this sentence, measured without own weights, as Markdown."""
    what = "**The bug:** the energies are vᵀ tanh(W s) now, without U h. "
    if len(words_of(lab)) == 1:
        return f"{what}A lone word has all the weight either way: two words are needed to see it."
    has_own = bool(run_of(lab).trace.overridden.get("weights"))
    lab = without_own_weights(lab)
    bad, good = (run_of(lab.choosing(sees_encoder=sees)) for sees in (False, True))
    weights = bad.trace["weights"]
    spread = float((weights.amax(dim=1) - weights.amin(dim=1)).max())
    is_right = bad.translation.words == right_translation(bad.translation.source)
    n_in, moved = bad.n_in, reaction(bad)
    moves = f"moves by more than {result_of(moved)}" if moved else "moves at all"
    yours = (
        "  \n**Without your own weights:** this is measured on the translation as it would be "
        "without them. Rows above that have yours show yours."
        if has_own
        else ""
    )
    return (
        f"{what}They do not depend on the "
        f"word, so each of the {n_in} words gets 1/{n_in} = {result_of(1 / n_in)} in every step "
        f"(largest difference within a row: {spread:.1g}), and every context vector is the plain "
        f"mean. The translation is {'right all the same' if is_right else 'wrong'}.  \n"
        "**How to notice it:** let every number of the first word's state grow by 1. No weight "
        f"{moves}; with the right energies one moves by {result_of(reaction(good))}. Shapes and "
        f"sums look as they should.{yours}"
    )


# ---- The encoder's states ----------------------------------------------------------------------


def _row_of(row_id: str, n_in: int) -> int:
    """Return the word that a row of the table stands for."""
    at, _, count = row_id.partition("/")
    if not (at.isascii() and at.isdigit()) or count != str(n_in) or not 1 <= int(at[:9]) <= n_in:
        raise ValueError("a row of the table")
    return int(at) - 1


def row_key(row: int, n_in: int, n_units: int) -> RowKey:
    """Return under which name the edits of an encoder state are kept: by number of words."""
    return f"{STATES}/{n_in}", row + 1, n_units


def _set_entries(lab: Lab, entries: Sequence[Entry]) -> Lab:
    run = run_of(lab)
    start = run.translation.encoder["hidden"]
    n_in, n_units = start.shape
    rows: dict[RowKey, dict[int, float]] = {}
    for row_id, column, entry in entries:
        row = _row_of(row_id, n_in)
        if not 0 <= column < n_units:
            raise ValueError(f"a column of the encoder's states, of which there are {n_units}")
        key = row_key(row, n_in, n_units)
        own = rows.setdefault(key, dict(lab.overrides.row(*key)))
        own[column] = number(entry)
        if own[column] == float(start[row, column]):
            del own[column]  # a number typed back to the original is no edit
    return replace(lab, overrides=lab.overrides.with_rows(rows))


def _reset(lab: Lab, row_id: str | None) -> Lab:
    run = run_of(lab)
    rows = range(run.n_in) if row_id is None else [_row_of(row_id, run.n_in)]
    gone: dict[RowKey, RowEdits] = {
        row_key(row, run.n_in, run.model.n_units): NO_EDITS for row in rows
    }
    return replace(lab, overrides=lab.overrides.with_rows(gone))


def _turn(lab: Lab, row: int) -> Lab:
    return replace(lab, parameter_row=min(row, MAX_WIDTH - 1))


ENCODER = Editor("encoder_states", "keys", _set_entries, _reset, _turn)


# ---- Code --------------------------------------------------------------------------------------


def code_of(lab: Lab) -> str:
    """Return PyTorch that computes the attention of every written word, to the last bit."""
    run = run_of(lab)
    trace, source = run.trace, run.translation.source
    return "\n".join(
        [
            "import torch\n",
            "# the decoder's states, each before the word beside it",
            tensor_code("queries", trace["queries"], run.translation.written),
            "# the encoder's states",
            tensor_code("keys", trace["keys"], source),
            "values = keys",
            _weights_code(Same(run.model.weights), lab.of(BahdanauChoices).sees_encoder),
            "",
            trace.mechanism.pytorch(),
        ]
    )


@lru_cache(maxsize=4)
def _weights_code(weights: Same, sees_encoder: bool) -> str:
    """Return the lines that make the trained weights: the same for every sentence."""
    given = {name: weights.of[name] for name in ("w_query", "w_key")}
    given["v"] = weights.of["v"].reshape(1, -1)
    lines = [tensor_code(name, tensor, ()) for name, tensor in given.items()]
    if not sees_encoder:
        lines.append("w_key = torch.zeros_like(w_key)  # the bug")
    return "\n".join(lines)


def mechanism() -> Mechanism:
    """Return the declared steps, for their formulas: they need no trained model."""
    one = torch.ones(1, 1)
    return ADDITIVE_ATTENTION.run(one, one, one, one, one, one[0]).mechanism


# ---- The prediction ----------------------------------------------------------------------------


def forced_first_word(lab: Lab) -> tuple[int, str, str, list[tuple[str, float]]]:
    """Return what is written first if the decoder may look only at the word it looks at least.

    Returns:
        That word's position, what is written now, what is written then, and the likeliest then.
    """
    run = run_of(lab)
    at = int(run.trace["weights"][0].argmin())
    forced = run_of(looking_at(lab, 0, run.n_in, at))
    return (
        at,
        run.translation.written[0],
        forced.translation.written[0],
        forced.translation.likeliest(0),
    )


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Shown]:
    """Return the attention of the whole translation; nothing where there is no trained model."""
    if problem_of(lab):
        return []
    run = run_of(lab)
    written, source = list(run.translation.written), list(run.translation.source)
    chances = run.translation.probabilities.amax(dim=1).tolist()
    table = Table(
        "words",
        "What it writes",
        "The likeliest word of each step and its probability, by the rest of the trained decoder.",
        ("written word", "probability"),
        tuple(zip(written, chances, strict=True)),
    )
    title = "The attention of every written word"
    return [Shown("attention", title, run.trace, written, source, tables=(table,))]
