"""From samples to a table: medians, 95th percentiles, ratios, the machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PACKAGES = ("torch", "streamlit", "plotly", "dash")


@dataclass(frozen=True, slots=True)
class Series:
    """Everything measured of one thing."""

    name: str
    samples: Sequence[float]
    unit: str = "ms"

    @property
    def middle(self) -> float:
        """The median."""
        return median(self.samples)

    @property
    def late(self) -> float:
        """The 95th percentile."""
        return quantiles(self.samples, n=20, method="inclusive")[-1] if self.many else self.middle

    @property
    def many(self) -> bool:
        """Whether there is more than one sample."""
        return len(self.samples) > 1


@dataclass(frozen=True, slots=True)
class Target:
    """A promise about a number: a ratio of medians, or a value of its own."""

    value: float
    limit: float
    sign: str = "≤"
    of: str = ""  # what the value is a multiple of
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the promise is kept."""
        return self.value <= self.limit if self.sign == "≤" else self.value >= self.limit

    def __str__(self) -> str:
        what = f" × {self.of}" if self.of else self.unit
        said = "met" if self.is_met else "**missed**"
        return f"{self.value:.2f}{what}, target {self.sign} {self.limit:g}{what}: {said}"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the report: what was measured, and what was promised of it."""

    title: str
    series: Sequence[Series]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()


def ratio(ours: Series, peer: Series, limit: float) -> Target:
    """Return the promise that our median is at most so many times the peer's."""
    return Target(ours.middle / peer.middle, limit, of=peer.name)


def markdown(cases: Sequence[Case], loads: tuple[float, float]) -> str:
    """Return the whole report."""
    lines = [
        "# Benchmarks",
        "",
        "`make bench` writes this page. Every ratio comes from one run, its edits interleaved",
        "(A B A B). The clock starts at the Enter key, inside the page, and stops when the frame",
        "is painted in which the last figure shows its new numbers. The peers are in",
        "`benchmarks/peers/`; the clocks are in `benchmarks/measure.js`.",
        "",
        machine(loads),
        "",
        "| what | who | median | p95 | n |",
        "|---|---|---:|---:|---:|",
    ]
    for case in cases:
        for position, series in enumerate(case.series):
            title = case.title if position == 0 else ""
            p95 = _shown(series.late, series.unit) if series.many else ""
            middle = _shown(series.middle, series.unit)
            lines.append(f"| {title} | {series.name} | {middle} | {p95} | {len(series.samples)} |")
    lines += ["", "| promise | measured |", "|---|---|"]
    lines += [f"| {case.title} | {target} |" for case in cases for target in case.targets]
    lines += ["", "Notes", ""]
    lines += [f"- {case.title}: {note}" for case in cases for note in case.notes]
    lines += [
        "- First visits: where their time goes, and what was tried: inner-workings.md.",
        "- Dash is served by its own threaded server with debug off, as in its quick start.",
    ]
    return "\n".join([*lines, ""])


def _shown(value: float, unit: str) -> str:
    return f"{value:,.2f} {unit}" if value < 10 else f"{value:,.0f} {unit}"


def keep_section(title: str, text: str) -> None:
    """Write one section of the page anew, and leave the others as they are."""
    before, *sections = PAGE.read_text(encoding="utf-8").split("\n## ")
    kept = [part for part in sections if part.split("\n", 1)[0] != title]
    parts = [before.rstrip(), *(part.rstrip() for part in kept), f"{title}\n\n{text}"]
    PAGE.write_text("\n\n## ".join(parts) + "\n", encoding="utf-8")


def write_first_part(text: str) -> None:
    """Write the page anew but for its sections, which other commands measure."""
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:] if PAGE.exists() else []
    parts = [text.rstrip(), *(part.rstrip() for part in sections)]
    PAGE.write_text("\n\n## ".join(parts) + "\n", encoding="utf-8")


def machine(loads: tuple[float, float]) -> str:
    """Return what it was measured on."""
    memory = Path("/proc/meminfo").read_text().split()[1] if Path("/proc/meminfo").exists() else "0"
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"Machine: {os.cpu_count()} cores ({platform.machine()}), {int(memory) / 2**20:.0f} GB of "
        f"memory, {platform.system()}, load {loads[0]:.1f} before and {loads[1]:.1f} after. "
        f"Python {platform.python_version()}, {versions}, headless Chromium."
    )
