"""axe-core, the accessibility checker, run on an open page."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

GRAVE = ("serious", "critical")


@dataclass(frozen=True)
class Violation:
    """One broken rule: its name, how bad, what it asks, and the elements that break it."""

    rule: str
    impact: str
    help: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        """The rule, then one line for each element."""
        return "\n    ".join((f"{self.impact} {self.rule}: {self.help}", *self.nodes))


@cache
def _axe_script() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def axe_violations(page: Page, within: str | None = None) -> list[Violation]:
    """The serious and critical violations of the page, or of one part of it.

    Args:
        page: an open page that has finished drawing.
        within: a CSS selector that limits the check to one part.
    """
    page.evaluate(_axe_script())
    options = {"resultTypes": ["violations"]}
    result = page.evaluate(
        "([within, options]) => axe.run(within ?? document, options)", [within, options]
    )
    return [_violation(found) for found in result["violations"] if found["impact"] in GRAVE]


def _violation(found: dict[str, Any]) -> Violation:
    nodes = tuple(_describe(node) for node in found["nodes"])
    return Violation(found["id"], found["impact"], found["help"], nodes)


def _describe(node: dict[str, Any]) -> str:
    """Where the element is, what it is, and what axe measured there."""
    reasons = [check["message"] for check in (*node["any"], *node["all"], *node["none"])]
    return f"{node['target']} {node['html'][:200]} — {'; '.join(reasons)}"
