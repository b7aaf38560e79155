"""What ``streamlit run`` starts: the app, answering at once and warming up beside it."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ui.server.delivery import Delivery
from ui.server.own_origin import OwnOriginOnly


@asynccontextmanager
async def warming_up(app: st.App) -> AsyncIterator[dict[str, object]]:
    """Begin the heavy imports; a page's first run waits for them, its scripts need not."""
    Thread(target=importlib.import_module, args=("ui.server.warm_up",), name="warm-up").start()
    yield {}


async def live(request: Request) -> Response:
    """Answer with the figures of an edit, ahead of its page run."""
    # It imports torch, which the server does not wait for, nor anyone else who asks it something.
    module = await asyncio.to_thread(importlib.import_module, "ui.server.live")
    answer: Response = await module.endpoint(request)
    return answer


app = st.App(
    "ui/frame.py",
    routes=[Route("/live", live, methods=["POST"])],
    middleware=[Middleware(OwnOriginOnly), Middleware(Delivery)],
    lifespan=warming_up,
)
