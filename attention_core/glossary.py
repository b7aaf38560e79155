"""One word, one meaning, one place: what each value is called, on screen and elsewhere.

Symbols come in three sets. The notebook's: x, ω, α, z. The paper's: Q, K, V as in Vaswani et al.,
"Attention Is All You Need" (2017), section 3.2.1; it names no step in between, so S = QKᵀ,
P = softmax(S) and O = PV are those of Dao et al., "FlashAttention" (2022), section 2.2, which
goes by the same Q, K, V. And plain words.

Most of this module is one table, so it is longer than others: split, a name would have two places.
"""

from __future__ import annotations

from dataclasses import dataclass

from attention_core.conventions import USUAL, Conventions

_PAPER_LETTERS = {"query": "Q", "key": "K", "value": "V"}
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, slots=True)
class Term:
    """A named value of a mechanism: what it is called, and what it is."""

    name: str  # in code
    title: str  # on screen
    symbol: str  # the notebook's, in LaTeX
    meaning: str  # a template of ``Conventions.say``; empty when its name says it
    other_names: str = ""  # what other sources call it
    axes: tuple[str, ...] = ("row", "column")  # what its axes count, when it is an input
    counted: str = ""  # what several of its cells are called, when not by its name
    paper: str = ""  # the paper's symbol, in LaTeX, when it has one
    word: str = ""  # what one of its cells or vectors is called, when not by its name
    has_roles: bool = False  # it is query, key and value at once
    shape: tuple[str, str] | None = None  # the names of its two sizes, when they are worth saying

    @property
    def cells(self) -> str:
        """What several of its cells are called."""
        return self.counted or self.name.replace("_", " ")

    def meaning_in(self, conventions: Conventions = USUAL) -> str:
        """Return what the value is, in words, with rows, columns and its shape as they are drawn.

        Example:
            >>> term("inputs").meaning_in()
            'one vector per token, (n_tokens, d_in)'
            >>> term("inputs").meaning_in(Conventions("columns"))
            'one vector per token, (d_in, n_tokens)'
        """
        meaning = conventions.say(self.meaning) or self.name.replace("_", " ")
        return f"{meaning}, {conventions.shape(*self.shape)}" if self.shape else meaning


def _projected(role: str, plural: str, meaning: str, letter: str) -> tuple[Term, Term, Term]:
    """Return the weights of a role, its bias, and what they make."""
    title, sign = plural.capitalize(), _PAPER_LETTERS[role]
    width, own = ("d_value", "d_value") if role == "value" else ("d_out", "d_k")
    return (
        Term(
            f"w_{role}",
            f"{role.capitalize()} weights",
            f"W^{letter}",
            f"the trainable matrix of the {plural}",
            f"W_{role}, W_{letter}, c_attn",
            ("input dimension", "dimension"),
            counted=f"{role} weights",
            paper=f"W^{sign}",
            word=f"{role} matrix",
            shape=("d_in", width),
        ),
        Term(
            f"b_{role}",
            f"{role.capitalize()} bias",
            f"b^{letter}",
            f"added to all {plural}",
            f"W_{role}.bias",
            ("bias", "dimension"),
            counted=f"{role} biases",
            paper=f"b^{sign}",
            word=f"{role} bias",
            shape=("1", width),
        ),
        Term(
            plural,
            title,
            letter,
            f"{meaning}: one vector per token",
            sign,
            (f"{'query' if role == 'query' else 'key'} token", "dimension"),
            counted=f"{role} values" if role != "value" else "values",
            paper=sign,
            word=f"{role} vector",
            shape=("n_tokens", own),
        ),
    )


_TAKEN = ("r", "z")  # the notebook's z is a context vector, and r what dropout keeps


def _gate(
    name: str,
    title: str,
    letter: str,
    meaning: str,
    other_names: str = "",
    shape: tuple[str, str] | None = None,
) -> tuple[Term, ...]:
    """Return a value of a recurrent cell, the weights that make it, and its bias.

    It goes by the letter of ``torch.nn.GRU`` and ``torch.nn.LSTM``.
    """
    of = title.lower()
    weights = (
        ("w", "W", f"the weights that make the {of} from the word", ("d_in", "n_units")),
        ("u", "U", f"the weights that make the {of} from the state before", ("n_units", "n_units")),
        ("b", "b", f"added for the {of}", ("1", "n_units")),
    )
    symbol = rf"{letter}^{{\text{{gate}}}}" if letter in _TAKEN else letter
    counted = f"{of} values"
    made = Term(
        name,
        title,
        symbol,
        meaning,
        other_names,
        counted=counted,
        paper=letter,
        word=of,
        shape=shape,
    )
    return made, *(
        Term(
            f"{sign}_{name}",
            f"{title}: {matrix}",
            f"{matrix}^{{{letter}}}",
            told,
            axes=("input dimension", "dimension"),
            counted=f"weights of the {of}",
            word=f"{matrix} of the {of}",
            shape=sizes,
        )
        for sign, matrix, told, sizes in weights
    )


