// Numbers and blocks of numbers as people type and paste them.

import assert from "node:assert/strict";
import test from "node:test";

import {
  MAX_PASTE_CHARACTERS,
  decimalsOf,
  parseBlock,
  parseNumber,
  scrubbedValue,
  shortText,
} from "../../ui/components/matrix_table_parse.js";

const LIMIT = 1e6;
const FITS = { rows: 6, columns: 3 };
const block = (text) => parseBlock(text, LIMIT, FITS);

test("numbers are read as Python and JavaScript write them", () => {
  const cases = [
    ["0.5", 0.5],
    ["−2", -2], // the minus sign that documents use
    ["+.5e-3", 0.0005],
    ["1.", 1],
    [" 7 ", 7],
    ["-0", 0],
    ["1E2", 100],
    ["1000000", 1e6],
  ];
  for (const [text, value] of cases) {
    assert.ok(Object.is(parseNumber(text, LIMIT).value, value), text);
  }
});

test("what is no number is quoted, with what is wrong with it", () => {
  const cases = [
    ["", "The cell is empty"],
    ["  ", "The cell is empty"],
    ["abc", "“abc” is not a number"],
    ["0x10", "“0x10” is not a number"],
    ["1_000", "“1_000” is not a number"],
    ["1 2", "“1 2” is not a number"],
    ["--1", "“--1” is not a number"],
    [".", "“.” is not a number"],
    ["nan", "“nan” is not a finite number"],
    ["-Infinity", "“-Infinity” is not a finite number"],
    ["1e400", "“1e400” is too large: the limit is ±1000000"],
    ["1000001", "“1000001” is too large: the limit is ±1000000"],
    ["1,5", "“1,5” has a comma: write 1.5 with a point"],
    ["x".repeat(100), `“${"x".repeat(40)}…” is not a number`],
  ];
  for (const [text, says] of cases) {
    const { value, quote, problem } = parseNumber(text, LIMIT);
    assert.equal(value, undefined, text);
    assert.equal(`${quote} ${problem}`, says);
  }
});

test("a long number is shortened for display and a short one is left alone", () => {
  const cases = [
    [0.1, "0.1"],
    [0.123456789, "0.1235"],
    [123456.789, "123456.8"],
    [-1000000, "-1000000"],
    [1 / 3, "0.3333"],
    [-0.00012345678, "-1.235e-4"],
  ];
  for (const [value, text] of cases) assert.equal(shortText(value), text);
});

test("blocks are read with tabs, semicolons, commas, line ends and quotes", () => {
  const cases = [
    ["1\t2\n3\t4\r\n", [[1, 2], [3, 4]]],
    ["1;2;3", [[1, 2, 3]]],
    ["0.1,0.2", [[0.1, 0.2]]],
    ["1,0,0\n0,1,0\n", [[1, 0, 0], [0, 1, 0]]],
    ["1\n2", [[1], [2]]],
    ['"1"\t"2"\n"3"\t4', [[1, 2], [3, 4]]],
  ];
  for (const [text, rows] of cases) assert.deepEqual(block(text), { rows }, JSON.stringify(text));
});

test("a single entry is no block", () => {
  for (const text of ["0.5\n", "abc", "", "\n", "1,5"]) assert.equal(block(text), null, text);
});

test("a block that cannot be used is refused with its first reason", () => {
  const cases = [
    ["1\t2\t3\t4", "The block you pasted is 1 × 4, but only 6 × 3 fits from here."],
    ["1\n".repeat(7), "The block you pasted is 7 × 1, but only 6 × 3 fits from here."],
    ["1\tfoo\nbar\t2", "row 1, column 2: “foo” is not a number (and 1 more)."],
    ["1\t\n2\t3", "row 1, column 2: the cell is empty."],
    ["0,55\n0,87\n0,66", "row 1, column 1: “0,55” has a comma: write 0.55 with a point (and 2 more)."],
    ["1,5\t2,5", "row 1, column 1: “1,5” has a comma: write 1.5 with a point (and 1 more)."],
    ["1".repeat(MAX_PASTE_CHARACTERS + 1), "at most 1 million are read."],
  ];
  for (const [text, says] of cases) {
    const { problem } = block(text);
    assert.ok(problem.includes(says), problem);
    assert.ok(problem.endsWith("Nothing was changed."), problem);
  }
});

test("the largest texts are read without delay", () => {
  const start = performance.now();
  block("\n".repeat(999_998) + "x");
  block('"'.repeat(999_998) + "\tx");
  block("1,".repeat(499_999));
  parseNumber("1".repeat(1e6) + "x", LIMIT);
  assert.ok(performance.now() - start < 10_000, "some text takes more than linear time");
});

test("a scrub keeps the decimals of its start and stays within the limit", () => {
  assert.equal(scrubbedValue(0.12345, 0.5, 2, LIMIT), 0.62345);
  assert.equal(scrubbedValue(0.1, 0.2, 2, LIMIT), 0.3);
  assert.equal(scrubbedValue(999_999, 5, 2, LIMIT), 1e6);
  assert.ok(Object.is(scrubbedValue(0.1, -0.1, 2, LIMIT), 0), "not −0");
});

test("decimals are counted in a number's shortest form", () => {
  const cases = [[0.125, 3], [1e-7, 7], [12, 0], [1e21, 0]];
  for (const [value, decimals] of cases) assert.equal(decimalsOf(value), decimals);
});
