"""What the page "Why attention" shows: an encoder that reads, what it hands on, what is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from types import MappingProxyType

from torch import Tensor

from attention_core import Check, Trace
from attention_core.export import Shown, Table
from attention_core.figures import with_marks
from attention_core.figures.lengths import (
    LOOKS,
    MEASURES,
    Memory,
    Records,
    accuracy_finding,
    accuracy_spec,
    encoder_of,
    memory_finding,
    memory_spec,
    recall_finding,
    recall_spec,
    training_spec,
)
from attention_core.numbers import plain
from attention_core.recurrent import (
    CheckpointError,
    Model,
    ModelEdits,
    Translation,
    load_model,
    probing,
    rate_search,
)
from attention_core.recurrent.accuracy import BUCKETS, SEEN, in_bucket
from attention_core.recurrent.checkpoints import records, trials
from attention_core.recurrent.language import numbers, values
from attention_core.recurrent.marking import Written
from attention_core.recurrent.reading import (
    cell_of,
    compare_with_torch,
    pytorch_of,
    read_sentence,
)
from attention_core.recurrent.translation import check_word_sensitivity, translate, word_sensitivity
from ui.cards import step_cards
from ui.cards.card import Card, Group, Verdict
from ui.cards.editors import Editor, Entry
from ui.cards.explained import Explained
from ui.cards.number_words import words_of
from ui.lab.checks import number
from ui.lab.edits import NO_EDITS, RowEdits, RowKey
from ui.lab.lab import Lab
from ui.lessons.why_attention.choices import WhyChoices

MOST_NUMBERS = 16  # on the slider
MORE = (34, 7, 61, 16, 99, 28, 53, 42, 85, 11, 77, 39, 24, 98, 68, 45)  # what it goes on with
EXAMPLES = {
    "one number": "thirty-four",
    "three numbers": "thirty-four, seven, sixty-one",
    "six numbers": "53, 12, 88, 47, 31, 26",
    "eight numbers": "53, 12, 88, 47, 31, 26, 94, 75",
    "twelve: longer than any in training": "53, 12, 88, 47, 31, 26, 94, 75, 62, 19, 83, 58",
}
CELLS = {
    "rnn": "A plain recurrent cell: each word writes all over the hidden state.",
    "lstm": "Gates, and a cell line that is only scaled and added to.",
    "gru": "Gates that choose how much of the state to keep.",
    "bahdanau": "The same GRU, but its decoder also looks back at every hidden state.",
}
LINES = ("hidden", "cell")  # what may be carried, and then is handed on
CARRIED = {"final_hidden": 0, "final_cell": 1}  # the row of the bottleneck that each is
FINAL = "after the last word"
ONE_ROW = 150  # px
MOST_OF, STRETCHED = 0.95, 1.5  # a cell line's colours show most of it, where a few are far beyond
ACCURACY_NOTES = {
    "exact": "Points: the models of seed 0, which this page uses, with 95 % intervals (Wilson). "
    "Thin lines: other seeds, where they are trained. Greedy translation of 100 sentences of "
    "each length that no model was trained on; of 1 and 2 words there are fewer.",
    "by_token": "The same sentences. No intervals here: the words of one sentence are not "
    "independent.",
}
LONGEST_SEEN, BEYOND = BUCKETS[3], BUCKETS[4]


# ---- The models --------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def model_of(kind: str) -> Model:
    """Return a trained model; CheckpointError if there is none."""
    return load_model(kind)


def problem(kind: str) -> str:
    """Return what is wrong with a trained model, or an empty text."""
    try:
        model_of(kind)
    except CheckpointError as error:
        return str(error)
    return ""


@lru_cache(maxsize=1)
def trained_models() -> Records:
    """Return the records of all trained models, read once."""
    return MappingProxyType(records())


@lru_cache(maxsize=1)
def _trials() -> tuple[rate_search.Trial, ...]:
    return trials()


def records_problem() -> str:
    """Return what is wrong with the list of the trained models, or an empty text."""
    try:
        trained_models()
        _trials()
    except CheckpointError as error:
        return str(error)
    return ""


@lru_cache(maxsize=16)
def _read(kind: str, words: tuple[str, ...]) -> Trace:
    return read_sentence(model_of(kind), words)


def trace_of(lab: Lab) -> Trace:
    """Return how the encoder reads the sentence, with the user's numbers in its final state."""
    trace, own = _read(lab.of(WhyChoices).reader, words_of(lab)), own_numbers(lab)
    if not own:
        return trace
    cells: dict[str, dict[tuple[int, ...], float]] = {}
    for name, row in CARRIED.items():
        found: dict[tuple[int, ...], float]
        found = {(0, unit): entry for (at, unit), entry in own.items() if at == row}
        if found:
            cells[name] = found
    return trace.mechanism.with_overrides(cells).run(**trace.inputs)


