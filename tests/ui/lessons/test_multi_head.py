"""Multi-head: every head as plotted, the parts that add up, heads that are off, and bad numbers."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor

from tests.attention_core.calculator import adds_up, mistakes
from tests.attention_core.chapter import MultiHeadAttention, X
from tests.screen import PROJECT, broken, cards, components, dots, edit, opened, said, send
from tests.ui.parts.test_explain_view import panel, pick, walk
from ui.cards import overriding
from ui.cards.embeddings import tensor_of
from ui.cards.parameters import EDITORS, parameters_of
from ui.cards.step_cards import pytorch_of
from ui.lab import link
from ui.lab.lab import Lab
from ui.lessons.multi_head import figures as multi_head
from ui.lessons.multi_head.questions import most_missed_head
from ui.lessons.multi_head.runs import STORED_AS, column_of, heads_of, stacked_of, trace_of
from ui.lessons.multi_head.words import differs_said, not_divisible

PAGE = PROJECT / "pages" / "multi_head.py"
PRIMES = Lab().choosing(
    sentence="a b c d e f g",
    d=5,
    preset="random",
    d_out=6,
    n_heads=3,
    drawn_as="linear with bias",
    parameter_seed=7,
    head=1,
)


def page(lab: Lab) -> AppTest:
    at = opened(PAGE, lab=link.encode(lab))
    assert broken(at) == []
    return at


def drawn(at: AppTest, group: str, card: str) -> Tensor:
    rows = cards(at, f"figures:{group}")[card]["spec"]["data"][0]["z"]
    return torch.tensor([[-math.inf if z is None else z for z in row] for row in rows])


def by_loops(lab: Lab) -> dict[str, Any]:
    """Return weights and context of each head, and the output, a head at a time."""
    x, given = tensor_of(lab), parameters_of(lab, out=True)
    d_head = lab.d_out // lab.n_heads
    found: dict[str, Any] = {"weights": [], "context": []}
    output = given["b_out"].expand(len(x), -1)
    for head in range(lab.n_heads):
        own = slice(head * d_head, (head + 1) * d_head)
        queries, keys, values = (
            x @ given[f"w_{role}"][:, own]
            + given.get(f"b_{role}", torch.zeros(1, lab.d_out))[:, own]
            for role in ("query", "key", "value")
        )
        scores = queries @ keys.T / d_head**0.5
        later = torch.ones_like(scores).triu(1).bool()
        weights = scores.masked_fill(later, -math.inf).softmax(dim=1)
        found["weights"].append(weights)
        found["context"].append(weights @ values)
        if head not in lab.value("heads_off"):
            output = output + weights @ values @ given["w_out"][own]
    return {**found, "output": output}


def test_with_linear_weights_the_output_is_the_chapters() -> None:
    at = page(Lab(drawn_as="linear"))
    torch.manual_seed(123)
    module = MultiHeadAttention(3, 2, n_heads=2)
    torch.testing.assert_close(drawn(at, "joined", "output"), module(X).detach())
    assert drawn(at, "joined", "output")[0].tolist() == pytest.approx([0.3190, 0.4858], abs=1e-4)


@pytest.mark.parametrize("off", [(), (1,), (0, 2), (0, 1, 2)])
def test_the_figures_are_those_of_heads_made_one_by_one(off: tuple[int, ...]) -> None:
    lab = PRIMES.choosing(heads_off=off)
    at, expected = page(lab), by_loops(lab)
    for head, weights in enumerate(expected["weights"]):
        torch.testing.assert_close(drawn(at, "heads", f"weights_{head}"), weights)
    torch.testing.assert_close(drawn(at, "head", "weights_large"), expected["weights"][1])
    torch.testing.assert_close(drawn(at, "head_steps", "context_1"), expected["context"][1])
    torch.testing.assert_close(drawn(at, "joined", "output"), expected["output"])
    torch.testing.assert_close(drawn(at, "stacked", "stacked"), expected["output"])
    for group in ("head", "head_steps", "joined", "contributions", "stacked"):
        for card in cards(at, f"figures:{group}").values():
            assert card["check"] is None or card["check"]["ok"], card["check"]


def test_all_heads_have_one_colour_scale_and_say_which_is_below_and_which_is_off() -> None:
    shown = cards(page(PRIMES.choosing(heads_off=(2,))), "figures:heads")
    ranges = {(c["spec"]["data"][0]["zmin"], c["spec"]["data"][0]["zmax"]) for c in shown.values()}
    assert ranges == {(0, 1)}  # the first token attends to itself alone
    assert [card["title"] for card in shown.values()] == [
        "Head 1",
        "Head 2 · shown below",
        "Head 3 · off",
    ]
    assert [card["cells"]["head"] for card in shown.values()] == [0, 1, 2]


@pytest.mark.parametrize("drawn_as", ["rand", "linear", "linear with bias"])
def test_a_head_without_query_weights_and_bias_is_even_and_the_others_stay(drawn_as: str) -> None:
    lab = replace(PRIMES, drawn_as=drawn_as)
    before = trace_of(lab)["weights"]
    zeros = [(str(row + 1), column, 0.0) for row in range(5) for column in (2, 3)]
    lab = EDITORS["w_query"].set_entries(lab, zeros)
    even = torch.ones(7, 7).tril() / torch.arange(1, 8).unsqueeze(1)
    if drawn_as == "linear with bias":
        assert not torch.allclose(trace_of(lab)["weights"][1], even, atol=1e-3)
        lab = EDITORS["b_query"].set_entries(lab, [("1", column, 0.0) for column in (2, 3)])
    after = trace_of(lab)["weights"]
    torch.testing.assert_close(after[1], even)
    assert torch.equal(after[[0, 2]], before[[0, 2]])


def test_heads_that_agree_are_not_said_to_disagree() -> None:
    for lab in (Lab(sentence="one"), Lab(preset="equal")):
        told = differs_said(trace_of(lab), [t.text for t in lab.tokens], lab.conventions)
        assert told.startswith("**The heads agree**")
    at = page(PRIMES)
    assert any(text.value.startswith("**The heads disagree most**") for text in at.markdown)


@pytest.mark.parametrize("off", [(), (1,)])
def test_the_parts_add_up_to_the_output(off: tuple[int, ...]) -> None:
    lab = PRIMES.choosing(heads_off=off, query=4, window=(0, 0, 3))
    at, expected = page(lab), by_loops(lab)
    parts = drawn(at, "contributions", "contributions")
    *heads, bias, output = parts
    w_out = parameters_of(lab, out=True)["w_out"]
    for head, part in enumerate(heads):
        own = expected["context"][head][4] @ w_out[2 * head : 2 * head + 2]
        torch.testing.assert_close(part, torch.zeros(6) if head in off else own)
    torch.testing.assert_close(bias, parameters_of(lab, out=True)["b_out"][0])
    torch.testing.assert_close(output, expected["output"][4])
    torch.testing.assert_close(torch.stack([*heads, bias]).sum(dim=0), output)
    rows = multi_head.parts_rows(lab)
    assert [row[-1] for row in rows] == [
        f"{part[3]:.4f}".replace("-0.0000", "0.0000") for part in parts
    ]
    assert rows[-1][0] == "sum = output"


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_come_out_as_printed(seed: int) -> None:
    for query, column in ((0, 0), (4, 3), (6, 5)):
        lab = replace(PRIMES, parameter_seed=seed, query=query, window=(0, 0, column))
        *rows, (name, _, total) = multi_head.parts_rows(lab)
        assert name == "sum = output"
        for _, products, part in rows[:-1]:
            assert mistakes(f"{products} = {part}") == []
        assert adds_up([part for *_, part in rows], total)


def test_a_head_is_switched_off_and_on_again() -> None:
    at = page(PRIMES)
    before = drawn(at, "joined", "output")
    table = components(at)["table:w_out"]["cells"]
    at.button_group(key="_heads_on").set_value([0, 2]).run()
    assert broken(at) == []
    assert "**Head 2 is off**" in "".join(str(text.value) for text in at.markdown)
    torch.testing.assert_close(
        drawn(at, "joined", "output"), by_loops(PRIMES.choosing(heads_off=(1,)))["output"]
    )
    assert components(at)["table:w_out"]["cells"] == table  # the user's own numbers stay
    at.button_group(key="_heads_on").set_value([0, 1, 2]).run()
    assert torch.equal(drawn(at, "joined", "output"), before)


def test_a_width_that_heads_do_not_divide_is_said_with_both_numbers() -> None:
    at = page(PRIMES.choosing(d_out=5, n_heads=2, head=7, heads_off=(4,)))
    (message,) = (text for text in said(at) if "divisible" in text)
    assert "d_out = 5 is not divisible by n_heads = 2" in message
    assert "**1 head**" in message
    assert message.endswith("Possible with this width: 1, 5.")
    assert list(cards(at, "figures:heads")) == ["weights_0"]
    assert trace_of(Lab(d_out=6, n_heads=4))["weights"].shape[0] == 3
    at.number_input(key="_n_heads").set_value(5).run()
    assert broken(at) == []
    assert [text for text in said(at) if "divisible" in text] == []
    assert len(cards(at, "figures:heads")) == 5


@pytest.mark.parametrize("d_out", range(1, 65))
def test_any_width_and_number_of_heads_has_some_that_divide(d_out: int) -> None:
    for n_heads in range(1, 17):
        lab = Lab(d_out=d_out, n_heads=n_heads)
        found = heads_of(lab)
        assert found <= n_heads
        assert d_out % found == 0
        assert bool(not_divisible(lab)) == (d_out % n_heads != 0)
        assert not any(d_out % more == 0 for more in range(found + 1, n_heads + 1))


def test_a_cell_of_a_head_is_explained_and_leads_down_through_the_head() -> None:
    place, trace = "figures:joined", trace_of(PRIMES)
    told = {"name": "concatenated", "head": None, "row": 3, "column": 4, "serial": 1}
    at = pick(page(PRIMES), told, place=place)
    shown = panel(at)
    assert [(o["name"], o["head"], o["cell"]) for o in shown["operands"]] == [
        ("context", 2, [3, 0])
    ]
    walk(at, {"name": "context", "head": 2, "row": 3, "column": 0, "serial": 1}, place=place)
    assert panel(at)["formula"] == trace.explain("context", 2, 3, 0).formula
    assert panel(at)["said"].startswith("Head 3: context vector of d, d1 = ")
    walk(at, {"name": "dropped", "head": 2, "row": 3, "column": 1, "serial": 2}, place=place)
    walk(at, {"name": "weights", "head": 2, "row": 3, "column": 1, "serial": 3}, place=place)
    assert panel(at)["trail"][-1] == "weights · head 3 · d → b"
    walk(at, {"name": "queries", "head": 2, "row": 3, "column": 1, "serial": 4}, place=place)
    last = panel(at)["operands"][-1]
    assert (last["name"], last["cell"], last["is_input"]) == ("b_query", [0, 5], True)


@pytest.mark.parametrize(
    "cell",
    [
        {"name": "weights", "row": 0, "column": 0},
        {"name": "weights", "head": 3, "row": 0, "column": 0},
        {"name": "weights", "head": -1, "row": 0, "column": 0},
        {"name": "weights", "head": "0", "row": 0, "column": 0},
        {"name": "output", "head": 0, "row": 0, "column": 0},
    ],
)
def test_what_is_no_cell_of_a_head_is_not_explained(cell: dict[str, Any]) -> None:
    at = pick(page(PRIMES), {**cell, "serial": 1}, place="figures:heads")
    assert not [name for name in components(at) if name.startswith("explain:")]


def test_a_trail_through_a_head_is_in_the_address() -> None:
    lab = replace(PRIMES, trail=(("figures:heads", "weights", 2, 4, 1),))
    assert panel(page(lab))["trail"] == ["weights · head 3 · e → b"]


def test_an_edit_of_one_heads_columns_leaves_the_other_heads_alone() -> None:
    at = page(PRIMES)
    before = [drawn(at, "heads", f"weights_{head}") for head in range(3)]
    send(at, edit(1, ("2", 2, -3.0)), widget_key="table:w_query")  # column 3 is head 2's
    after = [drawn(at, "heads", f"weights_{head}") for head in range(3)]
    assert [torch.equal(*both) for both in zip(before, after, strict=True)] == [True, False, True]


def test_the_answer_is_the_head_without_which_the_output_moves_furthest() -> None:
    for token in range(7):
        lab = PRIMES.choosing(query=token, heads_off=(0,))
        on = by_loops(lab.choosing(heads_off=()))["output"][token]
        moved = [
            float((by_loops(lab.choosing(heads_off=(head,)))["output"][token] - on).abs().max())
            for head in range(3)
        ]
        _, options, truth = most_missed_head(lab)
        assert options == ["Head 1", "Head 2", "Head 3"]
        assert truth.right == moved.index(max(moved))


def test_the_shown_code_makes_the_output() -> None:
    lab = PRIMES.choosing(heads_off=(1,))
    trace = trace_of(lab)

    for run in (trace, stacked_of(lab)):
        names: dict[str, Any] = {}
        exec(pytorch_of(run), names)
        for name in (*run.inputs, *run.steps):
            assert names[name].dtype == run[name].dtype
            assert torch.equal(names[name], run[name]), name


def test_large_heads_are_shown_in_part_with_one_choice_for_tokens_of_all_kinds() -> None:
    lab = Lab(sentence=" ".join(f"w{n}" for n in range(41)), d_out=4, window=(30, 20, 0))
    at = page(lab)
    trace = trace_of(lab)
    whole = drawn(at, "heads:part", "weights_1_part")
    assert torch.equal(whole, trace["weights"][1, 25:35, 16:24])
    shown = cards(at, "figures:head_steps:part")
    assert [card["cells"]["head"] for card in shown.values()] == [0] * len(shown)
    keys = [box.key for box in at.selectbox if box.key and ":part:" in box.key]
    assert len(keys) == len(set(keys))
    told = {"name": "scores", "head": 0, "row": 3, "column": 5, "serial": 1}
    pick(at, told, place="figures:head_steps")
    assert torch.equal(drawn(at, "heads:part", "weights_1_part"), trace["weights"][1, :10, 1:9])


def test_a_dot_stands_on_the_head_whose_number_is_ones_own_and_on_no_other() -> None:
    lab, trace = PRIMES, trace_of(PRIMES)
    for head, name, row, column in ((0, "weights", 4, 2), (2, "weights", 6, 1), (2, "keys", 3, 1)):
        cell = (head, row, column)
        lab = overriding.with_override(lab, trace, STORED_AS, name, cell, 0.5)
    for head, marked, noted in (
        (0, {"weights": [(4, 2)], "keys": []}, "Yours: 1 of the weights"),
        (1, {"weights": [], "keys": []}, ""),
        (2, {"weights": [(6, 1)], "keys": [(3, 1)]}, "Yours: 1 of the weights"),
    ):
        shown = lab.choosing(head=head)
        (large,) = multi_head.one_head(shown).cards
        steps = {card.linked["name"]: card for card in multi_head.head_steps(shown).cards}
        found = {"weights": large, "keys": steps["keys"]}
        assert {name: dots(card.spec) for name, card in found.items()} == marked
        assert large.note.startswith(noted)
        assert ("Yours" in large.note) == bool(noted)


def test_numbers_of_ones_own_in_the_output_have_no_parts_and_break_nothing() -> None:
    lab = Lab()
    row, column = lab.query_index, column_of(lab)
    own = overriding.with_override(lab, trace_of(lab), STORED_AS, "output", (row, column), 9.0)
    assert float(trace_of(own)["output"][row, column]) == 9.0
    (before,), (after,) = multi_head.contributed(lab).cards, multi_head.contributed(own).cards
    assert after.spec["data"] == before.spec["data"]
    assert after.check
    assert after.check.ok
    assert "Your own numbers in the output are left out here" in after.check.text
    assert multi_head.parts_rows(own) == multi_head.parts_rows(lab)
    page(own)
