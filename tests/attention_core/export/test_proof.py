"""The proof as text: what it says, what it holds, and that a changed number makes it fail."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from attention_core import CAUSAL_SELF_ATTENTION, SIMPLE_SELF_ATTENTION, Trace
from attention_core.export import Derived, Shown, Table, literals, proof
from attention_core.export.literals import exactly, tensor_code, texts_code
from attention_core.export.proof import blocks, script
from attention_core.mechanisms.simple import normalisations
from tests.attention_core import printed
from tests.attention_core.export.hostile import TOKENS
from tests.attention_core.export.proofs import comments, imports, run, spoilt
from tests.attention_core.matrices import matrix

X = torch.tensor(printed.X)


def shown_of(trace: Trace, tokens: list[str] | None = None) -> Shown:
    return Shown("run", "A run", trace, tokens or [f"t{row}" for row in range(len(trace.output))])


def script_of(*shown: Shown) -> str:
    return script(blocks("A page", shown))


def test_the_proof_of_the_notebook_reads_like_the_notebook() -> None:
    text = script_of(shown_of(SIMPLE_SELF_ATTENTION.run(inputs=X), list(printed.TOKENS)))
    assert "    [0.55, 0.87, 0.66],  # 'journey'\n" in text
    assert "\nscores = inputs @ inputs.T  # (6, 6): query token × key token\n" in text
    assert "\nweights = torch.softmax(scores, dim=-1)  # (6, 6): query token × key token\n" in text
    assert "attn_scores" in text
    assert imports(text) == {"torch"}
    names = run(text)
    assert torch.equal(names["context"], SIMPLE_SELF_ATTENTION.run(inputs=X)["context"])
    assert names["tokens"] == list(printed.TOKENS)


def test_hostile_words_are_data_and_nothing_else() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(len(TOKENS), 3, 0))
    text = script_of(replace(shown_of(trace, list(TOKENS)), key_tokens=list(reversed(TOKENS))))
    assert all(line.isprintable() for line in text.split("\n"))
    assert imports(text) == {"torch"}
    names = run(text)
    assert (names["tokens"], names["key_tokens"]) == (list(TOKENS), list(reversed(TOKENS)))
    assert all(len(comment) < 200 for comment in comments(text))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("n", [1, 7, 37])
def test_every_step_holds_and_every_changed_number_is_found(dtype: torch.dtype, n: int) -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=matrix(n, 5, 0, dtype=dtype))
    text = script_of(shown_of(trace))
    names = run(text)
    for step in trace.steps:
        assert names[step].dtype == dtype
        assert torch.equal(names[step], trace[step])
    if n == 37:  # too many for lists: rows of text
        assert 'torch.tensor(numbers("""' in text
        return
    by = max(0.01, 64 * torch.finfo(dtype).eps)  # what few digits cannot hide
    for _, tree in spoilt(text, by):
        with pytest.raises(AssertionError, match="differ"):
            run(tree)


def test_a_changed_number_in_rows_of_text_is_found() -> None:
    text = script_of(shown_of(SIMPLE_SELF_ATTENTION.run(inputs=matrix(37, 5, 0))))
    rows = [found.start(1) for found in re.finditer(r'numbers\("""\n(-?\d)', text)]
    assert len(rows) == 2, "scores and weights"
    for place in rows:
        with pytest.raises(AssertionError, match="differ"):
            run(f"{text[:place]}9{text[place:]}")


def partial(monkeypatch: pytest.MonkeyPatch) -> tuple[str, Trace]:
    monkeypatch.setattr(proof, "MOST_NUMBERS", 5_000)
    mask = torch.ones(41, 41, dtype=torch.bool).tril()
    mask[3] = False
    weights = [matrix(5, 3, seed, dtype=torch.float32) for seed in range(3)]
    trace = CAUSAL_SELF_ATTENTION.run(matrix(41, 5, 9, dtype=torch.float32), *weights, mask=mask)
    return script_of(shown_of(trace)), trace


def test_too_many_numbers_are_told_in_part_and_still_found(monkeypatch: pytest.MonkeyPatch) -> None:
    text, trace = partial(monkeypatch)
    assert "too many for one file" in text
    large = [name for name in trace.steps if trace[name].numel() > literals.MOST_LISTED]
    assert text.count("th number, and the sum of each row") == len(large) > 3
    names = run(text)
    assert torch.equal(names["masked"], trace["masked"])
    for step in ("scores", "scaled", "weights", "dropped"):
        made = text.index(f"\n{step} = ")
        end = text.index("\n", made + 1)
        spoil = f"\n{step} = {step} + 0.001 * torch.eye(41)[5].diag()"
        with pytest.raises(AssertionError, match=f"{step} differ"):
            run(text[:end] + spoil + text[end:])


