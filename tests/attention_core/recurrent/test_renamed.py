"""Old names of a recurrent cell's values still say what they said."""

import pytest

from attention_core.glossary import TERMS
from attention_core.recurrent import load_model
from attention_core.recurrent.reading import read_sentence
from attention_core.recurrent.renamed import OF_LSTM, renamed_in


def test_every_new_name_is_one_of_todays_lstm() -> None:
    trace = read_sentence(load_model("lstm"), ("two",))
    assert set(OF_LSTM.values()) <= {*trace.inputs, *trace.steps}
    assert set(OF_LSTM.values()) <= {term.name for term in TERMS}


@pytest.mark.parametrize("kind", ["rnn", "gru", "bahdanau"])
def test_no_name_of_another_cell_is_changed(kind: str) -> None:
    trace = read_sentence(load_model(kind), ("two",))
    assert renamed_in([*trace.inputs, *trace.steps]) == {}


def test_an_lstms_old_candidate_gets_the_name_of_today() -> None:
    found = renamed_in(["forget_gate", "w_candidate", "candidate"])
    assert (found["candidate"], found["w_candidate"]) == ("cell_candidate", "w_cell_candidate")
