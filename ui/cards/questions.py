"""The predictions of the pages: each a question about the user's own numbers, and its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from attention_core import (
    CAUSAL_SELF_ATTENTION,
    ONE_QUERY,
    SELF_ATTENTION,
    SIMPLE_SELF_ATTENTION,
    USUAL,
    normalisations,
)
from attention_core.figures.lengths import LOOKS
from attention_core.glossary import term
from attention_core.numbers import plain, result_of
from attention_core.recurrent.language import END
from ui.cards.embeddings import labels_of, tensor_of
from ui.cards.literal import literal, names
from ui.cards.number_words import words_of
from ui.cards.parameters import parameters_of
from ui.cards.prediction import Truth
from ui.lab.lab import Lab
from ui.lessons.all_tokens.figures import WRONG_AXIS
from ui.lessons.bahdanau_attention import figures as bahdanau
from ui.lessons.dropout.figures import grown_by
from ui.lessons.multi_head import figures as multi_head
from ui.lessons.side_by_side import figures as side_by_side
from ui.lessons.to_self_attention import figures as to_self
from ui.lessons.why_attention import figures as why_attention

Question = tuple[str, list[str], Truth]
EVERY_ROW = "every row sums to 1 all the same"
SAME = 1e-5  # numbers closer than this are called the same: it is only rounding
CHANGED = {
    (): "none of the three",
    ("by_sum",): "only dividing by the sum",
    ("naive",): "only the naive softmax",
    ("by_sum", "naive"): "dividing by the sum and the naive softmax",
    ("by_sum", "naive", "weights"): "all three",
}


def doubled_first_value(lab: Lab) -> Question:
    """Return: which token gets most of one token's attention once its first value is doubled?"""
    tokens = names(labels_of(lab), lab.conventions)
    asker = min(3, len(tokens) - 1)
    inputs = tensor_of(lab)
    before = SIMPLE_SELF_ATTENTION.run(inputs=inputs)["weights"][asker]
    inputs[asker, 0] *= 2
    after = SIMPLE_SELF_ATTENTION.run(inputs=inputs)["weights"][asker]
    right = int(after.argmax())
    word = literal(tokens[asker])
    question = (
        f"Which token will **{word}** attend to most once you double its first value "
        f"({result_of(float(inputs[asker, 0]) / 2)} → {result_of(float(inputs[asker, 0]))})?"
    )
    because = (
        f"With the first value doubled, {word} gives {result_of(float(after[right]))} of its "
        f"attention to {literal(tokens[right])} (before: {result_of(float(before[right]))}). "
        "Double it in the table to see it."
    )
    ties = torch.nonzero(after >= after.max() - SAME).flatten().tolist()
    return question, names(labels_of(lab)), Truth(right, because, frozenset(ties), tuple(tokens))


def least_answered(lab: Lab) -> Question:
    """Return: to which word of a sentence does the final state answer least?"""
    words = words_of(lab)
    norms = why_attention.word_sensitivities(lab.reader, words)[0]["hidden"]
    right = int(norms.argmin())
    called, model = names(words, lab.conventions), LOOKS[lab.reader].name
    question = (
        f"To which word of your sentence does the **final hidden state** of {model} answer least: "
        "moved a little, which would change it least?"
    )
    because = (
        f"The derivative by *{called[right]}* has the length {result_of(float(norms[right]))}; the "
        f"largest, by *{called[int(norms.argmax())]}*, has {result_of(float(norms.max()))}. "
        "Section 5 shows all of them."
    )
    ties = torch.nonzero(norms <= norms.min() + SAME * norms.max()).flatten().tolist()
    return question, names(words), Truth(right, because, frozenset(ties), tuple(called))


def doubled_query(lab: Lab) -> Question:
    """Return: which normalisations notice when the query, and nothing else, is twice as long?"""
    word = literal(names(labels_of(lab), lab.conventions)[lab.query_index])
    inputs = tensor_of(lab)
    query = inputs[[lab.query_index]]
    before = ONE_QUERY.run(query=query, inputs=inputs)
    after = ONE_QUERY.run(query=query * 2, inputs=inputs)
    changed = [
        not torch.allclose(after[name], before[name], rtol=0, atol=0.5e-4, equal_nan=True)
        for name in ("by_sum", "weights")
    ]
    question = (
        f"Suppose the query **{word}** were twice as long (every number of it doubled) and the "
        "keys stayed as they are, so that every score doubles. Which shares would change within "
        "their first 4 decimals?"
    )
    options = ["Neither", "Only dividing by the sum", "Only softmax", "Both"]
    largest = [
        f"{result_of(float(before[name].max()))} → {result_of(float(after[name].max()))}"
        for name in ("by_sum", "weights")
    ]
    because = (
        f"The largest share by the sum: {largest[0]}; by softmax: {largest[1]}. Dividing by the "
        "sum only sees ratios of scores; softmax sees their differences, which doubled."
    )
    return question, options, Truth(changed[0] + 2 * changed[1], because)


