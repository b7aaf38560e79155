"""To self-attention: three ways on the same two sequences, and on one."""

import math
import re
from dataclasses import replace
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from attention_core.parameters import additive_parameters
from tests.attention_core.calculator import mistakes
from tests.screen import PROJECT, broken, cards, codes, components, edit, opened, order, said, send
from ui.cards.embeddings import tensor_of
from ui.cards.parameters import EDITORS, alignment_of, parameters_of
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.to_self_attention import figures as to_self
from ui.lessons.to_self_attention import ways as to_self_ways
from ui.lessons.to_self_attention.questions import made_the_same
from ui.lessons.to_self_attention.ways import PLACE, WAYS, sequences_of, trace_of
from ui.lessons.to_self_attention.words import MOST_EXPONENT, bound_said, who_asks

PAGE = PROJECT / "pages" / "to_self_attention.py"
PRIMES = Lab(sentence="a b c d e f g", other_sentence="b k w x y", d=11, preset="random", d_out=3)
SAME = PRIMES.choosing(same_sequence=True)
each_lab = pytest.mark.parametrize("lab", [Lab(), PRIMES, SAME], ids=["first", "primes", "same"])


def page(lab: Lab) -> AppTest:
    at = opened(PAGE, lab=link.encode(lab))
    assert broken(at) == []
    return at


def drawn(at: AppTest, which: str, card: str) -> Tensor:
    return torch.tensor(cards(at, f"{PLACE}{which}")[card]["spec"]["data"][0]["z"])


def by_hand(lab: Lab) -> dict[str, Tensor]:
    """Return what the softmax of each gets, written out number by number."""
    asked = tensor_of(lab).double().tolist()
    other = lab if lab.value("same_sequence") else replace(lab, sentence=lab.other_sentence)
    asking = tensor_of(other).double().tolist()
    w, u, v = (tensor.double().tolist() for tensor in alignment_of(lab).values())
    found: dict[str, list[list[float]]] = {"additive": [], "dot": [], "scaled": []}
    for s in asking:
        energies, products = [], []
        for h in asked:
            energy = 0.0
            for k, counts in enumerate(v[0]):
                energy += counts * math.tanh(
                    sum(x * w[c][k] for c, x in enumerate(s))
                    + sum(x * u[c][k] for c, x in enumerate(h))
                )
            energies.append(energy)
            products.append(sum(x * y for x, y in zip(s, h, strict=True)))
        found["additive"].append(energies)
        found["dot"].append(products)
        found["scaled"].append([product / math.sqrt(lab.d) for product in products])
    return {which: torch.tensor(rows) for which, rows in found.items()}


@each_lab
def test_every_picture_has_the_numbers_of_plain_loops(lab: Lab) -> None:
    at = page(lab)
    for which, scores in by_hand(lab).items():
        weights = torch.softmax(scores, dim=1)
        torch.testing.assert_close(drawn(at, which, WAYS[which].scored), scores)
        torch.testing.assert_close(drawn(at, which, "weights"), weights)
        torch.testing.assert_close(drawn(at, which, "context"), weights @ tensor_of(lab))
        assert all(card["check"]["ok"] for card in cards(at, f"{PLACE}{which}").values())
    assert not [text for text in said(at) if "not the same" in text]


@each_lab
def test_all_three_are_drawn_on_one_scale(lab: Lab) -> None:
    at = page(lab)
    for name in ("scores", "weights", "context"):
        ends = set()
        for which, shown in WAYS.items():
            whole = cards(at, f"{PLACE}{which}")[shown.scored if name == "scores" else name]
            ends.add((whole["spec"]["data"][0]["zmin"], whole["spec"]["data"][0]["zmax"]))
        assert len(ends) == 1, name
    largest = max(float(drawn(at, which, WAYS[which].scored).abs().max()) for which in WAYS)
    whole = cards(at, f"{PLACE}dot")["scores"]["spec"]["data"][0]
    assert whole["zmax"] == pytest.approx(largest)


