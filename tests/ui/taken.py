"""Labs whose pages are taken along: the first one, and those that are hard to write down."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from ui.lab.edits import Edits
from ui.lab.lab import Lab

# Of the hostile words those that a sentence keeps; each sign of them is a token of its own.
HOSTILE = "it's \\ a\"b ''' */ nu\x00ll bidi\u202eabc <b> 👩‍👩‍👧‍👦 שלום 日本 {s}"


def _own(place: str, step: str, row: int, width: int, numbers: dict[int, float]) -> Edits:
    return Edits.of({(f"{place}/{step}", row, width, c): number for c, number in numbers.items()})


OVERRIDES = Edits.of(
    {
        ("start/scores", 1, 6, 0): 2.5,
        ("start/weights", 2, 6, 3): 0.9,
        ("start/context", 6, 3, 2): -1e6,
        ("qkv/queries", 1, 2, 1): 0.1,
        ("qkv/scaled", 3, 6, 5): -7.0,
        ("qkv/context", 1, 2, 0): 3.0,
        ("causal/masked", 2, 6, 4): 1.25,
        ("causal/weights", 4, 6, 0): 0.5,
        ("dropout/dropped", 2, 6, 1): 4.0,
        ("heads/queries/1", 2, 1, 0): 9.0,
        ("heads/weights/0", 5, 6, 2): 0.75,
        ("heads/concatenated", 3, 2, 1): -2.0,
    }
)
LABS: Mapping[str, Lab] = MappingProxyType(
    {
        "first": Lab(),
        "hostile words": Lab(
            sentence=HOSTILE, keep_punctuation=True, d=5, preset="random", other_sentence=HOSTILE
        ),
        "own numbers": Lab().choosing(
            overrides=OVERRIDES, order_seed=7, drawn_as="linear with bias"
        ),
        "nobody to attend to": Lab().choosing(
            painted=Edits.of({("mask", 1, 6, 0): 0.0, ("mask", 3, 6, 5): 1.0}),
            row_scores=(-5.0, 1000.0, 3.0, 2.0),
            dtype="float16",
            wrong_axis=True,
            dropout=0.9,
        ),
        "one token": Lab().choosing(sentence="one", d=1, d_out=1, n_heads=1, row_scores=(0.0,)),
        "one head, own numbers": Lab().choosing(
            n_heads=1,
            d_out=3,
            overrides=_own("heads", "concatenated", 2, 3, {0: 5.0, 2: -0.1}),
            row_scores=(1.0, -1.0),
            dtype="float64",
        ),
        "large numbers": Lab().choosing(
            preset="ten-times", d=16, d_out=12, n_heads=4, dtype="bfloat16"
        ),
        "seventeen": replace(
            Lab(sentence=" ".join(f"w{n}" for n in range(17)), d=7), preset="random", d_out=6
        ),
    }
)
