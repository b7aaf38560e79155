"""The question at the end of the lesson "Bahdanau attention", about the user's own numbers."""

from __future__ import annotations

from attention_core.numbers import result_of
from attention_core.recurrent.language import END
from ui.cards.literal import literal
from ui.cards.prediction import Question, Truth
from ui.lab.lab import Lab
from ui.lessons.bahdanau_attention.runs import ENDS, looking_at, run_of


def forced_look(lab: Lab) -> Question:
    """Return: which word is written first if the decoder may look at one other word only?"""
    at, now, then, likeliest = forced_first_word(lab)
    run = run_of(lab)
    word = run.source(lab.conventions)[at]
    called = {END: ENDS}
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
