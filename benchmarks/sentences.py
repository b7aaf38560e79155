"""The sentence and its embeddings, the same for every page that is measured."""

from attention_core.embeddings import NOTEBOOK_SENTENCE, embed
from attention_core.tokens import tokenize


def sentence_of(n_tokens: int) -> str:
    """Return the notebook's sentence, continued until it has so many different words."""
    words = NOTEBOOK_SENTENCE.split()
    return " ".join([*words, *(f"word{i}" for i in range(len(words), n_tokens))][:n_tokens])


def matrix_of(n_tokens: int, d: int) -> list[list[float]]:
    """Return the embeddings that the app starts with for that sentence."""
    return [list(row) for row in embed(tokenize(sentence_of(n_tokens)), d, "notebook", 123)]
