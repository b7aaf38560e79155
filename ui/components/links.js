/**
 * links: which cells belong together, over all tables and figures of the page.
 *
 * A matrix on the page says what it is and how its cells are made, in the words of the core:
 *   { scope, name, shape: [n_rows, n_columns], of: [names], reads: [patterns], light(regions),
 *     focus(cell)? }
 * `reads` has one pattern per operand: "i:" is the row of the pointed cell's row index, "j:" the row
 * of its column index, ":j" a column, "ij" the cell; "4:" is row 4, whatever is pointed at. Matrices of different scopes never meet.
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
  if (pointed) point(pointed.scope, pointed.name, pointed.cell);
  return () => matrices.delete(matrix);
}

/** Light what belongs to a cell, [row, column]; null for none. */
export function point(scope, name, cell) {
  pointed = cell && { scope, name, cell };
  const lit = cell ? regionsOf(scope, name, cell) : new Map();
  for (const matrix of matrices) matrix.light(lit.get(matrix) ?? []);
}

/** Put the focus on a cell, where its matrix can take it. */
export function focus(scope, name, cell) {
  for (const matrix of matrices) {
    if (matrix.scope === scope && matrix.name === name) matrix.focus?.(cell);
  }
}

/** matrix -> regions that belong to a cell of the matrices called `name`. */
export function regionsOf(scope, name, cell) {
  const lit = new Map();
  const add = (matrix, region) => {
    const regions = lit.get(matrix) ?? [];
    // A matrix may stand twice on a page, whole and in part, and is then reached twice.
    if (!regions.some((other) => JSON.stringify(other) === JSON.stringify(region))) lit.set(matrix, [...regions, region]);
  };
  const near = [...matrices].filter((matrix) => matrix.scope === scope);
  for (const made of near) {
    if (made.name === name) {
      add(made, { role: "self", ...square(cell) });
      made.of.forEach((operand, k) => {
        for (const source of near) {
          if (source.name === operand) add(source, { role: "source", ...read(made.reads[k], cell, source.shape) });
        }
      });
    }
    made.of.forEach((operand, k) => {
      const readers = operand === name && fed(made.reads[k], cell, made.shape);
      if (readers) add(made, { role: "target", ...readers });
    });
  }
  return lit;
}

const square = ([row, column]) => ({ rows: [row, row], columns: [column, column] });

const parts = (pattern) => pattern.match(/\d+|[ij:]/g);

/** The operand cells that a result cell reads. */
function read(pattern, [i, j], shape) {
  const span = (part, axis) => {
    if (part === ":") return [0, shape[axis] - 1];
    const at = { i, j }[part] ?? Number(part);
    return [at, at];
  };
  const [down, across] = parts(pattern);
  return { rows: span(down, 0), columns: span(across, 1) };
}

/** The result cells that read an operand cell, or null: what is fixed, and all of what is left. */
function fed(pattern, cell, shape) {
  const fixed = parts(pattern);
  if (fixed.some((part, axis) => /\d/.test(part) && Number(part) !== cell[axis])) return null;
  const span = (letter, axis) => {
    const at = fixed.indexOf(letter);
    return at < 0 ? [0, shape[axis] - 1] : [cell[at], cell[at]];
  };
  return { rows: span("i", 0), columns: span("j", 1) };
}