def translation_of(lab: Lab) -> Translation:
    """Return what the model writes, beginning with the user's numbers."""
    edits = ModelEdits(bottleneck=own_numbers(lab))
    return translate(model_of(lab.of(WhyChoices).reader), words_of(lab), edits=edits)


# ---- The sentence ------------------------------------------------------------------------------


def text_of_length(lab: Lab, n_numbers: int) -> str:
    """Return the sentence with so many numbers: shortened, or going on with ``MORE``.

    A number is left out where it would be read as part of the one before: "twenty, four" is 24.

    Example:
        >>> text_of_length(Lab(numbers="20, 12"), 4), text_of_length(Lab(numbers="1 2 3"), 2)
        ('twenty, twelve, sixty-one, sixteen', 'one, two')
    """
    found = list(values(words_of(lab)))[:n_numbers]
    while len(found) < n_numbers:
        following = MORE[len(found) % len(MORE) :] + MORE
        joins = found[-1] >= 20 and found[-1] % 10 == 0
        found.append(next(own for own in following if not (joins and own < 10)))
    return ", ".join("-".join(numbers()[own][0]) for own in found)


# ---- The encoder -------------------------------------------------------------------------------


def reading(lab: Lab) -> Group:
    """Return the hidden state at every word and, of an LSTM, the cell line beside it."""
    trace = trace_of(lab)
    return _steps(trace, [name for name in LINES if name in trace.steps], lab)


def gates(lab: Lab) -> Group:
    """Return everything else of the cell: the states before, the gates, the candidate."""
    trace = trace_of(lab)
    others = [name for name in trace.steps if name not in LINES and name not in CARRIED]
    group = _steps(trace, others, lab)
    cards = []
    for card in group.cards:
        told = card.note.partition(step_cards.TOO_MANY)[0]
        note = f"{told}Point at a cell for its number, click it for its arithmetic."
        cards.append(replace(card, note=note))
    return replace(group, cards=cards)


def _steps(trace: Trace, names: Sequence[str], lab: Lab) -> Group:
    words = words_of(lab)
    checks = (*trace.check(*names), *_third(lab.of(WhyChoices).reader, words))
    cards = [
        step_cards.step_card(trace, name, words, checks, conventions=lab.conventions)
        for name in names
    ]
    cards = [
        _stretched(card, trace["cell"]) if card.id in ("cell", "cell_before") else card
        for card in cards
    ]
    n_units = trace["hidden"].shape[1]
    return Group(cards, Explained(trace, words), step_cards.card_width(n_units), arrows=False)


def _stretched(card: Card, cells: Tensor) -> Card:
    """Return a cell line's card whose colours end before the few largest numbers.

    Those would hide all others.
    """
    sizes = cells.abs().flatten()
    end = float(sizes.quantile(MOST_OF))
    if end <= 0 or float(sizes.max()) <= STRETCHED * end:
        return card
    note = f"The colours end at ±{plain(round(end, 2))}; a few numbers are beyond."
    return card.with_heatmap(zmin=-end, zmax=end).with_note(note)


@lru_cache(maxsize=16)
def _third(kind: str, words: tuple[str, ...]) -> tuple[Check, ...]:
    return compare_with_torch(_read(kind, words))


# ---- The bottleneck ----------------------------------------------------------------------------


def vector(lab: Lab) -> Group:
    """Return all that the decoder begins with: one row, of an LSTM two."""
    trace, words = trace_of(lab), words_of(lab)
    names = [name for name in CARRIED if name in trace.steps]
    checks, own = trace.check(*names), trace.overridden
    cards = []
    for name in names:
        card = step_cards.step_card(
            trace, name, words, checks, query=FINAL, conventions=lab.conventions
        )
        untitled = {"title": {"text": ""}}
        card = card.with_layout(xaxis=untitled, yaxis={**untitled, "ticktext": [""]})
        card = replace(card, note="", height=ONE_ROW)
        if name == "final_cell":
            card = _stretched(card, trace["cell"])
        if name in own:
            card = replace(card, spec=with_marks(card.spec, sorted(own[name])))
            count = len(own[name])
            card = card.with_note(f"Yours: {count} of {trace[name].numel()}, marked with a dot.")
        cards.append(card)
    # Cells can be pointed at; the numbers stand in the table below, so no part is shown.
    return Group(cards, None, step_cards.MIN_WIDTH_WIDE, arrows=False)


