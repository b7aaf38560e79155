"""The unit tests of the browser scripts, in the browser that they are written for.

They are written for node's own test runner too: `node --test tests/javascript`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.server import PROJECT

ORIGIN = "http://unit.test"
FILES = sorted((PROJECT / "tests" / "javascript").glob("*.test.mjs"))
TEST = """
export default async function test(name, act) {
  try {
    await act();
    window.passed.push(name);
  } catch (error) {
    window.failed.push(`${name}: ${error.stack}`);
  }
}
"""
ASSERT = """
const text = (value) => JSON.stringify(value);
const hold = (holds, message) => { if (!holds) throw new Error(message); };
export default {
  ok: (value, message = "not true") => hold(value, message),
  equal: (a, b, message = "") => hold(Object.is(a, b), `${message} ${text(a)} is not ${text(b)}`),
  notEqual: (a, b) => hold(!Object.is(a, b), `both are ${text(a)}`),
  deepEqual: (a, b, message = "") =>
    hold(text(a) === text(b), `${message} ${text(a)} is not ${text(b)}`),
};
"""
RUNNER = """
<script type="importmap">
  {"imports": {"node:test": "/node/test.js", "node:assert/strict": "/node/assert.js"}}
</script>
<script>[window.passed, window.failed] = [[], []];</script>
"""


def answer(route: Route) -> None:
    """Serve the project's scripts and stand-ins for node's two modules."""
    path = route.request.url.removeprefix(ORIGIN)
    own = {"/": RUNNER, "/node/test.js": TEST, "/node/assert.js": ASSERT}
    kind = "text/html" if path == "/" else "text/javascript"
    body = own[path] if path in own else (PROJECT / path.strip("/")).read_text(encoding="utf-8")
    route.fulfill(body=body, content_type=f"{kind}; charset=utf-8")


@pytest.fixture
def runner(chromium: Browser) -> Iterator[Page]:
    """A page with node's test module, as far as these tests use it."""
    page = chromium.new_page()
    page.route("**/*", answer)
    page.goto(f"{ORIGIN}/")
    yield page
    page.close()


def run(page: Page, path: str) -> tuple[list[str], list[str]]:
    """Run a file of tests; returns the names of those that passed, and what failed."""
    page.evaluate("path => import(path)", path)
    page.wait_for_function("passed.length + failed.length > 0")
    return page.evaluate("passed"), page.evaluate("failed")


def test_there_are_files_to_run() -> None:
    assert len(FILES) >= 2


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_javascript_tests_pass(runner: Page, file: Path) -> None:
    passed, failed = run(runner, f"/{file.relative_to(PROJECT)}")
    assert not failed, "\n".join(failed)
    names = [line for line in file.read_text().splitlines() if 'est("' in line]
    assert len(passed) == len(names), "some tests did not run"


def test_a_wrong_result_fails(runner: Page) -> None:
    script = """import test from "node:test"; import assert from "node:assert/strict";
      test("wrong", () => assert.deepEqual([1], [2]));"""
    runner.route("**/wrong.mjs", lambda route: route.fulfill(
        body=script, content_type="text/javascript"))  # fmt: skip
    passed, failed = run(runner, "/wrong.mjs")
    assert passed == []
    assert "[1] is not [2]" in failed[0]