def largest_row_sum(lab: Lab) -> Question:
    """Return: whose row would sum to most with the softmax over the wrong axis?"""
    inputs, said = tensor_of(lab), lab.conventions.said
    stored, tokens = names(labels_of(lab)), names(labels_of(lab), lab.conventions)
    sums = WRONG_AXIS.run(inputs=inputs)["weights"].double().sum(dim=1)
    # Equal rows have equal sums: asked about once.
    rows = [tuple(row) for row in inputs.tolist()]
    asked = [i for i, row in enumerate(rows) if row not in rows[:i]]
    even = bool((sums - 1).abs().max() <= SAME)
    options = [*(stored[i] for i in asked), EVERY_ROW]
    shown = (*(tokens[i] for i in asked), said(EVERY_ROW))
    right = len(asked) if even else asked.index(rows.index(rows[int(sums.argmax())]))
    question = said(
        "With the softmax over the wrong axis (`dim=0`) the rows no longer have to sum to 1. "
        "Whose row would sum to the most? The scores above are a good hint."
    )
    listed = ", ".join(
        f"{literal(tokens[i])} {result_of(float(sums[i]))}"
        for i in sorted(asked, key=lambda i: -float(sums[i]))[:6]
    )
    because = f"{said('The rows')} would sum to: {listed}. Turn on *Wrong axis* to see it."
    most = float(sums.max()) - SAME
    ties = frozenset(k for k, i in enumerate(asked) if not even and float(sums[i]) >= most)
    return question, options, Truth(right, because, ties, shown)


def doubled_query_weights(lab: Lab) -> Question:
    """Return: what happens to one token's largest weight when the query weights are doubled?"""
    tokens, row = names(labels_of(lab), lab.conventions), lab.query_index
    given = {"inputs": tensor_of(lab), **parameters_of(lab)}
    before = SELF_ATTENTION.run(**given)
    doubled = {
        name: 2 * tensor if name in ("w_query", "b_query") else tensor
        for name, tensor in given.items()
    }
    after = SELF_ATTENTION.run(**doubled)
    was, now = (float(trace["weights"][row].max()) for trace in (before, after))
    right = 2 if result_of(now) == result_of(was) else int(now < was)
    question = (
        "You double every number of *Query weights* (and of its bias, if there is one). What "
        f"happens to the largest weight that **{literal(tokens[row])}** gives, to 4 decimals?"
    )
    because = (
        f"Its scores all double, so softmax sees differences twice as large: the largest weight "
        f"goes from {result_of(was)} to {result_of(now)}."
    )
    return question, ["It grows", "It shrinks", "It stays the same"], Truth(right, because)


def most_missed_head(lab: Lab) -> Question:
    """Return: which head's absence would move one token's output furthest?"""
    on = replace(lab, heads_off=())
    row, conventions = lab.query_index, lab.conventions
    trace = multi_head.trace_of(multi_head.made_by_heads(on))
    moved = multi_head.parts_of(trace, row).abs().amax(dim=1)
    word = literal(names(labels_of(lab), conventions)[row])
    heads = range(len(moved))
    options = [f"Head {USUAL.number(head)}" for head in heads]
    shown = tuple(f"Head {conventions.number(head)}" for head in heads)
    right = int(moved.argmax())
    question = (
        f"All heads are on, and you may switch one off. Which one moves the output of **{word}** "
        "furthest (the largest change of any of its numbers)?"
    )
    listed = ", ".join(f"{shown[head]} by {result_of(float(moved[head]))}" for head in heads)
    because = f"Without it, the number that changes most would move: {listed}."
    ties = frozenset(head for head in heads if float(moved[head]) >= float(moved.max()) - SAME)
    return question, options, Truth(right, because, ties, shown)


def doubled_embeddings(lab: Lab) -> Question:
    """Return: whose attention gets sharper by the most when every embedding is doubled?"""
    before, after = (side_by_side.spread_out(lab, factor) for factor in (1.0, 2.0))
    falls = {which: before[which] - after[which] for which in before}
    options = [side_by_side.SHOWN[which].title for which in falls]
    right = max(range(len(options)), key=list(falls.values()).__getitem__)
    most = max(falls.values())
    ties = frozenset(at for at, fall in enumerate(falls.values()) if fall >= most - SAME)
    told = "; ".join(
        f"{side_by_side.SHOWN[which].title}: {result_of(before[which])} → {result_of(after[which])}"
        for which in falls
    )
    question = (
        "You double **every** embedding, so that every score is four times as large (but for "
        "biases). In which mechanism does the mean entropy fall by the most bits?"
    )
    none = "It falls by less than 0.0001 in all of them. " if most < 0.5e-4 else ""
    because = f"{none}In bits, before → after: {told}."
    return question, options, Truth(right, because, ties)


