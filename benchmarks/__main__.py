"""Measure everything, print the report and write it into ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from benchmarks import cases, report
from benchmarks.browser import chromium


def main() -> None:
    """Run the cases one after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--edits", type=int, default=30, help="per page and case")
    parser.add_argument("--starts", type=int, default=5, help="of a fresh server")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers stop too
    before = os.getloadavg()[0]
    measured: list[report.Case] = []
    with chromium() as browser:
        for case in cases.all_cases(browser, given.edits, given.starts):
            print(case.title, file=sys.stderr)
            measured.append(case)
            text = report.markdown(measured, (before, os.getloadavg()[0]))
            report.write_first_part(text)  # each time, so that a failure loses only itself
    print(text)


if __name__ == "__main__":
    main()
