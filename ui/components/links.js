/**
 * links: which cells belong together, over all tables and figures of the page.
 *
 * A matrix on the page says what it is and how its cells are made, in the words of the core:
 *   { scope, name, head, shape: [n_rows, n_columns], of: [names], reads: [patterns], light(regions),
 *     focus(cell)? }
 * `head` is the head it is of, from 0; null or left out for a value without heads. `reads` has one
 * pattern per operand, with a place for each of its axes, counted from the last: "i:" is the row of
 * the pointed cell's row index, "j:" the row of its column index, ":j" a column, "ij" the cell; "4:"
 * is row 4, whatever is pointed at. In heads, "h" is the head of the cell, "[h*4+j]" column j of head
 * h where heads of 4 columns stand side by side, "[j/4]" the head that column j then belongs to and
 * "[j%4]" the column within it. An operand without heads is every head's; one with heads whose
 * pattern names none is the cell's own head's. Matrices of different scopes never meet.
 *
 * Pointing at a cell lights, in every matrix it is made of, exactly the cells that were read, and in
 * every matrix it feeds, the cells that read it. A region is {role: "source" | "target" | "self",
 * rows: [first, last], columns: [first, last]}.
 */
const matrices = new Set();
let pointed = null;

/** Let a matrix take part; returns the function that takes it out again. */
export function join(matrix) {
  matrices.add(matrix);
  if (pointed) point(pointed.scope, pointed.name, pointed.cell, pointed.head);
  return () => matrices.delete(matrix);
}

/** Light what belongs to a cell, [row, column], of a head if it has one; null for no cell. */
export function point(scope, name, cell, head = null) {
  pointed = cell && { scope, name, cell, head };
  const lit = cell ? regionsOf(scope, name, cell, head) : new Map();
  for (const matrix of matrices) matrix.light(lit.get(matrix) ?? []);
}

/** Put the focus on a cell, where its matrix can take it. */
export function focus(scope, name, cell) {
  for (const matrix of matrices) {
    if (matrix.scope === scope && matrix.name === name) matrix.focus?.(cell);
  }
}

/** matrix -> regions that belong to a cell of the matrices called `name`, of that head. */
export function regionsOf(scope, name, cell, head = null) {
  const lit = new Map();
  const add = (matrix, region) => {
    const regions = lit.get(matrix) ?? [];
    // A matrix may stand twice on a page, whole and in part, and is then reached twice.
    if (!regions.some((other) => JSON.stringify(other) === JSON.stringify(region))) lit.set(matrix, [...regions, region]);
  };
  const near = [...matrices].filter((matrix) => matrix.scope === scope);
  for (const made of near) {
    if (made.name === name && headOf(made) === head) {
      add(made, { role: "self", ...square(cell) });
      made.of.forEach((operand, k) => {
        for (const source of near) {
          const sources = source.name === operand && read(made.reads[k], cell, head, source);
          if (sources) add(source, { role: "source", ...sources });
        }
      });
    }
    made.of.forEach((operand, k) => {
      const readers = operand === name ? fed(made.reads[k], cell, head, made) : [];
      for (const region of readers) add(made, { role: "target", ...region });
    });
  }
  return lit;
}

const square = ([row, column]) => ({ rows: [row, row], columns: [column, column] });

const headOf = (matrix) => matrix.head ?? null;

// ---- patterns ----

const PLACE = /\[[^\]]*\]|\d+|[hij:]/g;
const known = new Map(); // pattern -> its places; a page has few

/** One entry per axis: null for a whole one, else { of: letters, at(cell) }. */
function placesOf(pattern) {
  if (!known.has(pattern)) known.set(pattern, pattern.match(PLACE).map(placeOf));
  return known.get(pattern);
}

function placeOf(text) {
  if (text === ":") return null;
  const [, first, sign, size, second] = text.match(/^\[([hij])([*/%])(\d+)(?:\+([hij]))?\]$/) ?? [];
  if (sign === "*") return { of: first + second, at: (cell) => cell[first] * Number(size) + cell[second] };
  const [, letter, back] = text.match(/^\[([hij])-(\d+)\]$/) ?? [];
  if (letter) return { of: letter, at: (cell) => cell[letter] - Number(back) };
  if (sign === "/") return { of: first, at: (cell) => Math.floor(cell[first] / Number(size)) };
  if (sign === "%") return { of: first, at: (cell) => cell[first] % Number(size) };
  if (/^\d+$/.test(text)) return { of: "", at: () => Number(text) };
  return { of: text, at: (cell) => cell[text] };
}

/** The places of a pattern on the rows and columns of an operand, and on its heads. */
function split(pattern, head) {
  const places = placesOf(pattern);
  const own = head === null ? null : { of: "h", at: ({ h }) => h };
  return { heads: places.length > 2 ? places[0] : own, across: places.slice(-2) };
}

/** The cells of a matrix that a result cell reads, or null if they are another head's. */
function read(pattern, [i, j], head, matrix) {
  const cell = { h: head, i, j };
  const { heads, across } = split(pattern, headOf(matrix));
  if (heads && heads.at(cell) !== headOf(matrix)) return null;
  if (across.some((place) => place?.at(cell) < 0)) return null; // before the first row
  const [rows, columns] = across.map((place, axis) => {
    if (!place) return [0, matrix.shape[axis] - 1];
    const at = place.at(cell);
    return [at, at];
  });
  return { rows, columns };
}

/** The cells of a made matrix that read an operand cell, as regions. No place is of both i and j. */
function fed(pattern, cell, head, made) {
  const { heads, across } = split(pattern, head);
  const needed = [[heads, head], [across[0], cell[0]], [across[1], cell[1]]].filter(([place]) => place);
  const fits = (at, letters) => needed.every(([place, wanted]) =>
    [...place.of].some((letter) => !letters.includes(letter)) || place.at(at) === wanted);
  const h = headOf(made);
  const rows = runs(made.shape[0], (i) => fits({ h, i }, "hi"));
  const columns = runs(made.shape[1], (j) => fits({ h, j }, "hj"));
  return rows.flatMap((own) => columns.map((other) => ({ rows: own, columns: other })));
}

/** The positions below n that fit, as [first, last] of each unbroken run. */
function runs(n, fits) {
  const found = [];
  for (let position = 0; position < n; position += 1) {
    if (!fits(position)) continue;
    if (found.at(-1)?.[1] === position - 1) found.at(-1)[1] = position;
    else found.push([position, position]);
  }
  return found;
}
