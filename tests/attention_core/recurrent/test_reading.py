"""An encoder as a mechanism: the cell's own numbers, each explained, checked and carried on."""

import itertools
from typing import Any

import pytest
import torch

from attention_core.glossary import TERMS, term
from attention_core.operations import Operation
from attention_core.recurrent import Model, load_model
from attention_core.recurrent.cells import CELLS, read
from attention_core.recurrent.gates import ResetCandidate, Squashed
from attention_core.recurrent.jacobians import final_by_word
from attention_core.recurrent.reading import (
    GATES,
    Recurrence,
    cell_of,
    compare_with_torch,
    inputs_of,
    read_sentence,
    reader,
)
from attention_core.recurrent.states import Blend, KeepAndAdd, ShowCell
from attention_core.recurrent.translation import check_word_sensitivity, word_sensitivity

WORDS = ("thirty", "four", "seven", "sixty", "one")
KINDS = ("rnn", "lstm", "gru")


def random_model(kind: str, n_units: int = 7, d: int = 3) -> Model:
    """Return a small model of random weights; only its encoder is there."""
    dice = torch.Generator().manual_seed(11)
    n_rows = CELLS[kind].n_gates * n_units
    shapes = {"weight_ih": (n_rows, d), "weight_hh": (n_rows, n_units)}
    shapes |= {"bias_ih": (n_rows,), "bias_hh": (n_rows,)}  # type: ignore[dict-item]
    weights = {
        f"encoder.{name}_l0": torch.randn(shape, generator=dice, dtype=torch.float64)
        for name, shape in shapes.items()
    }
    source = torch.randn(29, d, generator=dice, dtype=torch.float64)
    return Model(kind, {**weights, "source.weight": source})


@pytest.mark.parametrize("kind", KINDS)
def test_the_steps_are_the_cells_own_values(kind: str) -> None:
    model = random_model(kind)
    trace = read_sentence(model, WORDS)
    values = read(model.cell, trace["inputs"], model.part("encoder"))
    assert set(values) <= set(trace.steps)
    for name, value in values.items():
        torch.testing.assert_close(trace[name], value, atol=1e-12, rtol=0)
    assert torch.equal(trace["before"][1:], trace["hidden"][:-1])
    assert not trace["before"][0].any()
    assert torch.equal(trace["final_hidden"], trace["hidden"][-1:])
    again = trace.mechanism.run(**trace.inputs)
    assert all(torch.equal(again[name], trace[name]) for name in trace.steps)


@pytest.mark.parametrize("kind", [*KINDS, "bahdanau"])
def test_every_route_agrees_on_a_trained_encoder(kind: str) -> None:
    trace = read_sentence(load_model(kind), WORDS)
    checks = (*trace.check(), *compare_with_torch(trace))
    assert {check.step for check in checks} == set(trace.steps)
    assert all(check.ok for check in checks), [check for check in checks if not check.ok]
    known = {term.name for term in TERMS}
    assert {*trace.mechanism.inputs, *trace.steps} <= known


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_explanation_names_is_what_was_read(kind: str) -> None:
    trace = read_sentence(random_model(kind), WORDS)
    for name in trace.steps:
        for row in range(len(trace[name])):
            explained = trace.explain(name, row, 4)
            assert explained.formula.endswith(f"= {explained.result:.4f}".replace("-0.0000", "0"))
            for operand in explained.operands:
                assert float(trace[operand.name][operand.cell]) == operand.value
    assert trace.explain("before", 0, 2).operands == ()
    (above,) = trace.explain("before", 3, 2).operands
    assert above[:2] == ("hidden", (2, 2))


SPOILT = {
    "rnn": (Squashed,),
    "lstm": (Squashed, KeepAndAdd, ShowCell),
    "gru": (Squashed, ResetCandidate, Blend),
}


