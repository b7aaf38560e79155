"""One word, one meaning, one place: what each value is called, on screen and elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A named value of the lesson."""

    name: str  # in code
    title: str  # on screen
    symbol: str  # in LaTeX
    meaning: str
    other_names: str = ""  # what other sources call it
    axes: tuple[str, ...] = ("row", "column")  # what its axes count, when it is an input
    counted: str = ""  # what several of its cells are called, when not by its name

    @property
    def cells(self) -> str:
        """What several of its cells are called."""
        return self.counted or self.name.replace("_", " ")


TERMS = (
    Term(
        "inputs",
        "Embeddings",
        "x",
        "one vector per token, (n_tokens, d_in)",
        "X, resid",
        ("token", "dimension"),
        counted="embedding values",
    ),
    Term(
        "query",
        "Query",
        "x^{(q)}",
        "the embedding of the token that asks, (1, d_in)",
        "q",
        ("query token", "dimension"),
    ),
    Term(
        "scores",
        "Attention scores",
        r"\omega",
        "dot products of queries and keys, before any normalising",
        "attn_scores, e, S",
        ("query token", "key token"),
    ),
    Term(
        "scaled",
        "Scaled scores",
        r"\tilde\omega",
        "scores times one number, such as 1 / temperature",
        "attn_scores / T",
        counted="scaled scores",
    ),
    Term(
        "by_sum",
        "Divided by the sum",
        r"\alpha^{\text{sum}}",
        "each score as a share of its row's sum",
        "attn_weights_2_tmp",
        counted="shares by the sum",
    ),
    Term(
        "naive",
        "Naive softmax",
        r"\alpha^{\text{naive}}",
        "exp(score) as a share of its row's sum of exp",
        "softmax_naive",
        counted="naive shares",
    ),
    Term(
        "weights",
        "Attention weights",
        r"\alpha",
        "shares after softmax; taken along a row, they sum to 1",
        "attn_weights, A, P",
    ),
    Term(
        "context",
        "Context vectors",
        "z",
        "for each query, the values mixed by its weights",
        "context_vec, Z, O",
        counted="context values",
    ),
)

_BY_NAME = {term.name: term for term in TERMS}


def term(name: str) -> Term:
    """Return the glossary entry for a name; a name it lacks stands for itself.

    Example:
        >>> term("weights").title, term("my_step").title
        ('Attention weights', 'My step')
    """
    known = _BY_NAME.get(name)
    if known:
        return known
    words = name.replace("_", " ")
    return Term(name, words.capitalize(), rf"\text{{{words}}}", words)