def vector_said(lab: Lab) -> str:
    """Return what the final state is to the decoder, as Markdown."""
    model = model_of(lab.of(WhyChoices).reader)
    if model.attends:
        return (
            "This decoder begins here, too. But before each word it also looks back at every state "
            "of section 3. **Change a number** in the table and see how much it still matters."
        )
    count = model.n_units * len(model.cell.carries)
    return (
        f"The translation above was written from these {count} numbers alone, however long the "
        "sentence. **Change one** in the table and watch the translation."
    )


def own_numbers(lab: Lab) -> dict[tuple[int, ...], float]:
    """Return the user's own numbers in the final state: 0 for hidden or 1 for cell, and the unit.

    They are those of this model and of this number of words; others wait.
    """
    n_units, n_words = model_of(lab.of(WhyChoices).reader).n_units, len(words_of(lab))
    return {
        (row, unit): entry
        for row, name in enumerate(LINES)
        if row < len(model_of(lab.of(WhyChoices).reader).cell.carries)
        for unit, entry in lab.overrides.row(
            *_key(lab.of(WhyChoices).reader, name, n_words, n_units)
        ).items()
    }


def _key(kind: str, name: str, n_words: int, n_units: int) -> RowKey:
    return f"bottleneck/{kind}/{name}", n_words, n_units


def _set_entries(name: str, lab: Lab, entries: Sequence[Entry]) -> Lab:
    """Return the lab with numbers of its own in the final state, or raise ValueError."""
    words = words_of(lab)
    trace = _read(lab.of(WhyChoices).reader, words)
    if f"final_{name}" not in trace.steps:
        raise ValueError("a value that this model hands on")
    start = trace[f"final_{name}"][0].tolist()
    key = _key(lab.of(WhyChoices).reader, name, len(words), len(start))
    row = dict(lab.overrides.row(*key))
    for row_id, column, entry in entries:
        if row_id != name or not 0 <= column < len(start):
            raise ValueError("a row and a column of the table")
        row[column] = number(entry)
        if row[column] == start[column]:
            del row[column]  # a number typed back to the original is no edit
    return replace(lab, overrides=lab.overrides.with_rows({key: row}))


def _reset(name: str, lab: Lab, row_id: str | None) -> Lab:
    """Return the lab with the final state as the encoder computes it."""
    key = _key(
        lab.of(WhyChoices).reader,
        name,
        len(words_of(lab)),
        model_of(lab.of(WhyChoices).reader).n_units,
    )
    gone: dict[RowKey, RowEdits] = {key: NO_EDITS}
    return replace(lab, overrides=lab.overrides.with_rows(gone))


EDITORS: Mapping[str, Editor] = MappingProxyType(
    {
        name: Editor(
            f"bottleneck_{name}",
            f"final_{name}",
            partial(_set_entries, name),
            partial(_reset, name),
        )
        for name in LINES
    }
)


# ---- The translation ---------------------------------------------------------------------------


def verdict_said(places: Sequence[Written], n_right: int) -> str:
    """Return how much of a translation is right, in words."""
    wrong = sum(not place.is_right for place in places)
    if not wrong:
        return f"all {n_right} words are right." if n_right > 1 else "the word is right."
    kept = sum(place.is_right for place in places)
    return f"{kept} of the {n_right} right words are there, {wrong} marked ✗ are mistakes."


# ---- Accuracy ----------------------------------------------------------------------------------


def accuracy(lab: Lab) -> Group:
    """Return how often each model is right, by length, with the length of the user's sentence."""
    here, found = len(words_of(lab)), trained_models()
    bucket = next((own for own in BUCKETS if own[0] <= here <= own[1]), LONGEST_SEEN)
    cards = [
        Card(
            id=f"accuracy_{measure}",
            title=told.title,
            spec=accuracy_spec(found, measure, here),
            height=380,
            alt=accuracy_finding(found, measure, bucket),
            note=ACCURACY_NOTES[measure],
        )
        for measure, told in MEASURES.items()
    ]
    return Group(cards, None, step_cards.MIN_WIDTH_WIDE, arrows=False)


