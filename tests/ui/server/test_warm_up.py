"""What one process imports and sets once for all visitors."""

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]
CODE = """
import gc, json, sys
import ui.server.warm_up
import torch
found = {
    "live": "ui.server.live" in sys.modules,
    "threads": torch.get_num_threads(),
    "frozen": gc.get_freeze_count() > 10_000,
}
print(json.dumps(found))
"""


def test_it_imports_what_answers_and_keeps_it_out_of_every_collection() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == {"live": True, "threads": 1, "frozen": True}
