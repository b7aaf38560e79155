"""Use what the app needs of the slimmed packages; the Dockerfile runs this once while it builds."""

import io

import numpy as np
import pandas as pd
import plotly
import plotly.graph_objects as go
import pyarrow
import safetensors.torch
import torch
from plotly.offline import get_plotlyjs
from streamlit.testing.v1 import AppTest
from streamlit.web import bootstrap, cli


def check_torch() -> None:
    """Products, softmax and gradients of every number format, against known values."""
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        inputs = torch.tensor([[0.43, 0.15, 0.89], [0.55, 0.87, 0.66]], dtype=dtype)
        inputs.requires_grad_()
        weights = torch.softmax(inputs @ inputs.T, dim=-1)
        torch.autograd.backward((weights @ inputs).sum())
        assert torch.allclose(weights.sum(dim=-1), torch.ones(2, dtype=dtype), atol=1e-2)
        assert inputs.grad is not None
        assert bool(inputs.grad.isfinite().all())
    query = torch.randn(1, 1, 4, 3, generator=torch.Generator().manual_seed(1))
    attended = torch.nn.functional.scaled_dot_product_attention(query, query, query, is_causal=True)
    assert attended.shape == (1, 1, 4, 3)
    assert torch.nn.Linear(3, 2)(query).shape == (1, 1, 4, 2)


def check_training() -> None:
    """A step of learning, which uses more of torch than a page does."""
    model = torch.nn.GRU(3, 2)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    weights = next(iter(model.parameters()))
    before = weights.detach().clone()
    torch.autograd.backward(model(torch.ones(4, 3))[0].sum())
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    assert not torch.equal(before, weights)


def check_files() -> None:
    """Tensors as files, there and back."""
    tensor, buffer = torch.eye(2), io.BytesIO()
    assert safetensors.torch.load(safetensors.torch.save({"a": tensor}))["a"].equal(tensor)
    np.lib.format.write_array(buffer, tensor.numpy(), allow_pickle=False)
    buffer.seek(0)
    assert np.load(buffer, allow_pickle=False).tolist() == tensor.tolist()


def check_figures() -> None:
    """A figure as JSON, and the script that draws it in the browser."""
    figure = go.Figure(go.Heatmap(z=[[0.1, 0.9]])).add_trace(go.Scatter3d(x=[1], y=[2], z=[3]))
    assert '"heatmap"' in figure.to_json()
    assert len(get_plotlyjs()) > 1_000_000


def check_page() -> None:
    """A page of Streamlit with text, inputs, a table and a chart."""

    def script() -> None:
        import plotly.graph_objects as go
        import streamlit as st

        st.title("check")
        st.text_input("Sentence", "journey")
        st.dataframe({"d1": [0.55]})
        st.plotly_chart(go.Figure(go.Heatmap(z=[[0.1, 0.9]])))

    page = AppTest.from_function(script, default_timeout=120).run()
    assert not page.exception, page.exception
    assert page.title[0].value == "check"


def main() -> None:
    """Run every check; an exception stops the build."""
    check_torch()
    check_training()
    check_files()
    check_figures()
    check_page()
    table = pyarrow.Table.from_pandas(pd.DataFrame({"d1": [0.55]}))
    assert table.num_rows == 1
    assert callable(bootstrap.run)
    assert callable(cli.main)
    print(f"torch {torch.__version__}, plotly {plotly.__version__}: all there")


if __name__ == "__main__":
    main()
