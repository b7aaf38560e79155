"""What may go into each field of a lab, and what is refused with the field's name."""

import json
from typing import Any

import pytest

from tests.ui.labs import packed_json
from ui.lab.checks import MAX_EDITS
from ui.lab.edits import Edits
from ui.lab.lab import Lab, known_fields
from ui.lab.link import LinkError, decode, from_file

WRONG: dict[str, list[Any]] = {
    "sentence": [3, None, ["a"], {}, True, "a" * 100_001],
    "keep_punctuation": [0, 1, "true", None, []],
    "d": [0, 65, 3.0, "3", True, None, [3], 10**400],
    "preset": ["", "Notebook", 1, None, [], {}],
    "seed": [-1, 1_000_000, 1.5, "1", False, None],
    "edits": [
        1,
        "a",
        {},
        [1],
        [[]],
        [["a", 1, 3, 0]],
        [["a", 1, 3, 0, 1.0, 2, 3, 4]],
        [["a", 1, 3, 1, 1.0, 2, 3]],
        [["a", 1, 64, 0, *[1.0] * 65]],
        [["a", 1, 3, 0, 1.0, "2"]],
        [["a", 1, 3, 3, 1.0]],
        [[1, 1, 3, 0, 1.0]],
        [["a", 0, 3, 0, 1.0]],
        [["a", 1, 65, 0, 1.0]],
        [["a", 1, 3, -1, 1.0]],
        [["a", 1, 64, 64, 1.0]],
        [["a", 1, 3, 0, "1"]],
        [["a", 1, 3, 0, None]],
        [["a", 1, 3, 0, True]],
        [["a", 1, 3, 0, 1e7]],
        [["a", 1.0, 3, 0, 1]],
        [["a", [], 3, 0, 1]],
        [["a", 1, 3, 0, 1]] * (MAX_EDITS + 1),
        [[f"w{n}", 1, 64, 0, *[1] * 64] for n in range(MAX_EDITS // 64 + 1)],
    ],
    "query": [-1, 512, 1.0, "1", None],
    "moment": [-1, 512, 1.0, "1", None],
    "wrong_axis": [0, "no", None],
    "order_seed": [-1, 10**6, 0.5, None],
    "row_scores": [[], 1, "12", None, {}, [None], ["1"], [True], [1e7], [[1]], [0] * 65],
    "temperature": [0, 0.01, 101, -1, "1", None, True, [1], 10**400],
    "dtype": ["float8", "", None, 64, ["float32"]],
    "answers": [1, [], "a", {"a": 1}, {"a": "b" * 201}, {"a" * 101: "b"}],
    "trail": [
        1,
        "a",
        {},
        [1],
        [[]],
        [["a", "scores", 0]],
        [["a", "scores", 0, 0, 0, 0]],
        [["a", "weights", 0, 0, 2**20 + 1]],
        [["a", "weights", None, 0, 0]],
        [[1, "scores", 0, 0]],
        [["a", None, 0, 0]],
        [["a", "scores", -1, 0]],
        [["a", "scores", 0, 2**20 + 1]],
        [["a", "scores", True, 0]],
        [["a", "scores", 0.0, 0]],
        [["a" * 101, "scores", 0, 0]],
        [["a", "scores", 0, 0]] * 17,
    ],
    "window": [
        1,
        [],
        [0, 0],
        [0, 0, 2**20 + 1],
        [2**20 + 1, 0, 0],
        [0, -1, 0],
        [0.5, 0, 0],
        "abc",
        None,
    ],
    "table_row": [-1, 512, 1.0, "1", None, True],
    "applied": [1, [], {"a": -1}, {"a": "1"}, {"a": 1.0}, {"a": 2**40 + 1}],
    "queries_as": ["diagonals", "", None, 0, ["rows"]],
    "count_from": [-1, 2, "0", 0.0, True, None],
    "symbols": ["greek", "", None, 1, ["paper"]],
    "d_out": [0, 65, 2.0, True],
    "d_value": [-1, 65, "2"],
    "drawn_as": ["ones", 1],
    "parameter_seed": [-1, 10**7],
    "parameters": [7, [["w_query", 1, 2]], [["w_query", 1, 65, 0, 1.0]]],
    "most_d_k": [0, 4_097],
    "n_heads": [0, 17, 1.5],
    "head": [-1, 16],
    "heads_off": [3, [16], [True]],
    "mask_preset": ["triangle", None],
    "mask_size": [0, 513],
    "painted": ["all", [["mask", 1, 513, 0, 1.0]]],
    "leak_token": [-2, 512],
    "dropout": [1, 1.5, -0.1, "half", float("nan")],
    "training": [1, "yes"],
    "dropout_seed": [-1, 0.5],
    "n_draws": [0, 1_001],
    "other_sentence": [5, "x" * 100_001],
    "same_sequence": [1, "yes", None],
    "overrides": [{}, [["weights", 1, 6, 6, 1.0]], [["weights", 1, 6, 0, float("nan")]]],
    "has_lens": [1, "on"],
    "goal": [1, [0, 0, 0.9], [0, 512, 0.9, 0], [0, 0, 1.0, 0], [0, 0, 0.9, -1], [0, 0, "x", 0]],
    "goal_moves": ["inputs", ["w_value"], [1]],
    "goal_from": [None, "x" * 100_001],
    "goal_step": [-1, 10_001],
    "numbers": [3, None, ["a"], "a" * 20_001],
    "reader": ["transformer", "", None, 1],
    "decoder_step": [-1, 100, 1.0, None],
    "sees_encoder": [0, "no", None],
    "train_kind": ["transformer", "", None, 1],
    "train_units": [3, 65, 8.0, "8"],
    "train_seed": [-1, 10**6, None],
    "pinned": [1, "x" * 100_001],
    "showing": ["C", None],
    "parameter_row": [-1, 64],
    "tensors": [1, None, "x" * 65],
    "tensor_roles": [1, [], {"queries": 1}, {"queries": "b" * 201}],
    "tensor_tokens": [1, "x" * 100_001],
    "tensor_mask": ["triangle", "", None],
    "tensors_scaled": [0, "no", None],
    "tensor_layer": [-1, 512, 1.0],
    "tensor_head": [-1, 512, "1"],
}


def test_every_field_is_tried() -> None:
    assert set(WRONG) == set(known_fields())


@pytest.mark.parametrize("name", WRONG)
def test_a_field_of_another_kind_is_refused_and_named(name: str) -> None:
    for entry in WRONG[name]:
        with pytest.raises(LinkError, match=f"In this lab, {name} should be "):
            decode(packed_json({name: entry}))
        with pytest.raises(LinkError, match=f"In this lab, {name} should be "):
            from_file(json.dumps({"attention_lab": 1, name: entry}).encode())


def test_every_field_checks_itself() -> None:
    for field in known_fields().values():
        assert field.metadata["check"]
        default = Lab().value(field.name)
        if not isinstance(default, Edits):
            assert field.metadata["check"](default) == default