_RECURRENT = (
    *_gate(
        "hidden", "Hidden state", "h", "what the encoder carries on", shape=("n_tokens", "n_units")
    ),
    *_gate("input_gate", "Input gate", "i", "how much of the candidate is written, 0 to 1"),
    *_gate("forget_gate", "Forget gate", "f", "how much of the cell before is kept, 0 to 1"),
    *_gate("output_gate", "Output gate", "o", "how much of the cell is shown, 0 to 1"),
    *_gate(
        "cell_candidate",
        "Cell candidate",
        "g",
        "what could be written into the LSTM's cell at this word, −1 to 1",
        "cell gate, c̃",
    ),
    *_gate("reset_gate", "Reset gate", "r", "how much the candidate sees of the state before"),
    *_gate("update_gate", "Update gate", "z", "how much of the state before is kept, 0 to 1"),
    *_gate(
        "candidate",
        "Candidate",
        "n",
        "what could become the GRU's state at this word, −1 to 1",
        "new gate, h̃",
    ),
    Term(
        "before",
        "State before",
        r"h^{\text{before}}",
        "the hidden state as it was before each word; 0 before the first",
        "h_prev",
        counted="values of the state before",
        paper=r"h^{\text{before}}",
        word="state before",
    ),
    Term(
        "recalled",
        "Recalled",
        "p",
        "what the candidate could take from the state before, until the reset gate scales it",
        counted="recalled values",
        paper="p",
        word="recalled value",
    ),
    Term(
        "b_recalled",
        "Recalled: b",
        "b^{p}",
        "added to what is recalled",
        axes=("input dimension", "dimension"),
        counted="biases of what is recalled",
        word="b of what is recalled",
        shape=("1", "n_units"),
    ),
    Term(
        "cell",
        "Cell line",
        "c",
        "the LSTM's memory: only scaled and added to",
        "c_t",
        counted="cell values",
        paper="c",
        word="cell",
        shape=("n_tokens", "n_units"),
    ),
    Term(
        "cell_before",
        "Cell before",
        r"c^{\text{before}}",
        "the cell as it was before each word; 0 before the first",
        "c_prev",
        counted="values of the cell before",
        paper=r"c^{\text{before}}",
        word="cell before",
    ),
    Term(
        "final_hidden",
        "Final hidden state",
        r"h^{\text{final}}",
        "the hidden state after the last word: what the decoder begins with",
        counted="final values",
        paper=r"h^{\text{final}}",
        word="final state",
        shape=("1", "n_units"),
    ),
    Term(
        "final_cell",
        "Final cell",
        r"c^{\text{final}}",
        "the LSTM's cell after the last word, which the decoder gets too",
        counted="final cell values",
        paper=r"c^{\text{final}}",
        word="final cell",
        shape=("1", "n_units"),
    ),
)


def _shared(role: str, plural: str, letter: str) -> Term:
    """Return the keys or the values that several heads share."""
    return Term(
        f"shared_{plural}",
        f"Shared {plural}",
        rf"{letter}^{{\text{{shared}}}}",
        f"{plural} that several query heads share, (n_shared, n_tokens, d_head)",
        f"{role} groups, kv heads",
        ("key token", "dimension"),
        counted=f"shared {role} values" if role != "value" else "shared values",
        paper=rf"{_PAPER_LETTERS[role]}^{{\text{{shared}}}}",
        word=f"shared {role} vector",
    )


