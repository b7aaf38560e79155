/**
 * The operations the server has not acknowledged yet, and when to send them. No DOM.
 *
 * Each operation has a strictly increasing id. The server applies every id above its `ack` once, in
 * order, and answers with the new `ack`; only then is the operation forgotten here. So no edit is
 * lost, not even over a server restart, and none is applied twice.
 *
 * One message is in flight at a time: what happens meanwhile is collected and sent with the answer.
 * The figures go ahead (live.js), since a page run at the same time would slow them: a message waits
 * until they have answered, but during a long drag no longer than LONGEST_WAIT.
 */

const FIRST_PATIENCE = 3000;
const LONGEST_PATIENCE = 24000;
const LONGEST_WAIT = 500;

export class Outbox {
  constructor() {
    this.send = null;
    this.ahead = () => null;
    this.ops = [];
    this.lastId = 0;
    this.sentId = 0;
    this.patience = FIRST_PATIENCE;
    this.timer = 0;
    this.overdue = 0;
    this.echoed = null; // what echo() gave last, until the operations change
    this.isHeld = false;
  }

  /**
   * Send through a newly drawn table; what an earlier one did not get through goes out again.
   *
   * @param {(ops: object[]) => void} send hands all unacknowledged operations to the server
   * @param {(ops: object[]) => Promise<void> | null} [ahead] lets the figures show them first;
   *   null where they cannot
   */
  reopen(send, ahead = () => null) {
    this.send = send;
    this.ahead = ahead;
    this.sentId = 0;
  }

  /**
   * Set cells to new values.
   *
   * @param {[string, number, number][]} cells row id, column, value
   * @param {number} [gesture] what an earlier call returned, to continue the same undo step
   * @returns {number} the gesture: the id of its first operation, hence never used before
   */
  set(cells, gesture) {
    const last = this.ops.at(-1);
    if (gesture !== undefined && last?.gesture === gesture && last.id > this.sentId) {
      last.cells = cells; // not sent yet: the newest value replaces it, so no queue builds up
      this.echoed = null;
      this.announce();
      return gesture;
    }
    const step = gesture ?? this.lastId + 1;
    this.order("set", { gesture: step, cells });
    return step;
  }

  /** Turn to the page that begins with a row; of several turns not sent yet only the last counts. */
  turn(row) {
    const last = this.ops.at(-1);
    if (last?.op === "page" && last.id > this.sentId) last.row = row;
    else this.order("page", { row });
  }

  /** The first row of the page that was asked for after operation `ack`; undefined for none. */
  turnedTo(ack) {
    return this.ops.findLast(({ id, op }) => op === "page" && id > ack)?.row;
  }

  /** Add an operation: "set", "page", "undo", "redo", "reset" or "reset_row". */
  order(op, details = {}) {
    this.echoed = null;
    this.lastId += 1;
    this.ops.push({ id: this.lastId, op, ...details });
    this.announce();
  }

  /** Show what has changed, then send it. */
  announce() {
    const shown = this.changes().length > 0 && this.showAhead();
    if (!shown) return this.flush();
    shown.then(() => this.flush());
    this.hurry();
  }

  /** Send soon, also while the figures keep following a drag. */
  hurry() {
    this.overdue ||= setTimeout(() => this.flush(), LONGEST_WAIT);
  }

  /** Take back a gesture of which nothing has been sent; false when it is too late for that. */
  withdraw(gesture) {
    if (gesture <= this.sentId) return false;
    this.echoed = null;
    this.ops = this.ops.filter((op) => op.gesture !== gesture);
    this.showAhead();
    return true;
  }

  /** Let the figures show the edits; null where only the server can. */
  showAhead() {
    return this.awaitsHistory() ? null : this.ahead(this.changes());
  }

  /** Forget what the server has applied, then send what has been collected since. */
  acknowledge(ack) {
    this.echoed = null;
    this.lastId = Math.max(this.lastId, ack);
    this.ops = this.ops.filter((op) => op.id > ack);
    if (this.inFlight()) return;
    this.patience = FIRST_PATIENCE;
    this.stop();
    if (this.ops.length > 0) this.announce();
  }

  inFlight() {
    return this.ops.length > 0 && this.ops[0].id <= this.sentId;
  }

  /** Do something whose operations leave in one message, not each in its own. */
  together(act) {
    this.isHeld = true;
    act();
    this.isHeld = false;
    this.flush();
  }

  flush() {
    if (!this.isHeld && this.ops.length > 0 && !this.inFlight()) this.transmit();
  }

  transmit() {
    this.sentId = this.ops.at(-1).id;
    clearTimeout(this.overdue);
    this.overdue = 0;
    this.stop();
    this.timer = setTimeout(() => this.retry(), this.patience);
    this.send(this.ops.map((op) => ({ ...op })));
  }

  /** No answer: send again, ever more patiently, for each message restarts a run in progress. */
  retry() {
    this.patience = Math.min(2 * this.patience, LONGEST_PATIENCE);
    if (this.ops.length > 0) this.transmit();
  }

  stop() {
    clearTimeout(this.timer);
  }

  /** The operations on their way that change numbers. */
  changes() {
    return this.ops.filter(({ op }) => op !== "page");
  }

  /** True while an undo, redo or reset is on its way, whose outcome only the server knows. */
  awaitsHistory() {
    return this.changes().some(({ op }) => op !== "set");
  }

  /** The values the user already sees: cellKey -> value of every operation not yet answered. */
  echo() {
    this.echoed ??= this.#echo();
    return this.echoed;
  }

  #echo() {
    let sets = [];
    for (const op of this.ops) {
      if (op.op === "set") sets.push(op);
      if (op.op === "undo") sets = sets.filter((set) => set.gesture !== sets.at(-1).gesture);
      if (op.op === "reset") sets = [];
      if (op.op === "reset_row") sets = sets.map((set) => withoutRow(set, op.row));
    }
    const cells = sets.flatMap((set) => set.cells);
    return new Map(cells.map(([row, column, value]) => [cellKey(row, column), value]));
  }
}

const withoutRow = (set, row) => ({ ...set, cells: set.cells.filter((cell) => cell[0] !== row) });

/** One string per cell, by row id, so that it survives rows moving about. */
export const cellKey = (rowId, column) => `${column} ${rowId}`;