@pytest.mark.parametrize(
    ("kind", "operation"), [(kind, cls) for kind, some in SPOILT.items() for cls in some]
)
@pytest.mark.parametrize("route", ["compute", "by_hand"])
def test_a_spoilt_operation_is_found_at_its_step(
    kind: str, operation: type[Operation], route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right: Any = getattr(operation, route)
    monkeypatch.setattr(operation, route, lambda *a, **more: right(*a, **more) + 1e-3)
    trace = read_sentence(load_model(kind), WORDS)
    loops = [check for check in trace.check() if check.route.startswith("loops")]
    wrong = {check.step for check in loops if not check.ok}
    spoilt = {s.name for s in trace.mechanism.steps if isinstance(s.operation, operation)}
    assert wrong == spoilt
    third = compare_with_torch(trace)
    assert all(check.ok for check in third) is (route == "by_hand")


def test_own_numbers_are_carried_on() -> None:
    trace = read_sentence(random_model("lstm"), WORDS)
    own = trace.mechanism.with_overrides({"cell": {(1, 3): 2.5}}).run(**trace.inputs)
    assert float(own["cell"][1, 3]) == 2.5
    assert torch.equal(own["hidden"][0], trace["hidden"][0])
    assert float((own["hidden"][2:] - trace["hidden"][2:]).abs().min()) > 0
    assert all(check.ok for check in own.check())


def test_what_does_not_fit_is_said() -> None:
    model = random_model("gru")
    inputs = inputs_of(model, WORDS)
    mechanism = reader("gru", len(WORDS))
    with pytest.raises(TypeError, match="expects the inputs inputs, w_reset_gate"):
        mechanism.run(inputs=inputs["inputs"])
    with pytest.raises(ValueError, match="reset_gate cannot be made: inputs"):
        mechanism.run(**{**inputs, "w_reset_gate": torch.ones(5, 7, dtype=torch.float64)})
    with pytest.raises(ValueError, match="before it exists"):
        Recurrence(("inputs",), mechanism.steps)
    with pytest.raises(ValueError, match="no step makes 'cell'"):
        Recurrence(mechanism.inputs, mechanism.steps, carried=("hidden", "cell"))


@pytest.mark.parametrize("kind", [*KINDS, "bahdanau"])
def test_the_answer_to_each_word_is_checked_word_by_word_however_little_is_left(kind: str) -> None:
    model, words = load_model(kind), ("thirty", "four") * 24
    norms = word_sensitivity(model, words)
    assert check_word_sensitivity(model, words, norms).ok
    for name in norms:
        order = norms[name].argsort().tolist()
        for at, other in itertools.product((order[0], order[20], order[-1]), (0.0, 1.00001)):
            wrong = {**norms, name: norms[name].clone()}
            wrong[name][at] *= other
            assert not check_word_sensitivity(model, words, wrong).ok
        unknown = {**norms, name: torch.full_like(norms[name], torch.nan)}
        assert not check_word_sensitivity(model, words, unknown).ok


def test_the_first_of_many_words_is_below_what_float32_resolves_in_a_plain_cell() -> None:
    norms = word_sensitivity(load_model("rnn"), ("thirty", "four") * 24)["hidden"]
    assert 0 < norms.min() < 1e-7 * norms.max()


@pytest.mark.parametrize("kind", KINDS)
def test_the_derivatives_of_a_step_are_those_of_autograd(kind: str) -> None:
    model = random_model(kind, n_units=7, d=3)
    cell, weights = model.cell, model.part("encoder")
    sentence = torch.randn(5, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def final(words: torch.Tensor) -> torch.Tensor:
        values = read(cell, words, weights)
        return torch.cat([values[name][-1] for name in cell.carries])

    expected = torch.func.jacrev(final)(sentence)
    found = final_by_word(cell, sentence, weights)
    torch.testing.assert_close(found, expected.transpose(0, 1), atol=1e-14, rtol=1e-11)


def test_the_gates_go_by_their_usual_letters() -> None:
    """As in ``torch.nn.GRU`` and ``torch.nn.LSTM``: no s and no U, which attention needs."""
    letters = {kind: [term(gate).paper for gate in gates] for kind, gates in GATES.items()}
    assert letters == {"rnn": ["h"], "lstm": list("ifgo"), "gru": list("rzn")}
    in_the_notebook = [term(gate).symbol for gate in GATES["gru"]]  # where z is a context vector
    assert in_the_notebook == [r"r^{\text{gate}}", r"z^{\text{gate}}", "n"]


def test_the_gates_are_in_torchs_order() -> None:
    assert {cell_of(random_model(kind)) for kind in KINDS} == set(GATES)
    model = random_model("lstm")
    stacked = [inputs_of(model, WORDS)[f"w_{gate}"].T for gate in GATES["lstm"]]
    assert torch.equal(torch.cat(stacked), model.weights["encoder.weight_ih_l0"])