def finding_said() -> str:
    """Return what was found, of all trained models of each kind, as Markdown.

    The gap is that of the worst model with attention above the best one without: it does not hang
    on which seed is looked at.
    """
    found = trained_models()
    if {kind for kind, _ in found} != set(LOOKS):
        return "Not every model is trained yet, so there is nothing to compare."
    told = []
    for name, bucket in (("seen in training", LONGEST_SEEN), ("never seen", BEYOND)):
        shares = [f"{LOOKS[kind].name} **{_range_said(found, kind, bucket)}**" for kind in LOOKS]
        told.append(f"- {bucket[0]} to {bucket[1]} words, {name}: {', '.join(shares)}")
    seen = {key: in_bucket(own.accuracy, LONGEST_SEEN).exact for key, own in found.items()}
    worst = min(share for (kind, _), share in seen.items() if kind == "bahdanau")
    kind, seed = max((key for key in seen if key[0] != "bahdanau"), key=seen.__getitem__)
    gap = round((worst - seen[kind, seed]) * 100)
    seeds = sorted({seed for _, seed in found})
    trained = f"trained from {len(seeds)} seeds: worst to best" if len(seeds) > 1 else "one seed"
    return "\n".join(
        [
            f"Sentences translated without any mistake ({trained}):",
            *told,
            "",
            f"At {LONGEST_SEEN[0]} to {LONGEST_SEEN[1]} words the worst model with attention is "
            f"{abs(gap)} percentage points {'below' if gap < 0 else 'above'} the best one without "
            f"it, {LOOKS[kind].name} of seed {seed}. "
            f"But at {BEYOND[0]} to {BEYOND[1]} words, more than the {SEEN} seen in training, "
            f"attention has {_range_said(found, 'bahdanau', BEYOND)} right itself: it removes the "
            "bottleneck, and does not teach a model lengths it has never seen.",
        ]
    )


def _range_said(found: Records, kind: str, bucket: tuple[int, int]) -> str:
    """Return the shares of the worst and the best model of a kind."""
    return _ends_said(
        [in_bucket(own.accuracy, bucket).exact for key, own in found.items() if key[0] == kind]
    )


def training(lab: Lab) -> Group:
    """Return how the validation loss of each model fell."""
    found = trained_models()
    ends = {LOOKS[r.kind].name: min(p.valid for p in r.curve) for r in found.values() if not r.seed}
    best = ", ".join(f"{name} {plain(loss)}" for name, loss in ends.items())
    card = Card(
        id="training",
        title="Validation loss",
        spec=training_spec(found),
        height=340,
        alt=f"lowest: {best}.",
    )
    return Group([card], None, step_cards.MIN_WIDTH_WIDE, arrows=False)


def rates_told() -> str:
    """Return where the first learning rates come from, as Markdown."""
    found = _trials()
    best = rate_search.chosen(found)
    firsts = ", ".join(f"{LOOKS[kind].name} {rate:g}" for kind, rate in best.items())
    rates = sorted({one.rate for one in found})
    return (
        f"What the first one is, the same small search said for each kind: {len(rates)} rates from "
        f"{rates[0]:g} to {rates[-1]:g}, {rate_search.STEPS:,} steps each, from one more seed; the "
        f"lowest validation loss at their end decided: {firsts}. So the RNN's line is what a plain "
        f"cell reaches at the best of these rates: {_lowest('rnn'):.2g} nats for each word, where "
        f"GRU with attention comes to {_lowest('bahdanau'):.2g}. The search is short: over a whole "
        "training another rate can still come out ahead."
    )


def _lowest(kind: str) -> float:
    """Return the lowest validation loss of a kind, of all seeds."""
    found = [record for record in trained_models().values() if record.kind == kind]
    return min(point.valid for record in found for point in record.curve)


