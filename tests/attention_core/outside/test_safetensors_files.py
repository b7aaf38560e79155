"""What safetensors saved is read bit for bit."""

import pytest
import safetensors.torch
import torch

from attention_core.outside.tensor_files import read
from tests.attention_core.outside.test_numpy_files import DTYPES, tensor


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_safetensors_come_back(dtype: torch.dtype) -> None:
    given = {"b": tensor(dtype), "a": tensor(dtype)[1].clone()}
    found = read(safetensors.torch.save(given, {"said": "so"}))
    assert found.texts == {"said": "so"}
    assert {name: (t.dtype, t.tolist()) for name, t in found.tensors.items()} == {
        name: (t.dtype, t.tolist()) for name, t in given.items()
    }


def test_nan_and_infinity_keep_their_bits() -> None:
    bits = torch.tensor([0x7FC00001, 0xFF800000 - 2**32, 0x80000000 - 2**32], dtype=torch.int32)
    found = read(safetensors.torch.save({"a": bits.view(torch.float32)})).tensors["a"]
    assert torch.equal(found.view(torch.int32), bits)