def test_own_numbers_are_set_as_the_user_did_and_said() -> None:
    own = SIMPLE_SELF_ATTENTION.with_overrides({"weights": {(1, 0): 0.9, (0, 2): -1.5}})
    trace = own.run(inputs=X)
    text = script_of(shown_of(trace))
    assert "\n# These numbers are your own, in place of what was computed:\n" in text
    assert "\nweights[1, 0] = 0.9\n" in text
    assert torch.equal(run(text)["context"], trace["context"])
    with pytest.raises(AssertionError, match="weights differ"):
        run(text.replace("weights[1, 0] = 0.9\n", ""))


def test_what_is_not_a_number_is_compared_too() -> None:
    mask = torch.tensor([[False, False], [True, False]])
    trace = CAUSAL_SELF_ATTENTION.run(torch.eye(2), *(torch.eye(2),) * 3, mask=mask)
    text = script_of(shown_of(trace))
    assert "from torch import inf, nan" in text
    run(text)
    with pytest.raises(AssertionError, match="weights differ"):
        run(text.replace("[nan, nan],", "[0.0, nan],", 1))
    with pytest.raises(AssertionError, match="masked differ"):
        run(text.replace("[-inf, -inf],", "[inf, -inf],", 1))


def test_shares_of_nothing_but_rounding_are_shown_and_not_compared() -> None:
    trace = normalisations().run(scores=torch.tensor([[1.0, -1.0]]))
    text = script_of(Shown("row", "A row", trace, ["row"], ["a", "b"]))
    assert "nothing but rounding errors" in text
    run(text)


def test_a_value_besides_the_steps_is_made_and_compared() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    derived = Derived(
        "sums",
        "what each row sums to",
        "sums = weights.sum(dim=-1)",
        trace["weights"].sum(-1),
        ("query token",),
        1e-6,
        lambda values: values["weights"].sum(-1),
    )
    text = script_of(replace(shown_of(trace), derived=(derived,)))
    assert torch.equal(run(text)["sums"], derived.tensor)
    with pytest.raises(AssertionError, match="sums differ"):
        run(text.replace("sums = weights.sum(dim=-1)", "sums = weights.sum(dim=0)"))


def test_labelled_data_is_data() -> None:
    table = Table("times", "Times", "Measured once.", ("n", "what's it"), ((2, 0.5), (4, 'a"b')))
    text = script(blocks("A page", [], [table]))
    assert run(text)["times"] == {"n": [2, 4], "what's it": [0.5, 'a"b']}
    with pytest.raises(ValueError, match="must have 2 entries"):
        replace(table, rows=((1.0,),))


def test_a_run_on_the_numbers_above_does_not_repeat_them() -> None:
    trace = SIMPLE_SELF_ATTENTION.run(inputs=X)
    text = script_of(shown_of(trace), shown_of(trace))
    assert text.count("inputs = torch.tensor") == 1
    assert text.count("\nscores = ") == 2
    run(text)


def test_another_computers_rounding_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiply in float64 and round at the end: as far off as an honest computer gets."""
    texts = [
        script_of(shown_of(SIMPLE_SELF_ATTENTION.run(inputs=size * matrix(23, 11, seed).float())))
        for seed, size in enumerate((0.001, 1.0, 3.0, 30.0))
    ]

    def matmul(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return torch.matmul(one.double(), other.double()).to(one.dtype)

    before = [run(text)["context"] for text in texts]
    monkeypatch.setattr(torch.Tensor, "__matmul__", matmul)
    after = [run(text)["context"] for text in texts]
    assert not all(map(torch.equal, before, after)), "the other computer rounds otherwise"


def test_texts_and_numbers_come_back() -> None:
    names: dict[str, object] = {}
    exec(texts_code("tokens", TOKENS), names)
    assert names["tokens"] == list(TOKENS)
    many = torch.randn(5_000, dtype=torch.float32)
    assert torch.equal(torch.tensor([float(t) for t in exactly(many.tolist(), many.dtype)]), many)
    row = torch.tensor([1.0, -0.0, 1e-45])
    exec(f"import torch\n{tensor_code('row', row)}", names)
    assert torch.equal(names["row"].view(torch.int32), row.view(torch.int32))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("dtype", "bytes_each"), [(torch.float32, 16), (torch.float64, 25)])
def test_a_file_is_no_larger_than_the_documentation_says(
    dtype: torch.dtype, bytes_each: int
) -> None:
    generator = torch.Generator().manual_seed(3)
    sizes = torch.randint(
        -300 if dtype == torch.float64 else -44, 0, (20_000,), generator=generator
    )
    numbers = -torch.rand(20_000, dtype=dtype, generator=generator) * 10.0 ** sizes.to(dtype)
    longest = max(len(text) for text in exactly(numbers.tolist(), dtype)) + 1  # and a space
    assert bytes_each - 1 <= longest <= bytes_each
    docs = Path(__file__).parents[3] / "docs"
    told = (docs / "take-it-with-you.md").read_text(encoding="utf-8")
    assert "at most about 16 MB, of float64 numbers\n  25 MB;" in told
    assert f"up to {proof.MOST_NUMBERS:,} numbers" in told