TERMS = (
    Term(
        "inputs",
        "Embeddings",
        "x",
        "one vector per token",
        "X, resid",
        ("token", "dimension"),
        counted="embedding values",
        paper="X",
        word="embedding",
        has_roles=True,
        shape=("n_tokens", "d_in"),
    ),
    Term(
        "query",
        "Query",
        "x^{(q)}",
        "the embedding of the token that asks",
        "q",
        ("query token", "dimension"),
        paper="q",
        word="query",
        shape=("1", "d_in"),
    ),
    Term(
        "query_inputs",
        "Embeddings that ask",
        r"x^{\text{query}}",
        "the embeddings of the tokens that ask",
        "decoder states",
        ("query token", "dimension"),
        counted="embedding values that ask",
        paper=r"X^{\text{query}}",
        word="asking embedding",
        shape=("n_queries", "d_query"),
    ),
    Term(
        "key_inputs",
        "Embeddings that are asked",
        r"x^{\text{key}}",
        "the embeddings of the tokens that are asked",
        "memory, encoder states",
        ("key token", "dimension"),
        counted="embedding values that are asked",
        paper=r"X^{\text{key}}",
        word="asked embedding",
        shape=("n_keys", "d_key"),
    ),
    *_projected("query", "queries", "what each token asks", "q"),
    *_projected("key", "keys", "what each token is found by", "k"),
    *_projected("value", "values", "what each token has to give", "v"),
    _shared("key", "keys", "k"),
    _shared("value", "values", "v"),
    Term(
        "projected_queries",
        "Projected queries",
        r"\tilde q",
        "the queries times the query weights, to be added to the projected keys",
        "W sᵢ₋₁ (Bahdanau)",
        counted="projected query values",
        paper=r"\tilde Q",
        word="projected query",
        shape=("n_out", "d_attn"),
    ),
    Term(
        "projected_keys",
        "Projected keys",
        r"\tilde k",
        "the keys times the key weights",
        "U hⱼ (Bahdanau)",
        counted="projected key values",
        paper=r"\tilde K",
        word="projected key",
        shape=("n_in", "d_attn"),
    ),
    Term(
        "v",
        "Alignment vector",
        "v^a",
        "the trainable vector of the alignment model: how much each tanh counts",
        "v, vₐ, the weight of a last nn.Linear",
        ("vector", "dimension"),
        counted="entries of v",
        paper="v^a",
        word="alignment vector",
        shape=("1", "d_attn"),
    ),
    Term(
        "scores",
        "Attention scores",
        r"\omega",
        "how well each key matches each query, before any normalising",
        "attn_scores, energies, e, S",
        ("query token", "key token"),
        paper="S",
        word="score",
    ),
    Term(
        "scaled",
        "Scaled scores",
        r"\tilde\omega",
        "scores times one number, such as 1 / temperature",
        "attn_scores / T",
        ("query token", "key token"),
        counted="scaled scores",
        paper=r"\tilde S",
        word="scaled score",
    ),
    Term(
        "added_scores",
        "Added to the scores",
        "b",
        "a number for each pair of tokens that is added to its score, such as one of distances",
        "attn_mask of floats, ALiBi",
        ("query token", "key token"),
        counted="added scores",
        paper="B",
        word="added score",
    ),
    Term(
        "biased",
        "Scores with what is added",
        r"\tilde\omega^{+}",
        "scaled scores plus what is added to them",
        "attn_scores + attn_mask",
        ("query token", "key token"),
        counted="scores with what is added",
        paper=r"S^{+}",
        word="score with what is added",
    ),
    Term(
        "mask",
        "Mask",
        "m",
        "who may attend to whom: 1 for may, 0 for may not",
        "attn_mask, causal_mask",
        ("query token", "key token"),
        counted="mask cells",
        paper="M",
        word="mask",
    ),
    Term(
        "masked",
        "Masked scores",
        r"\tilde\omega^{\text{mask}}",
        "scaled scores, −∞ where a query may not attend",
        "masked, attn_scores.masked_fill_",
        ("query token", "key token"),
        counted="masked scores",
        paper=r"S^{\text{mask}}",
        word="masked score",
    ),
    Term(
        "by_sum",
        "Divided by the sum",
        r"\alpha^{\text{sum}}",
        "each score as a share of its {row}'s sum",
        "attn_weights_2_tmp",
        counted="shares by the sum",
        paper=r"P^{\text{sum}}",
        word="share by the sum",
    ),
    Term(
        "naive",
        "Naive softmax",
        r"\alpha^{\text{naive}}",
        "exp(score) as a share of its {row}'s sum of exp",
        "softmax_naive",
        counted="naive shares",
        paper=r"P^{\text{naive}}",
        word="naive share",
    ),
    Term(
        "shares",
        "Shares",
        r"\alpha^{\text{all}}",
        "softmax of the scaled scores of all tokens, also of those that a mask will hide",
        "attn_weights",
        counted="shares of all",
        paper=r"P^{\text{all}}",
        word="share",
    ),
    Term(
        "zeroed",
        "Shares after the mask",
        r"\alpha^{\text{mask}}",
        "the shares, 0 where a query may not attend: a {row} no longer has to sum to 1",
        "masked_simple",
        counted="shares after the mask",
        paper=r"P^{\text{mask}}",
        word="share after the mask",
    ),
    Term(
        "weights",
        "Attention weights",
        r"\alpha",
        "shares after softmax; taken along a {row}, they sum to 1",
        "attn_weights, A, P",
        ("query token", "key token"),
        paper="P",
        word="weight",
    ),
    Term(
        "kept",
        "Kept by dropout",
        "r",
        "which weights dropout keeps: 1 for kept, 0 for dropped",
        "dropout mask, bernoulli",
        ("query token", "key token"),
        counted="draws of dropout",
        paper="R",
        word="kept or not",
    ),
    Term(
        "dropped",
        "Weights after dropout",
        r"\alpha^{\text{drop}}",
        "while training, some weights set to 0 and the others grown: a {row} need not sum to 1",
        "dropout(attn_weights)",
        ("query token", "key token"),
        counted="weights after dropout",
        paper=r"P^{\text{drop}}",
        word="weight after dropout",
    ),
    Term(
        "context",
        "Context vectors",
        "z",
        "for each query, the values mixed by its weights",
        "context_vec, Z, O",
        ("query token", "dimension"),
        counted="context values",
        paper="O",
        word="context vector",
    ),
    Term(
        "concatenated",
        "Heads side by side",
        r"z^{\text{all}}",
        "the context vectors of all heads, one after the other",
        "torch.cat, context_vec.view",
        counted="concatenated values",
        paper=r"O^{\text{all}}",
        word="concatenated context vector",
        shape=("n_tokens", "d_out"),
    ),
    Term(
        "w_out",
        "Output weights",
        r"W^{\text{out}}",
        "the trainable matrix that mixes the heads",
        "out_proj.weight.T, W_o",
        ("input dimension", "dimension"),
        counted="output weights",
        paper="W^O",
        word="output matrix",
        shape=("d_out", "d_out"),
    ),
    Term(
        "b_out",
        "Output bias",
        r"b^{\text{out}}",
        "added to every output",
        "out_proj.bias",
        ("bias", "dimension"),
        counted="output biases",
        paper="b^O",
        word="output bias",
        shape=("1", "d_out"),
    ),
    Term(
        "output",
        "Output",
        r"z^{\text{out}}",
        "the heads' context vectors, mixed",
        "attn_output, MultiHead(Q, K, V)",
        counted="output values",
        paper=r"\operatorname{MultiHead}",
        word="output",
        shape=("n_tokens", "d_out"),
    ),
    *_RECURRENT,
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
    return Term(name, words.capitalize(), rf"\text{{{words}}}", "")


def symbol(name: str, conventions: Conventions = USUAL, role: str = "") -> str:
    r"""Return a value's symbol in LaTeX.

    Args:
        name: The value's name.
        conventions: Whose symbols.
        role: ``"query"``, ``"key"`` or ``"value"``, for a value that is all of them at once.

    Example:
        >>> symbol("weights"), symbol("weights", Conventions(symbols="words"))
        ('\\alpha', '\\text{weight}')
        >>> symbol("inputs", Conventions(symbols="paper"), role="key")
        'K'
    """
    known = term(name)
    if conventions.symbols == "notebook":
        return known.symbol
    has_role = role in _PAPER_LETTERS and known.has_roles
    if conventions.symbols == "paper":
        return _PAPER_LETTERS[role] if has_role else known.paper or known.symbol
    return rf"\text{{{role if has_role else known.word or name.replace('_', ' ')}}}"


def plain_symbol(name: str, conventions: Conventions = USUAL, role: str = "") -> str:
    """Return the symbol of a value that is called by one letter or by words, as plain text.

    Example:
        >>> plain_symbol("context"), plain_symbol("context", Conventions(symbols="words"))
        ('z', 'context vector')
    """
    return symbol(name, conventions, role).removeprefix(r"\text{").removesuffix("}")


def vector(name: str, position: int, conventions: Conventions = USUAL, role: str = "") -> str:
    """Return what one token's vector is called, as plain text.

    Args:
        name: The value whose row it is.
        position: The token's, from 0.
        conventions: Whose symbols, and what the first token's number is.
        role: As for ``symbol``.

    Example:
        >>> vector("context", 1), vector("context", 1, Conventions(symbols="paper"))
        ('z⁽²⁾', 'O₂')
        >>> vector("context", 1, Conventions(count_from=0, symbols="words"))
        'context vector 1'
    """
    called, number = plain_symbol(name, conventions, role), conventions.number(position)
    if conventions.symbols == "words":
        return f"{called} {number}"
    if conventions.symbols == "paper":
        return called + number.translate(_LOWERED)
    return f"{called}⁽{number.translate(_RAISED)}⁾"
