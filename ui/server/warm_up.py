"""The heavy imports, once for all visitors. To import this is to wait for them.

``app.py`` begins it in a thread when the server starts, so that the first visitor's browser loads
its scripts meanwhile; ``ui/frame.py`` imports it before a page does anything. Python lets only one
of them do the work, and the others wait until it is done.
"""

import gc
import importlib

import torch

importlib.import_module("ui.server.live")

# Matrices of a few rows gain nothing from threads, and waking them costs more than the maths.
torch.set_num_threads(1)

# Streamlit collects after every run; walking torch's objects each time would cost ~160 ms.
gc.collect()
gc.freeze()