def test_the_switch_makes_them_square_and_goes_along_and_is_undone() -> None:
    at = page(PRIMES)
    assert cards(at, f"{PLACE}dot")["weights"]["shape"] == "5 × 7"
    assert at.text_input(key="_other_sentence").value == "b k w x y"
    at.toggle(key="_same_sequence").set_value(True).run()
    assert broken(at) == []
    for which in WAYS:
        assert cards(at, f"{PLACE}{which}")["weights"]["shape"] == "7 × 7"
    told = [text.value for text in at.markdown if "“self”" in text.value]
    assert len(told) == 1
    assert "to the last bit" in told[0]
    text = components(at)["table:embeddings"]["lab"]
    assert link.decode(text) == replace(SAME, applied=link.decode(text).applied)
    send(at, order(1, "undo"))
    assert not at.toggle(key="_same_sequence").value
    assert cards(at, f"{PLACE}dot")["weights"]["shape"] == "5 × 7"


def test_own_numbers_are_no_page_start_here() -> None:
    assert "to the last bit" in who_asks(SAME)
    at = page(SAME)
    at.session_state[f"{PLACE}dot"] = {
        "picked": {"serial": 1, "name": "scores", "head": None, "row": 2, "column": 1}
    }
    at.run()
    at.text_input(key=f"_own:to_self_dot:{PLACE}dot:scores:2, 1").set_value("4").run()
    assert broken(at) == []
    assert float(drawn(at, "dot", "scores")[2, 1]) == 4.0
    assert float(drawn(at, "scaled", "scaled")[2, 1]) != 4.0 / math.sqrt(11)
    assert not [text for text in at.markdown if "to the last bit" in text.value]
    assert [text for text in at.caption if text.value.startswith("Torch cannot be told")]


def test_own_numbers_on_start_here_are_not_those_of_this_page() -> None:
    own = replace(SAME, overrides=SAME.overrides.with_rows({("start/weights", 2, 7): {1: 4.0}}))
    assert "to the last bit" not in who_asks(own)


def test_v_is_a_table_and_moves_the_energies_alone() -> None:
    at = page(PRIMES)
    shown = components(at)["table:v"]
    assert [row["label"] for row in shown["rows"]] == ["v"]
    assert torch.equal(torch.tensor(shown["cells"]), alignment_of(PRIMES)["v"])
    before = {which: drawn(at, which, "weights") for which in WAYS}
    at = send(at, edit(1, ("1", 2, -3.75)), widget_key="table:v")
    assert broken(at) == []
    moved = [which for which in WAYS if not torch.equal(drawn(at, which, "weights"), before[which])]
    assert moved == ["additive"]
    assert components(at)["table:v"]["edited"] == [[0, 2]]


def test_no_energy_is_left_when_v_is_0() -> None:
    lab = EDITORS["v"].set_entries(PRIMES, [("1", column, 0.0) for column in range(3)])
    weights = drawn(page(lab), "additive", "weights")
    torch.testing.assert_close(weights, torch.full((5, 7), 1 / 7))
    assert "v" not in parameters_of(lab)


@pytest.mark.parametrize("drawn_as", ["rand", "linear", "linear with bias"])
def test_weights_are_those_of_every_page_and_v_is_reproducible(drawn_as: str) -> None:
    lab = replace(PRIMES, drawn_as=drawn_as)
    given, everywhere = alignment_of(lab), parameters_of(lab)
    assert {name: tuple(tensor.shape) for name, tensor in given.items()} == {
        "w_query": (11, 3),
        "w_key": (11, 3),
        "v": (1, 3),
    }
    for name in ("w_query", "w_key"):
        assert torch.equal(given[name], everywhere[name])
    drawn_v = additive_parameters(11, 11, 3, 123, linear=drawn_as != "rand")["v"]
    assert torch.equal(given["v"][0], drawn_v)
    assert not torch.equal(given["v"], alignment_of(replace(lab, parameter_seed=7))["v"])
    page(lab)


