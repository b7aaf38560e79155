/**
 * Numbers and blocks of numbers as people type and paste them. Pure: no DOM, no state.
 */

/** Longest text that is read as a block; 512 x 64 numbers of 17 digits fit. */
export const MAX_PASTE_CHARACTERS = 1_000_000;

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const DECIMAL_COMMA = /^[+-]?\d+,\d+$/;
const NOT_FINITE = /^[+-]?(nan|inf|infinity)$/i;
const SHOWN_CHARACTERS = 40;

/**
 * Read one number as JavaScript or Python would write it.
 *
 * @param {string} text what was typed
 * @param {number} limit the largest magnitude accepted
 * @returns {{value: number} | {quote: string, problem: string}} the number, or what came and what
 *   is wrong with it; `quote + " " + problem` reads as a sentence without its full stop
 */
export function parseNumber(text, limit) {
  const plain = text.trim().replace("\u2212", "-");
  const quote = `“${clip(text.trim())}”`;
  if (plain === "") return { quote: "The cell", problem: "is empty" };
  if (DECIMAL_COMMA.test(plain)) {
    return { quote, problem: `has a comma: write ${clip(plain.replace(",", "."))} with a point` };
  }
  if (NOT_FINITE.test(plain)) return { quote, problem: "is not a finite number" };
  if (!NUMBER.test(plain)) return { quote, problem: "is not a number" };
  const value = Number(plain) + 0; // + 0 turns -0 into 0
  if (!Number.isFinite(value) || Math.abs(value) > limit) {
    return { quote, problem: `is too large: the limit is ±${limit}` };
  }
  return { value };
}

function clip(text) {
  const characters = Array.from(text.slice(0, 2 * SHOWN_CHARACTERS + 2));
  if (characters.length <= SHOWN_CHARACTERS) return text;
  return characters.slice(0, SHOWN_CHARACTERS).join("") + "…";
}

/** The value in at most about 8 characters: as it is when that fits, otherwise rounded. */
export function shortText(value) {
  const full = String(value);
  if (full.length <= 8) return full;
  const size = Math.abs(value);
  if (size < 0.001) return value.toExponential(3);
  for (let decimals = 4; decimals >= 0; decimals -= 1) {
    const rounded = String(Number(value.toFixed(decimals)));
    if (rounded.length <= 8) return rounded;
  }
  return value.toExponential(2);
}

/** How many decimals the shortest form of a number has: 0.125 has 3, 1e-7 has 7, 12 has 0. */
export function decimalsOf(value) {
  const [digits, exponent = "0"] = String(value).split("e");
  const written = (digits.split(".")[1] ?? "").length;
  return Math.max(0, written - Number(exponent));
}

/** The value a scrub has reached: start + travel, rounded to `decimals`, held within the limit. */
export function scrubbedValue(start, travel, decimals, limit) {
  const kept = Math.min(Math.max(decimals, decimalsOf(start)), 20);
  const value = Number((start + travel).toFixed(kept)) + 0;
  return Math.min(Math.max(value, -limit), limit);
}

/**
 * Read pasted text as a block of numbers.
 *
 * @returns {null | {problem: string} | {rows: number[][]}} null when the text is no block but a
 *   single entry, which the input itself can take
 */
export function parseBlock(text, limit, fits) {
  if (text.length > MAX_PASTE_CHARACTERS) {
    const size = (text.length / 1e6).toFixed(1);
    return refuse(`The text you pasted has ${size} million characters, at most 1 million are read.`);
  }
  const body = withoutFinalNewlines(text);
  const separator = separatorOf(body, limit);
  if (separator === null) return null;
  const cells = splitCells(body, separator);
  const width = cells.reduce((widest, row) => Math.max(widest, row.length), 0);
  if (cells.length > fits.rows || width > fits.columns) {
    return refuse(
      `The block you pasted is ${cells.length} × ${width}, ` +
        `but only ${fits.rows} × ${fits.columns} fits from here.`,
    );
  }
  return readCells(cells, width, limit);
}

const refuse = (why) => ({ problem: `${why} Nothing was changed.` });

function withoutFinalNewlines(text) {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end -= 1;
  return text.slice(0, end);
}

/** What stands between the cells of a block, or null when the text is a single entry. */
function separatorOf(text, limit) {
  if (text.includes("\t")) return "\t";
  if (text.includes(";")) return ";";
  // Lines of 0,55 are one column with decimal commas, which parseNumber then complains of.
  const lines = text.split(/[\r\n]+/);
  if (lines.length > 1) return lines.every((line) => DECIMAL_COMMA.test(line.trim())) ? "\t" : ",";
  const pieces = text.split(",");
  const isNumber = (piece) => "value" in parseNumber(piece.replaceAll('"', ""), limit);
  // A lone 1,5 is a number with a decimal comma, not two numbers.
  const isList = pieces.length > 1 && !DECIMAL_COMMA.test(text.trim()) && pieces.every(isNumber);
  return isList ? "," : null;
}

/** Split into rows of cells; a quoted cell may hold separators, line ends and doubled quotes. */
function splitCells(text, separator) {
  if (!text.includes('"')) return text.split(/\r\n|\r|\n/).map((line) => line.split(separator));
  const rows = [[]];
  const token = new RegExp(`("(?:[^"]|"")*"|[^${separator}\\r\\n]*)(${separator}|\\r\\n|\\r|\\n|$)`, "gy");
  for (const [, cell, end] of text.matchAll(token)) {
    rows.at(-1).push(cell.startsWith('"') ? cell.replace(/^"|"$/g, "").replaceAll('""', '"') : cell);
    if (end === "") break;
    if (end !== separator) rows.push([]);
  }
  return rows;
}

function readCells(cells, width, limit) {
  const complaints = [];
  const rows = cells.map((row, r) =>
    Array.from({ length: width }, (_, c) => {
      const { value, quote, problem } = parseNumber(row[c] ?? "", limit);
      if (problem) complaints.push(`row ${r + 1}, column ${c + 1}: ${quote} ${problem}`);
      return value;
    }),
  );
  if (complaints.length === 0) return { rows };
  const more = complaints.length > 1 ? ` (and ${complaints.length - 1} more)` : "";
  return refuse(`In the block you pasted, ${complaints[0].replace("The cell", "the cell")}${more}.`);
}