def search_rows() -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the search: the validation loss of each kind, by rate."""
    found = {(one.kind, one.rate): one.loss for one in _trials()}
    best = rate_search.chosen(_trials())
    rows = []
    for rate in sorted({rate for _, rate in found}, reverse=True):
        losses = [
            f"{plain(found[kind, rate])}{' ← lowest' if best[kind] == rate else ''}"
            for kind in LOOKS
        ]
        rows.append([f"{rate:g}", *losses])
    return ["first rate", *(look.name for look in LOOKS.values())], rows


# ---- What is left of each word -----------------------------------------------------------------


@lru_cache(maxsize=1)
def _probed() -> probing.Probed:
    return probing.shipped()


def probe_problem() -> str:
    """Return what is wrong with what was read back, or an empty text."""
    try:
        _probed()
    except CheckpointError as error:
        return str(error)
    return ""


def probed_length(lab: Lab) -> int:
    """Return the number of words that was probed and is nearest to that of the user's sentence."""
    return min(probing.LENGTHS, key=lambda n_words: abs(n_words - len(words_of(lab))))


def recall(lab: Lab) -> Group:
    """Return how often each word of sentences like the user's is read back."""
    n_words = probed_length(lab)
    probed = _probed()
    found = {key: recalls[n_words] for key, recalls in probed.models.items()}
    guess = probed.guess[n_words]
    own = words_of(lab)
    is_own = len(own) == n_words
    has = "one word" if len(own) == 1 else f"{len(own)} words"
    nearest = "" if is_own else f"Yours has {has}; this is the nearest that was measured. "
    card = Card(
        id="recall",
        title="Which word stood there? Read back from the final state",
        spec=recall_spec(
            found, guess, own if is_own else [f"word {at + 1}" for at in range(n_words)]
        ),
        height=400,
        alt=recall_finding(found),
        note=f"{nearest}A linear probe for each place sees the final state alone and names the "
        f"word; it was fitted on {probing.N_FIT:,} sentences of {n_words} words and asked about "
        f"{guess.n_sentences} others that no model was trained on. Points: the models of seed 0, "
        "with 95 % intervals (Wilson). Thin lines: other seeds. Dotted: naming the commonest "
        "word.",
    )
    return Group([card], None, step_cards.MIN_WIDTH_WIDE, arrows=False)


def recall_said(lab: Lab) -> str:
    """Return what can be read back of all trained models of each kind, as Markdown."""
    n_words = probed_length(lab)
    first, least = [], []
    for kind in LOOKS:
        shares = [
            recalls[n_words].shares
            for (other, _), recalls in _probed().models.items()
            if other == kind
        ]
        first.append(f"{encoder_of(kind)} **{_ends_said([own[0] for own in shares])}**")
        least.append(f"{encoder_of(kind)} **{_ends_said([min(own) for own in shares])}**")
    return "\n".join(
        [
            f"Read back from sentences of {n_words} words (worst to best seed):",
            f"- the first word: {', '.join(first)}",
            f"- the word that is hardest to read: {', '.join(least)}",
            "",
            "In sentences of eight words and more: without attention the **beginning** mostly "
            "stays, which the decoder writes first, and the **middle** goes. The encoder with "
            "attention keeps the end, and less of the beginning than the others: it can afford to, "
            "as its decoder looks back at every state. What a linear probe cannot read may still "
            "be there in another form.",
        ]
    )


def _ends_said(shares: Sequence[float]) -> str:
    """Return the least and the largest share, once if they look the same."""
    return "–".join(dict.fromkeys(f"{share:.0%}" for share in (min(shares), max(shares))))


@lru_cache(maxsize=32)
def word_sensitivities(kind: str, words: tuple[str, ...]) -> tuple[Mapping[str, Tensor], Check]:
    """Return how strongly a model's final state answers to each word, and its second route."""
    norms = word_sensitivity(model_of(kind), words)
    return MappingProxyType(norms), check_word_sensitivity(model_of(kind), words, norms)


def memory(lab: Lab) -> Group:
    """Return how strongly each final state answers to each word of the user's sentence."""
    words = words_of(lab)
    there = [kind for kind in LOOKS if not problem(kind)]
    found = [
        Memory(kind, value, norms.tolist())
        for kind in there
        for value, norms in word_sensitivities(kind, words)[0].items()
    ]
    absent = [LOOKS[kind].name for kind in LOOKS if kind not in there]
    without = f"This is without {' and '.join(absent)}, which could not be loaded."
    card = Card(
        id="memory",
        title="How strongly the final state answers to each word",
        spec=memory_spec(found, words),
        height=400,
        alt=memory_finding(found),
        note=without if absent else "",
        check=_memory_verdict([word_sensitivities(kind, words)[1] for kind in there]),
    )
    return Group([card], None, step_cards.MIN_WIDTH_WIDE, arrows=False)