def test_a_cell_is_explained_down_to_v() -> None:
    at = page(PRIMES)
    pick = {"serial": 1, "name": "scores", "head": None, "row": 1, "column": 3}
    at.session_state[f"{PLACE}additive"] = {"picked": pick}
    at.run()
    assert broken(at) == []
    told = components(at)[f"explain:{PLACE}additive"]
    assert told["said"].startswith("energy of k (query) with d (key) = ")
    assert told["formula"].count("·tanh(") == 3
    assert [operand["label"] for operand in told["operands"]][:3] == [
        "v · vector · d1",
        "projected_queries · k · d1",
        "projected_keys · d · d1",
    ]
    assert f"explain:{PLACE}dot" not in components(at)


def test_links_stay_within_a_way_and_lead_to_the_table() -> None:
    scopes = {}
    for lab, reads in ((PRIMES, ["queries", "w_query"]), (SAME, ["inputs", "w_query"])):
        at = page(lab)
        for which in WAYS:
            own = {card["cells"]["scope"] for card in cards(at, f"{PLACE}{which}").values()}
            (scopes[which],) = own
        assert len(set(scopes.values())) == 3
        shown = cards(at, f"{PLACE}additive")
        assert shown["projected_queries"]["cells"]["of"] == reads
        assert shown["projected_keys"]["cells"]["of"] == ["inputs", "w_key"]


@each_lab
def test_the_code_computes_all_three(lab: Lab) -> None:
    own = replace(lab, overrides=lab.overrides.with_rows({("to_self_dot/scores", 2, 7): {1: 4.0}}))
    names: dict[str, Any] = {}
    exec(to_self.code_of(own), names)
    for which in WAYS:
        trace = trace_of(own, which)
        assert torch.equal(names[f"{which}_weights"], trace["weights"])
        assert torch.equal(names[f"{which}_context"], trace["context"])
    assert codes(page(lab))[0].startswith("import torch\n")


def test_what_each_costs() -> None:
    n_out, n_in, d, d_attn = 5, 7, 11, 3
    projected = (n_out + n_in) * d * d_attn
    pairs = n_out * n_in
    assert to_self.costs(PRIMES) == {
        "additive": (2 * d * d_attn + d_attn, projected + pairs * d_attn, pairs * d_attn, 105),
        "dot": (0, pairs * d, 0, pairs),
        "scaled": (0, pairs * d + pairs, 0, pairs),
    }


def test_only_dot_products_are_symmetric_until_the_matrices_are_equal() -> None:
    _, options, truth = made_the_same(PRIMES)
    assert options[truth.right] == "only those of 2 and 3"
    energies = trace_of(SAME)["scores"]
    products = trace_of(SAME, "dot")["scores"]
    assert not torch.allclose(energies, energies.T, atol=1e-3)
    torch.testing.assert_close(products, products.T)
    given = alignment_of(PRIMES)["w_query"].tolist()
    cells = [
        (str(row + 1), column, x) for row, line in enumerate(given) for column, x in enumerate(line)
    ]
    _, options, truth = made_the_same(EDITORS["w_key"].set_entries(PRIMES, cells))
    assert options[truth.right] == "all of them"


@pytest.mark.parametrize("factor", [1.0, 10.0, 1000.0])
@pytest.mark.parametrize("drawn_as", ["rand", "linear"])
@pytest.mark.parametrize("preset", ["notebook", "ten-times", "random"])
def test_weights_differ_by_no_more_than_the_page_says(
    preset: str, drawn_as: str, factor: float
) -> None:
    lab = Lab().choosing(preset=preset, drawn_as=drawn_as, same_sequence=True)
    v = alignment_of(lab)["v"][0].tolist()
    lab = EDITORS["v"].set_entries(lab, [("1", at, factor * x) for at, x in enumerate(v)])
    bound = sum(abs(x) for x in alignment_of(lab)["v"][0].tolist())
    told = bound_said(lab)
    (now,) = re.findall(r"now ([\d.]+)\. So a weight is at most exp\(2·\1\)", told)
    assert float(now) == pytest.approx(bound, abs=0.5e-4)
    trace = trace_of(lab)
    assert float(trace["scores"].abs().max()) <= bound * (1 + 1e-6)
    weights = trace["weights"].double()
    if 2 * bound < MOST_EXPONENT:
        ((line, most),) = re.findall(r"(exp\(.*\) = ([\d.e+]+)) times another", told)
        assert mistakes(line) == []
        assert float(most) == pytest.approx(math.exp(2 * bound), rel=1e-3)
        assert float((weights.amax(1) / weights.amin(1)).max()) <= float(most) * 1.001
    else:
        assert ") times another" in told


