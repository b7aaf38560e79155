"""Side by side: every mechanism on the same numbers and the same scale, each by itself."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from attention_core import STACKED_HEADS
from attention_core.figures.labels import literal as plotly_literal
from attention_core.studies.entropy import entropy
from tests.screen import PROJECT, broken, cards, codes, components, edit, opened, said, send
from ui.cards.embeddings import tensor_of
from ui.cards.parameters import EDITORS, parameters_of
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.side_by_side import figures as side_by_side
from ui.lessons.side_by_side.kinds import KINDS, PLACE, bounds_of, spread_out, trace_of
from ui.lessons.side_by_side.taken import code_of
from ui.lessons.side_by_side.words import stacked_said

PAGE = PROJECT / "pages" / "side_by_side.py"
PRIMES = Lab(sentence="a b c d e f g", d=5, preset="random", d_out=6, n_heads=3, d_value=11)


def page(**chosen: Any) -> AppTest:
    at = opened(PAGE, lab=link.encode(Lab().choosing(**chosen)))
    assert broken(at) == []
    return at


def drawn(at: AppTest, which: str, card: str = "weights") -> Tensor:
    return torch.tensor(cards(at, f"{PLACE}{which}")[card]["spec"]["data"][0]["z"])


def by_hand(lab: Lab) -> dict[str, Tensor]:
    """Return every mechanism's weights, written out in torch."""
    x, given = tensor_of(lab), parameters_of(lab, out=True)
    asked = tensor_of(replace(lab, sentence=lab.other_sentence))
    hidden = torch.ones(len(x), len(x), dtype=torch.bool).triu(1)

    def scores(ask: Tensor, be_asked: Tensor) -> Tensor:
        queries, keys = ask @ given["w_query"], be_asked @ given["w_key"]
        return queries @ keys.T / math.sqrt(lab.d_out)

    split = [
        (x @ given[name]).view(len(x), lab.n_heads, -1).transpose(0, 1)
        for name in ("w_query", "w_key")
    ]
    in_heads = split[0] @ split[1].transpose(1, 2) / (lab.d_out / lab.n_heads) ** 0.5
    found = {
        "simple": x @ x.T,
        "self": scores(x, x),
        "causal": scores(x, x).masked_fill(hidden, -math.inf),
        "heads": in_heads.masked_fill(hidden, -math.inf),
        "cross": scores(x, asked),
    }
    return {which: torch.softmax(each, dim=-1) for which, each in found.items()}


@pytest.mark.parametrize("lab", [Lab(), PRIMES], ids=["notebook", "primes"])
def test_every_mechanism_has_the_weights_of_torch(lab: Lab) -> None:
    at = opened(PAGE, lab=link.encode(lab))
    assert broken(at) == []
    expected = by_hand(lab)
    assert list(expected) == list(KINDS)
    for which, weights in expected.items():
        if weights.ndim == 2:
            torch.testing.assert_close(drawn(at, which), weights)
        else:
            heads = [drawn(at, which, f"weights_{head}") for head in range(lab.n_heads)]
            torch.testing.assert_close(torch.stack(heads), weights)
        shares = weights.double()
        bits = -(shares * shares.clamp_min(1e-300).log2()).sum(dim=-1)
        columns = bits.T if bits.ndim == 2 else bits.unsqueeze(1)
        torch.testing.assert_close(drawn(at, which, "entropy").double(), columns, atol=1e-5, rtol=0)


def test_all_are_drawn_on_one_scale_and_checked() -> None:
    at = page()
    for which in KINDS:
        for card in cards(at, f"{PLACE}{which}").values():
            whole = card["spec"]["data"][0]
            n_keys = 4 if which == "cross" else 6
            top = math.log2(n_keys) if card["id"] == "entropy" else 1.0
            assert (whole["zmin"], whole["zmax"]) == (0.0, top)
            assert card["check"]["ok"]
            assert card["alt"]


def test_links_stay_within_a_mechanism() -> None:
    at = page()
    scopes = [
        {card["cells"]["scope"] for card in cards(at, f"{PLACE}{which}").values() if card["cells"]}
        for which in KINDS
    ]
    assert all(len(own) == 1 for own in scopes)
    assert len(set.union(*scopes)) == len(KINDS)


def test_a_cell_is_explained_in_its_own_place_and_words() -> None:
    at = page()
    pick = {"serial": 1, "name": "weights", "head": None, "row": 1, "column": 3}
    at.session_state[f"{PLACE}cross"] = {"picked": pick}
    at.run()
    assert broken(at) == []
    told = components(at)[f"explain:{PLACE}cross"]
    assert told["said"].startswith("journey (query) gives ")
    assert told["said"].endswith(" of its attention to start (key)")
    assert told["scope"] == cards(at, f"{PLACE}cross")["weights"]["cells"]["scope"]
    assert f"explain:{PLACE}self" not in components(at)


