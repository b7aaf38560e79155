"""The pictures show the trace's own numbers, whatever the sizes; and the notebook's."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attention_core import ONE_QUERY, Conventions, Trace
from attention_core.conventions import COUNT_FROM, QUERIES_AS, SYMBOLS
from attention_core.figures.pictures import Spec, alignment_spec, flow_spec, space_spec, widest_px
from attention_core.notebook import CONTEXT, INPUTS, QUERY
from attention_core.studies.alignment import Alignment, alignment
from tests.attention_core.matrices import matrix

TOKENS = ["<b>to</b>", "be", "to", "or", "not"]
EVERY = [Conventions(*chosen) for chosen in itertools.product(QUERIES_AS, COUNT_FROM, SYMBOLS)]

WORDS = ["Your", "journey", "starts", "with", "one", "step"]
WEIGHTS = [0.1385, 0.2379, 0.2333, 0.1240, 0.1082, 0.1581]
PRIMES = (2, 3, 5, 7, 11, 13)


def notebook() -> Trace:
    """The notebook's own query over its own tokens."""
    return ONE_QUERY.run(query=INPUTS[[QUERY]], inputs=INPUTS)


def random_trace(rng: torch.Generator, n_tokens: int, width: int) -> Trace:
    """The last of some random tokens as the query."""
    inputs = torch.randn(n_tokens, width, generator=rng)
    return ONE_QUERY.run(query=inputs[[-1]], inputs=inputs)


def flow_of(trace: Trace, words: list[str]) -> Spec:
    return flow_spec(trace["weights"], trace["inputs"], trace["context"], words)


def lines_of(spec: Spec) -> list[Spec]:
    return [line for line in spec["data"] if line["mode"] == "lines"]


def test_flow_carries_the_notebooks_weights_as_widths() -> None:
    lines = lines_of(flow_of(notebook(), WORDS))
    assert [line["name"] for line in lines] == WORDS
    widths = [line["line"]["width"] / widest_px(6) for line in lines]
    assert widths == pytest.approx(WEIGHTS, abs=0.5e-4)
    assert [line["customdata"][0] for line in lines] == pytest.approx(WEIGHTS, abs=0.5e-4)


def test_flow_leads_every_token_to_the_context_vector() -> None:
    spec = flow_of(notebook(), WORDS)
    lines = lines_of(spec)
    assert [line["y"][0] for line in lines] == [0, 1, 2, 3, 4, 5]
    assert {line["y"][-1] for line in lines} == {2.5}
    first, last = spec["layout"]["yaxis"]["range"]
    assert first > last  # the first token on top
    assert spec["layout"]["yaxis"]["ticktext"][1] == "journey <b>0.2379</b><br>(0.55, 0.87, 0.66)"
    assert spec["layout"]["yaxis2"]["ticktext"] == ["<b>z</b><br>0.4419<br>0.6515<br>0.5683"]


@given(st.permutations(PRIMES))
def test_flow_widths_are_proportional_to_the_weights(sizes: list[int]) -> None:
    n_tokens, width = sizes[:2]
    trace = random_trace(torch.Generator().manual_seed(n_tokens * width), n_tokens, width)
    lines = lines_of(flow_of(trace, [f"t{i}" for i in range(n_tokens)]))
    drawn = torch.tensor([line["line"]["width"] for line in lines]).double()
    shares = trace["weights"][0].double()
    assert torch.allclose(drawn / drawn.sum(), shares / shares.sum(), atol=1e-6)


def space_of(trace: Trace, query: int, words: list[str]) -> list[Spec]:
    arrows: list[Spec] = space_spec(trace["inputs"], query, trace["context"], words)["data"]
    return arrows


def tips(arrows: list[Spec]) -> torch.Tensor:
    return torch.tensor([[arrow[axis][1] for axis in "xyz"] for arrow in arrows])


def test_space_holds_the_notebooks_vectors_and_their_context() -> None:
    arrows = space_of(notebook(), QUERY, WORDS)
    assert torch.allclose(tips(arrows[:-1]), INPUTS)
    assert torch.allclose(tips(arrows[-1:]), CONTEXT[[QUERY]], atol=0.5e-4)
    assert all(arrow[axis][0] == 0 for arrow in arrows for axis in "xyz")
    assert [arrow["name"] for arrow in arrows] == [*WORDS, "z"]
    colours = [arrow["meta"]["colors"]["light"] for arrow in arrows]
    assert len({colours[QUERY], colours[0], colours[-1]}) == 3