def _memory_verdict(checks: Sequence[Check]) -> Verdict:
    ok = all(check.ok for check in checks)
    off = max(check.max_difference for check in checks)
    text = (
        "Multiplying the derivatives of every step (plain maths, float64) gives the same lengths "
        f"(largest difference {off:.1g} of a word's own)."
        if ok
        else "Something is wrong: multiplying the derivatives of every step gives other lengths "
        f"(off by {off:.2g} of a word's own). Do not trust this picture."
    )
    return Verdict(ok, text)


def answer_said(lab: Lab) -> str:
    """Return how strongly the model on screen answers to the first word, as Markdown."""
    words, reader = words_of(lab), lab.of(WhyChoices).reader
    norms, _ = word_sensitivities(reader, words)
    first, last = (float(norms["hidden"][at]) for at in (0, -1))
    if len(words) == 1:
        return "With one word there is nothing to compare. Type a longer sentence."
    times = last / first if first else float("inf")
    compared = (
        f"**{times:,.3g} times** less than to its last, *{words[-1]}*"
        if times >= 1
        else f"**{1 / times:,.3g} times** more than to its last, *{words[-1]}*"
    )
    return (
        f"The final hidden state of {LOOKS[reader].name} answers to the first word, "
        f"*{words[0]}*, {compared}."
    )


# ---- Code --------------------------------------------------------------------------------------


def code_of(lab: Lab) -> str:
    """Return PyTorch that reads and translates the user's sentence."""
    return pytorch_of(lab.of(WhyChoices).reader, words_of(lab), own_numbers(lab))


def formula_steps(lab: Lab) -> tuple[str, ...]:
    """Return the steps whose formulas are shown."""
    return tuple(
        name
        for name in _read(lab.of(WhyChoices).reader, words_of(lab)).steps
        if name not in CARRIED
    )


def is_gated(lab: Lab) -> bool:
    """Return whether the model's cell has gates."""
    return cell_of(model_of(lab.of(WhyChoices).reader)) != "rnn"


# ---- To be taken along -------------------------------------------------------------------------


def shown(lab: Lab) -> list[Shown]:
    """Return how the encoder reads, with what was measured of the models as labelled data."""
    if problem(lab.of(WhyChoices).reader):
        return []
    words, written = list(words_of(lab)), translation_of(lab)
    chances = written.probabilities.amax(dim=1).tolist()
    tables = [
        Table(
            "words",
            "What it writes",
            "The likeliest word of each step and its probability, by the trained decoder.",
            ("written word", "probability"),
            tuple(zip(written.written, chances, strict=True)),
        )
    ]
    if not records_problem():
        tables += [_accuracy_table(), _curve_table()]
    if not probe_problem():
        tables.append(_recall_table(lab))
    run = Shown("reading", "How the encoder reads", trace_of(lab), words, tables=tuple(tables))
    return [run]


def _accuracy_table() -> Table:
    rows = [
        (LOOKS[record.kind].name, record.seed, one.n_words, one.exact, one.by_token)
        for _, record in sorted(trained_models().items())
        for one in record.accuracy
    ]
    return Table(
        "accuracy",
        "How often each model is right, by length",
        "Measured on sentences that no model was trained on, when they were trained.",
        ("model", "seed", "English words", "share without a mistake", "share of words right"),
        tuple(rows),
    )


def _recall_table(lab: Lab) -> Table:
    n_words = probed_length(lab)
    rows = [
        (LOOKS[kind].name, seed, place, share)
        for (kind, seed), recalls in sorted(_probed().models.items())
        for place, share in enumerate(recalls[n_words].shares, start=1)
    ]
    return Table(
        "read-back",
        "How often each word is read back from the final state",
        f"Measured by a linear probe on {probing.N_HELD_OUT} sentences of {n_words} words.",
        ("model", "seed", "place of the word", "share read back"),
        tuple(rows),
    )


def _curve_table() -> Table:
    rows = [
        (LOOKS[record.kind].name, record.seed, point.step, point.valid)
        for _, record in sorted(trained_models().items())
        for point in record.curve
    ]
    told = "Measured while they were trained."
    columns = ("model", "seed", "step", "validation loss")
    return Table("validation-loss", "How the models learned", told, columns, tuple(rows))