def test_the_other_sentence_names_the_keys_also_when_it_is_as_long() -> None:
    at = page(other_sentence="<b> k w x y z q", keep_punctuation=False)
    labels = ["b", "k", "w", "x", "y", "z", "q"][:7]
    shown = cards(at, f"{PLACE}cross")["weights"]
    assert shown["spec"]["layout"]["xaxis"]["ticktext"] == labels
    at = page(other_sentence="u v w x y z")
    shown = cards(at, f"{PLACE}cross")["weights"]
    assert shown["spec"]["layout"]["xaxis"]["ticktext"] == list("uvwxyz")
    assert shown["spec"]["layout"]["yaxis"]["ticktext"][1] == plotly_literal("journey")
    assert shown["cells"]["columns"] == list("uvwxyz")


def test_asking_oneself_is_self_attention() -> None:
    at = page(other_sentence=Lab().sentence)
    assert torch.equal(drawn(at, "cross"), drawn(at, "self"))


def test_the_last_row_is_the_same_with_and_without_the_mask() -> None:
    at = page()
    torch.testing.assert_close(drawn(at, "causal")[-1], drawn(at, "self")[-1])
    assert not torch.equal(drawn(at, "causal")[-2], drawn(at, "self")[-2])


@pytest.mark.parametrize(("d_out", "n_heads"), [(3, 2), (2, 3), (5, 16)])
def test_heads_that_cannot_share_the_width_say_so_and_the_rest_goes_on(
    d_out: int, n_heads: int
) -> None:
    at = page(d_out=d_out, n_heads=n_heads)
    (told,) = [text for text in said(at) if "cannot be split" in text]
    assert f"d_out = {d_out}" in told
    assert f"n_heads = {n_heads}" in told
    shown = [name for name in components(at) if name.startswith(PLACE)]
    assert shown == [f"{PLACE}{which}" for which in KINDS if which != "heads"]
    with pytest.raises(ValueError, match=f"d_out = {d_out}, and n_heads = {n_heads}"):
        side_by_side.figures_of(Lab(d_out=d_out, n_heads=n_heads), "heads")


@pytest.mark.parametrize("drawn_as", ["rand", "linear", "linear with bias"])
def test_stacked_heads_are_the_same(drawn_as: str) -> None:
    told = stacked_said(replace(PRIMES, drawn_as=drawn_as))
    assert "give the same weights: largest difference" in told
    assert "cannot" not in told


@pytest.mark.parametrize("drawn_as", ["rand", "linear with bias"])
def test_the_code_computes_every_row(drawn_as: str) -> None:
    lab = replace(PRIMES, drawn_as=drawn_as, d_value=0)
    names: dict[str, Any] = {}
    exec(code_of(lab), names)
    for which in KINDS:
        trace = trace_of(lab, which)
        assert torch.equal(names[f"{which}_weights"], trace["weights"])
    assert codes(page())[0].startswith("import torch\n")


def test_an_edit_of_the_key_weights_moves_all_but_the_untrained() -> None:
    at = page()
    before = {which: drawn(at, which, "entropy") for which in KINDS}
    at = send(at, edit(1, ("2", 1, -3.75)), widget_key="table:w_key")
    assert broken(at) == []
    moved = [
        which for which in KINDS if not torch.equal(drawn(at, which, "entropy"), before[which])
    ]
    assert moved == ["self", "causal", "heads", "cross"]


def test_the_numbers_are_those_of_the_pictures() -> None:
    lab = Lab()
    table = side_by_side.summary(lab)
    assert table["mechanism"][3:5] == [
        "Multi-head attention, head 1",
        "Multi-head attention, head 2",
    ]
    assert {len(column) for column in table.values()} == {6}
    weights = by_hand(lab)["self"].double()
    mean = float(-(weights * weights.log2()).sum(dim=-1).mean())
    assert float(table["mean entropy (bits)"][1]) == pytest.approx(mean, abs=1e-4)
    assert table["at most"][-1] == "2.0000"
    open_keys = sum(math.log2(row + 1) for row in range(6)) / 6
    assert table["at most"][2:5] == [f"{open_keys:.4f}"] * 3 == ["1.5820"] * 3
    assert table["at most"][:2] == ["2.5850"] * 2


@pytest.mark.parametrize(
    "lab",
    [
        Lab(),
        Lab(preset="ten-times"),
        Lab(drawn_as="linear with bias"),
        Lab(sentence=" ".join(f"w{row}" for row in range(20))),
        Lab(preset="equal"),
        Lab(sentence="one"),
        PRIMES,
    ],
)
def test_no_entropy_is_beyond_its_bound_and_equal_weights_reach_it(lab: Lab) -> None:
    table = side_by_side.summary(lab)
    for mean, most in zip(table["mean entropy (bits)"], table["at most"], strict=True):
        assert float(mean) <= float(most) + 1e-4
        if lab.preset == "equal":
            assert float(mean) == pytest.approx(float(most), abs=1e-4)
    for which in KINDS:
        trace = trace_of(lab, which)
        bounds = torch.tensor(bounds_of(trace))
        seen = (trace["weights"] > -1) if "mask" not in trace.inputs else trace["mask"]
        counts = seen.sum(dim=-1) if seen.ndim == 2 else seen.sum(dim=-1)[0]
        torch.testing.assert_close(bounds, counts.float().log2())
        assert (entropy(trace["weights"]) <= bounds + 1e-5).all()


