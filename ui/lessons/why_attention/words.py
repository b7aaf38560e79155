"""What the page "Why attention" says."""

from __future__ import annotations

from collections.abc import Sequence

from attention_core.figures.lengths import LOOKS, Records, encoder_of
from attention_core.numbers import plain
from attention_core.recurrent import rate_search
from attention_core.recurrent.accuracy import SEEN, in_bucket
from attention_core.recurrent.language import numbers, values
from attention_core.recurrent.marking import Written
from ui.cards.number_words import words_of
from ui.lab.lab import Lab
from ui.lessons.why_attention.choices import WhyChoices
from ui.lessons.why_attention.models import (
    BEYOND,
    LONGEST_SEEN,
    model_of,
    probed_length,
    probes,
    search_trials,
    trained_models,
    word_sensitivities,
)

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
ACCURACY_NOTES = {
    "exact": "Points: the models of seed 0, which this page uses, with 95 % intervals (Wilson). "
    "Thin lines: other seeds, where they are trained. Greedy translation of 100 sentences of "
    "each length that no model was trained on; of 1 and 2 words there are fewer.",
    "by_token": "The same sentences. No intervals here: the words of one sentence are not "
    "independent.",
}


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


ABOVE = (
    "At {least} to {most} words the worst model with attention is {gap} percentage points above "
    "the best one without it, {model} of seed {seed}."
)
BELOW = (
    "At {least} to {most} words the worst model with attention is {gap} percentage points below "
    "the best one without it, {model} of seed {seed}."
)


def verdict_said(places: Sequence[Written], n_right: int) -> str:
    """Return how much of a translation is right, in words."""
    wrong = sum(not place.is_right for place in places)
    if not wrong:
        return f"all {n_right} words are right." if n_right > 1 else "the word is right."
    kept = sum(place.is_right for place in places)
    return f"{kept} of the {n_right} right words are there, {wrong} marked ✗ are mistakes."


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
    trained = "Sentences translated without any mistake (one seed):"
    if len(seeds) > 1:
        trained = (
            f"Sentences translated without any mistake (trained from {len(seeds)} seeds: worst to "
            "best):"
        )
    compared = (BELOW if gap < 0 else ABOVE).format(
        least=LONGEST_SEEN[0],
        most=LONGEST_SEEN[1],
        gap=abs(gap),
        model=LOOKS[kind].name,
        seed=seed,
    )
    return "\n".join(
        [
            trained,
            *told,
            "",
            f"{compared} But at {BEYOND[0]} to {BEYOND[1]} words, more than the {SEEN} seen in "
            f"training, attention has {_range_said(found, 'bahdanau', BEYOND)} right itself: it "
            "removes the bottleneck, and does not teach a model lengths it has never seen.",
        ]
    )


def _range_said(found: Records, kind: str, bucket: tuple[int, int]) -> str:
    """Return the shares of the worst and the best model of a kind."""
    return share_ends(
        [in_bucket(own.accuracy, bucket).exact for key, own in found.items() if key[0] == kind]
    )


def rates_told() -> str:
    """Return where the first learning rates come from, as Markdown."""
    found = search_trials()
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
    found = {(one.kind, one.rate): one.loss for one in search_trials()}
    best = rate_search.chosen(search_trials())
    rows = []
    for rate in sorted({rate for _, rate in found}, reverse=True):
        losses = [
            f"{plain(found[kind, rate])}{' ← lowest' if best[kind] == rate else ''}"
            for kind in LOOKS
        ]
        rows.append([f"{rate:g}", *losses])
    return ["first rate", *(look.name for look in LOOKS.values())], rows


def recall_said(lab: Lab) -> str:
    """Return what can be read back of all trained models of each kind, as Markdown."""
    n_words = probed_length(lab)
    first, least = [], []
    for kind in LOOKS:
        shares = [
            recalls[n_words].shares
            for (other, _), recalls in probes().models.items()
            if other == kind
        ]
        first.append(f"{encoder_of(kind)} **{share_ends([own[0] for own in shares])}**")
        least.append(f"{encoder_of(kind)} **{share_ends([min(own) for own in shares])}**")
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


def share_ends(shares: Sequence[float]) -> str:
    """Return the least and the largest share, once if they look the same."""
    return "–".join(dict.fromkeys(f"{share:.0%}" for share in (min(shares), max(shares))))


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