def first_token_unmasked(lab: Lab) -> Question:
    """Return: to whom would the first token attend most, if no mask kept it from looking ahead?"""
    tokens = names(labels_of(lab), lab.conventions)
    given: dict[str, Any] = {"inputs": tensor_of(lab), **parameters_of(lab)}
    masked = CAUSAL_SELF_ATTENTION.run(**given)["weights"][0]
    free = SELF_ATTENTION.run(**given)["weights"][0]
    right, word = int(free.argmax()), literal(tokens[0])
    question = (
        f"With the causal mask the first token, **{word}**, gives all its attention "
        f"({result_of(float(masked[0]))}) to itself. To whom would it give most without any mask?"
    )
    most, own = (result_of(float(free[at])) for at in (right, 0))
    given_to = f"{most} to {literal(tokens[right])} and {own} to itself"
    if right == 0:
        given_to = f"most to itself, too: {own}"
    because = f"Without a mask {word} gives {given_to}. Choose the mask *None* to see it."
    ties = torch.nonzero(free >= free.max() - SAME).flatten().tolist()
    return question, names(labels_of(lab)), Truth(right, because, frozenset(ties), tuple(tokens))


def made_the_same(lab: Lab) -> Question:
    """Return: whose numbers are symmetric once both sequences are the same?"""
    both = replace(lab, same_sequence=True)
    found, is_symmetric = {}, []
    for which, shown in to_self.SHOWN.items():
        scores = shown.run(both)[shown.scored].double()
        found[which] = float((scores - scores.T).abs().max())
        is_symmetric.append(found[which] <= SAME * float(scores.abs().max()))
    options = ["none of them", "only those of 1", "only those of 2 and 3", "all of them"]
    right = is_symmetric[0] + 2 * is_symmetric[1]
    question = (
        "Suppose both sequences are your sentence. In which of the three does each pair of tokens "
        "get **one** score, the same whichever of the two asks?"
    )
    told = ", ".join(
        f"{number}: {result_of(apart)}" for number, apart in enumerate(found.values(), start=1)
    )
    does = "can, though not with these numbers" if is_symmetric[0] else "does"
    because = (
        f"The largest difference between the two directions of a pair is, in {told}. A dot product "
        f"does not mind which factor comes first. The alignment model {does}: whoever asks goes "
        "through `w_query`, whoever is asked through `w_key`. Trained projections give dot "
        "products that freedom again."
    )
    return question, options, Truth(right, because)


def grown_weight(lab: Lab) -> Question:
    """Return: by what is a weight multiplied that is kept at another rate?"""
    rate = 0.8 if lab.dropout != 0.8 else 0.75
    grown = grown_by(lab, rate)
    factors = sorted({1 - rate, 1.0, 1 + rate, 1 / (1 - rate)})
    right = min(range(len(factors)), key=lambda i: abs(factors[i] - grown))
    question = (
        f"You set the rate to {rate}. By what is each weight multiplied that is **not** dropped?"
    )
    options = [f"by {plain(factor)}" for factor in factors]
    because = (
        f"A run at this rate multiplied the kept weights by {plain(grown)}, which is "
        f"1 / (1 − {rate}): one in {plain(1 / (1 - rate))} is kept and stands for all."
    )
    return question, options, Truth(right, because)


def five_more(lab: Lab) -> Question:
    """Return: which ways of normalising notice that 5 is added to every score?"""
    row = torch.tensor([lab.row_scores], dtype=torch.float64)
    run = normalisations(lab.temperature).run
    before, after = run(scores=row), run(scores=row + 5)
    changed = tuple(
        name
        for name in ("by_sum", "naive", "weights")
        if not torch.allclose(before[name], after[name], rtol=0, atol=SAME, equal_nan=True)
    )
    told = [
        f"{term(name).title}: {_shares(before[name])} → {_shares(after[name])}"
        for name in ("by_sum", "naive", "weights")
    ]
    question = "You add 5 to **every** score of your row. Which of the three ways notices?"
    because = (
        "In float64, the first shares before → after. "
        + "; ".join(told)
        + ". In a softmax every term gets the same factor exp(5 / temperature), which cancels."
    )
    return question, list(CHANGED.values()), Truth(list(CHANGED).index(changed), because)


def _shares(row: torch.Tensor) -> str:
    return ", ".join(result_of(share) for share in row[0, :3].tolist())


def forced_look(lab: Lab) -> Question:
    """Return: which word is written first if the decoder may look at one other word only?"""
    at, now, then, likeliest = bahdanau.forced_first_word(lab)
    run = bahdanau.run_of(lab)
    word = run.source(lab.conventions)[at]
    called = {END: bahdanau.ENDS}
    options = sorted({called.get(option, option) for option in (now, *dict(likeliest))})
    question = (
        f"Suppose the decoder may look only at **{literal(word)}** before its first word, which is "
        f"now **{literal(called.get(now, now))}**. What would it write first?"
    )
    told = "; ".join(
        f"{literal(called.get(option, option))} {result_of(share)}"
        for option, share in likeliest[:3]
    )
    because = (
        f"All the weight on {literal(word)} gives these probabilities: {told}. The state that asks "
        "is still the same; only what it sees has changed. Force it above to see it."
    )
    return question, options, Truth(options.index(called.get(then, then)), because)
