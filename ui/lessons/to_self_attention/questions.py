"""The question at the end of the lesson "To self-attention", about the user's own numbers."""

from __future__ import annotations

from attention_core.numbers import result_of
from ui.cards.prediction import SAME, Question, Truth
from ui.lab.lab import Lab
from ui.lessons.to_self_attention.ways import WAYS


def made_the_same(lab: Lab) -> Question:
    """Return: whose numbers are symmetric once both sequences are the same?"""
    both = lab.choosing(same_sequence=True)
    found, is_symmetric = {}, []
    for which, shown in WAYS.items():
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
