"""What ``streamlit run`` starts: the app with its routes, warmed up before the first visitor."""

import gc
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ui import components
from ui.own_origin import OwnOriginOnly


@asynccontextmanager
async def warmed_up(app: st.App) -> AsyncIterator[dict[str, object]]:
    """Do the heavy imports now, and keep the garbage collector away from them for good.

    Streamlit collects after every run; walking torch's objects each time would cost ~160 ms.
    """
    import torch

    importlib.import_module("ui.live")

    # Matrices of a few rows gain nothing from threads, and waking them costs more than the maths.
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
    yield {}


async def live(request: Request) -> Response:
    """Answer with the figures of an edit, ahead of its page run."""
    from ui.live import endpoint  # not before the server listens: it imports torch

    return await endpoint(request)


app = st.App(
    "ui/frame.py",
    routes=[
        Mount("/vendor", StaticFiles(packages=[("plotly", "package_data")])),
        Mount(components.ROUTE, StaticFiles(directory=components.FOLDER)),
        Route("/live", live, methods=["POST"]),
    ],
    middleware=[Middleware(OwnOriginOnly)],
    lifespan=warmed_up,
)