def test_ten_times_larger_does_what_the_page_says() -> None:
    small, large = (Lab(preset=preset, drawn_as="linear") for preset in ("notebook", "ten-times"))
    scores = [trace_of(lab, "dot")["scores"] for lab in (small, large)]
    torch.testing.assert_close(scores[1], 100 * scores[0])
    energies = [float(trace_of(lab)["scores"].abs().max()) for lab in (small, large)]
    assert energies[1] > 1.5 * energies[0]  # hence no word of "hardly"
    assert energies[1] <= float(alignment_of(large)["v"].abs().sum())


def test_the_longer_two_vectors_the_further_from_0_is_their_score() -> None:
    for lab in (Lab(), PRIMES, Lab().with_entries([("journey", 1, 0, -5.0)])):
        before = trace_of(lab, "dot")["scores"]
        keys = tensor_of(lab)
        longer = (
            to_self_ways.WAYS["dot"]
            .run(lab)
            .mechanism.run(queries=sequences_of(lab)["queries"], keys=3 * keys, values=keys)[
                "scores"
            ]
        )
        assert (longer.abs() >= before.abs()).all()


@pytest.mark.parametrize("scale", [1e-5, 1e-3, 1.0, 30.0, 1e3, 1e4])
@pytest.mark.parametrize("lab", [Lab(), PRIMES, Lab(sentence=" ".join("abcdefghijklmnopq"), d=64)])
def test_the_prediction_tells_rounding_from_a_difference(lab: Lab, scale: float) -> None:
    lab = lab.with_entries(
        [
            (token.word, token.nth, column, entry * scale)
            for token, row in zip(lab.tokens, lab.embeddings, strict=True)
            for column, entry in enumerate(row)
        ]
    )
    _, options, truth = made_the_same(lab)
    x = tensor_of(lab).double()
    w, u, v = (tensor.double() for tensor in alignment_of(lab).values())
    energies = torch.tanh((x @ w)[:, None] + x @ u) @ v[0]
    is_same = bool((energies - energies.T).abs().max() <= 1e-5 * energies.abs().max())
    assert options[truth.right] == ("all of them" if is_same else "only those of 2 and 3")
    assert ("can, though not with these numbers" in truth.because) is is_same


@pytest.mark.parametrize("other", ["", " ?! ", "word " * 100, "\x00", "שלום עולם"])
def test_any_other_sentence(other: str) -> None:
    n_out = {"": 4, " ?! ": 4, "word " * 100: 64, "\x00": 4, "שלום עולם": 2}[other]
    at = page(Lab(other_sentence=other))
    assert cards(at, f"{PLACE}dot")["weights"]["shape"] == f"{n_out} × 6"


def test_the_lens_names_both_sequences() -> None:
    at = page(replace(PRIMES, has_lens=True))
    shown = cards(at, "figures:lens:to_self")
    rows = {name: card["spec"]["layout"]["yaxis"]["ticktext"] for name, card in shown.items()}
    assert rows["lens_queries"] == list("bkwxy")
    assert rows["lens_keys"] == rows["lens_values"] == list("abcdefg")
    assert rows["lens_v"] == ["vector"]
    assert all(card["check"]["ok"] for card in shown.values())