def test_the_note_names_the_bound_of_what_a_row_may_attend_to() -> None:
    at = page()
    notes = {which: cards(at, f"{PLACE}{which}")["entropy"]["note"] for which in KINDS}
    assert notes["self"].endswith("at most log₂ 6 = 2.5850, where 6 get the same.")
    assert notes["causal"].endswith("from log₂ 1 = 0.0000 to log₂ 6 = 2.5850.")
    assert notes["cross"].endswith("at most log₂ 4 = 2.0000, where 4 get the same.")
    turned = cards(page(queries_as="columns"), f"{PLACE}causal")["entropy"]["note"]
    assert "that a column may attend to" in turned
    alone = cards(page(sentence="one"), f"{PLACE}causal")["entropy"]["note"]
    assert alone == "In bits: with a single token there is nothing to spread."


def test_a_long_embedding_draws_those_that_point_its_way_only() -> None:
    lab = Lab().with_entries([("journey", 1, at, x) for at, x in enumerate((-5.0, 0.0, 0.0))])
    x = tensor_of(lab)
    assert int(x.norm(dim=1).argmax()) == 1
    before, weights = (trace_of(own, "simple")["weights"] for own in (Lab(), lab))
    others = [row for row in range(6) if row != 1]
    assert (x[others] @ x[1] < 0).all()
    assert (weights[others, 1] < before[others, 1]).all()
    longer = lab.with_entries([("journey", 1, 0, -10.0)])
    scores = [trace_of(own, "simple")["scores"] for own in (lab, longer)]
    assert (scores[1][:, 1].abs() > scores[0][:, 1].abs()).all()
    assert "points away" not in KINDS["simple"].told
    assert "that point away" in KINDS["simple"].told


def test_linear_weights_come_close_to_the_largest_entropy_from_small_embeddings() -> None:
    for preset, is_close in (("notebook", True), ("ten-times", False)):
        table = side_by_side.summary(Lab(drawn_as="linear", preset=preset))
        rest = zip(table["mean entropy (bits)"][1:], table["at most"][1:], strict=True)
        assert all(float(most) - float(mean) < 0.01 for mean, most in rest) is is_close


@pytest.mark.parametrize(("other", "n_keys"), [("", 4), ("word " * 100, 64), ("שלום עולם", 2)])
def test_any_other_sentence(other: str, n_keys: int) -> None:
    at = page(other_sentence=other)
    assert cards(at, f"{PLACE}cross")["weights"]["shape"] == f"6 × {n_keys}"


@pytest.mark.parametrize("drawn_as", ["rand", "linear", "linear with bias"])
def test_zero_query_weights_share_evenly_over_what_is_seen(drawn_as: str) -> None:
    entries = [(str(row + 1), column, 0.0) for row in range(3) for column in range(2)]
    lab = EDITORS["w_query"].set_entries(Lab(drawn_as=drawn_as), entries)
    if drawn_as == "linear with bias":
        uneven = side_by_side.summary(lab)
        assert uneven["mean entropy (bits)"][1] < uneven["at most"][1]
        lab = EDITORS["b_query"].set_entries(lab, [("1", column, 0.0) for column in range(2)])
    at = opened(PAGE, lab=link.encode(lab))
    bits = drawn(at, "causal", "entropy").flatten()
    torch.testing.assert_close(bits, torch.arange(1, 7).log2())
    table = side_by_side.summary(lab)
    assert table["mean entropy (bits)"][1:] == table["at most"][1:]
    assert table["mean entropy (bits)"][0] == side_by_side.summary(Lab())["mean entropy (bits)"][0]


def test_stacked_heads_with_other_weights_are_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "give the same weights: " in stacked_said(Lab())
    right = STACKED_HEADS.run

    class Wrong:
        """Stacked heads with one weight that is off by a thousandth."""

        def run(self, *given: Any, **more: Any) -> dict[str, Tensor]:
            weights = right(*given, **more)["weights"].clone()
            weights[1, 4, 0] *= 1.001
            return {"weights": weights}

    monkeypatch.setattr("ui.lessons.side_by_side.words.STACKED_HEADS", Wrong())
    assert "give :red[**other weights**]: " in stacked_said(Lab())


def test_the_prediction_is_answered_by_the_core() -> None:
    after = spread_out(Lab(), 2.0)
    x = tensor_of(Lab()) * 2
    weights = torch.softmax(x @ x.T, dim=-1).double()
    assert after["simple"] == pytest.approx(
        float(-(weights * weights.log2()).sum(-1).mean()), abs=1e-5
    )
    at = page(answers={"side": "Simple self-attention"})
    assert any("In bits, before → after: Simple self-attention: " in text for text in said(at))


def test_a_long_sentence_is_an_overview_with_sampled_checks() -> None:
    at = page(sentence=" ".join(f"w{n}" for n in range(300)))
    shown = cards(at, f"{PLACE}causal")
    assert "overview" in shown["weights"]["note"]
    assert shown["entropy"]["check"]["detail"][0].startswith("loops, 256 seeded rows")
