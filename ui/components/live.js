/**
 * live: the figures of an edit ahead of its page run.
 *
 * A table asks the app's own route `/live` for the figures on the page, given the lab as the last
 * run left it and the edits since; the answer goes straight to the figures, and its lab into the
 * address. The page run follows with all the rest. Whatever goes wrong here, the run puts right.
 *
 * One question is under way at a time, and only the newest one waits, so no queue builds up.
 */
import { showNewer } from "./address.js";

const PATIENCE_MS = 3000;
const groups = new Map(); // name -> draw(data)
const tables = new Map(); // name -> {ops(): the edits not acknowledged, shown: the last one painted}
const drawn = new Map(); // name of a table -> the last of its edits in a run whose figures are drawn
let waiting = null;
let working = null;

/** Let figures take part; returns the function that takes them out again. */
export function joinFigures(name, draw) {
  groups.set(name, draw);
  return () => groups.get(name) === draw && groups.delete(name);
}

/** Let a table take part. */
export function joinTable(name, ops) {
  tables.set(name, { ops, shown: tables.get(name)?.shown ?? 0 });
}

/** Whether a run that had `seen` these operations (by table) lacks an edit that is on the screen. */
export function isBehind(seen = {}) {
  return [...tables].some(([name, { ops, shown }]) => (
    ops().some(({ id }) => id > (seen[name] ?? 0) && id <= shown)
  ));
}

/** Take note that the figures of a run are drawn: it knew these operations. */
export function drewRun(seen = {}) {
  for (const [name, id] of Object.entries(seen)) drawn.set(name, Math.max(id, drawn.get(name) ?? 0));
}

/**
 * Ask for the figures with a table's edits.
 *
 * @returns {Promise<void> | null} settled when no question is left; null if the figures must wait
 *   for the run.
 */
export function ask(table, lab, ops) {
  if (typeof lab !== "string" || groups.size === 0) return null;
  waiting = { table, lab, ops };
  working ??= work().finally(() => { working = null; });
  return working;
}

async function work() {
  while (waiting) {
    const question = waiting;
    waiting = null;
    try {
      await show(question);
    } catch {
      // Offline, refused, late: the run brings the figures.
    }
  }
}

async function show({ table, lab, ops }) {
  const response = await fetch("/live", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ table, lab, ops, groups: [...groups.keys()] }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!response.ok) return;
  const answer = await response.json();
  const last = ops.at(-1)?.id ?? 0;
  const isPending = tables.get(table).ops().some(({ id }) => id === last);
  // Acknowledged or taken back, a run has shown what is true; a run's figures come before its table.
  if (last && (!isPending || last <= (drawn.get(table) ?? 0))) return;
  tables.get(table).shown = last;
  for (const [name, data] of Object.entries(answer.groups)) groups.get(name)?.(data);
  showNewer(answer.address);
}