@pytest.mark.parametrize("width", [1, 2, 3, 5, 16])
def test_space_draws_the_first_three_dimensions_and_0_for_missing_ones(
    width: int, rng: torch.Generator
) -> None:
    trace = random_trace(rng, 7, width)
    drawn = tips(space_of(trace, 6, list("abcdefg")))
    shown = min(width, 3)
    assert torch.allclose(drawn[:-1, :shown], trace["inputs"][:, :shown])
    assert torch.allclose(drawn[-1, :shown], trace["context"][0, :shown])
    assert not drawn[:, shown:].any()


def test_words_that_are_markup_stay_words(rng: torch.Generator) -> None:
    trace = random_trace(rng, 2, 3)
    words = ["<b>x</b>", "<a href='javascript:alert(1)'>"]
    found = alignment(trace["query"][0], trace["inputs"][0])
    specs = [
        flow_of(trace, words),
        space_spec(trace["inputs"], 1, trace["context"], words),
        alignment_spec(found, 1.0, words[0], words[1]),
    ]
    for spec in specs:
        assert "<b>x" not in str(spec)
        assert "<a" not in str(spec)


def test_alignment_of_the_notebooks_first_score() -> None:
    found = alignment(INPUTS[QUERY], INPUTS[0])
    assert found.cosine is not None
    assert math.prod(found.lengths) * found.cosine == pytest.approx(0.9544, abs=0.5e-4)
    query, key, *_ = alignment_spec(found, 1.3, "journey", "Your")["data"]
    assert (query["x"][1], query["y"][1]) == pytest.approx((found.lengths[0], 0))
    assert query["x"][1] * key["x"][1] == pytest.approx(0.9544, abs=0.5e-4)  # a flat dot product
    assert math.hypot(key["x"][1], key["y"][1]) == pytest.approx(float(INPUTS[0].norm()))


@pytest.mark.parametrize("zero_first", [True, False])
def test_a_zero_vector_has_no_angle_and_a_picture_all_the_same(zero_first: bool) -> None:
    zero, other = torch.zeros(3), torch.tensor([0.0, 3.0, 4.0])
    found = alignment(zero, other) if zero_first else alignment(other, zero)
    assert found == Alignment((0.0, 5.0) if zero_first else (5.0, 0.0), None, None)
    assert len(alignment_spec(found, 5.0, "a", "b")["data"]) == 2  # no arc, no shadow


@pytest.mark.parametrize(("sign", "degrees"), [(1, 0), (-1, 180)])
def test_parallel_vectors_stand_at_0_or_180_degrees(sign: int, degrees: int) -> None:
    vector = torch.tensor([0.1, 0.2, 0.3])
    assert alignment(vector, sign * 7 * vector).degrees == pytest.approx(degrees, abs=1e-4)


@pytest.mark.parametrize("conventions", EVERY, ids=str)
def test_pictures_keep_their_numbers(conventions: Conventions) -> None:
    inputs = matrix(5, 3, 7)
    trace = ONE_QUERY.run(query=inputs[[4]], inputs=inputs)
    parts = trace["inputs"], trace["context"]
    flow = flow_spec(trace["weights"], *parts, TOKENS, conventions)
    space = space_spec(trace["inputs"], 4, trace["context"], TOKENS, conventions)
    usual = flow_spec(trace["weights"], *parts, TOKENS)["data"]
    assert flow["data"] == usual
    for arrow, own in zip(
        space["data"], space_spec(trace["inputs"], 4, trace["context"], TOKENS)["data"], strict=True
    ):
        assert [arrow[axis] for axis in "xyz"] == [own[axis] for axis in "xyz"]
    called = {"notebook": "z", "paper": "O", "words": "context vector"}[conventions.symbols]
    assert space["data"][-1]["name"] == called
    assert space["layout"]["scene"]["xaxis"]["title"]["text"] == f"d{conventions.count_from}"
    shown = flow["layout"]["yaxis2"]["ticktext"][0]
    assert shown.startswith(f"<b>{called.replace(' ', '<br>')}</b><br>")
