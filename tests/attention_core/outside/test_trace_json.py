"""A trace as JSON: values keep their names, and earlier ones are understood."""

from pathlib import Path

import numpy as np

from attention_core import Mechanism, Trace, load_trace
from attention_core.outside.saving import to_bytes
from attention_core.recurrent import load_model
from attention_core.recurrent.reading import read_sentence


def test_the_values_of_an_lstm_that_were_saved_under_earlier_names_open_with_todays() -> None:
    path = Path(__file__).parents[2] / "data" / "trace-version-1-lstm.npz"
    stored = np.load(path)
    again = load_trace(path)
    assert again.names == read_sentence(load_model("lstm"), ["seven"]).names
    for name in again.names:
        earlier = name.replace("cell_candidate", "candidate")
        assert np.array_equal(again[name].numpy(), stored[earlier]), name


def test_the_values_of_a_gru_keep_their_names() -> None:
    values = read_sentence(load_model("gru"), ["seven"])
    trace = Trace(Mechanism(values.names, ()), {name: values[name] for name in values.names})
    assert load_trace(to_bytes(trace, ".npz")).names == trace.names
