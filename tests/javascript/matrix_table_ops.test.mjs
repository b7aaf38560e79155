// The outbox of the table: nothing lost, nothing sent twice at once, patient with a slow server.

import assert from "node:assert/strict";
import test from "node:test";

import { Outbox, cellKey } from "../../ui/components/matrix_table_ops.js";

/** An outbox on a clock of its own: `wait(ms)` lets its timers ring. */
function setUp() {
  const [own, ownClear] = [globalThis.setTimeout, globalThis.clearTimeout];
  const alarms = new Map();
  let now = 0;
  globalThis.setTimeout = (ring, delay) => {
    alarms.set(alarms.size + 1, { ring, at: now + delay });
    return alarms.size;
  };
  globalThis.clearTimeout = (id) => alarms.get(id) && (alarms.get(id).at = Infinity);
  const wait = (time) => {
    now += time;
    for (const alarm of alarms.values()) {
      if (alarm.at > now) continue;
      alarm.at = Infinity;
      alarm.ring();
    }
  };
  const sent = [];
  const outbox = new Outbox();
  outbox.reopen((ops) => sent.push(ops));
  const restore = () => Object.assign(globalThis, { setTimeout: own, clearTimeout: ownClear });
  return { outbox, sent, wait, restore };
}

function outboxTest(name, act) {
  test(name, () => {
    const all = setUp();
    try {
      act(all);
    } finally {
      all.restore();
    }
  });
}

outboxTest("one message is under way at a time, the rest follows with the answer", ({ outbox, sent }) => {
  outbox.set([["a", 0, 1]]);
  outbox.set([["a", 1, 2]]);
  outbox.set([["a", 2, 3]]);
  assert.equal(sent.length, 1);
  outbox.acknowledge(1);
  assert.equal(sent.length, 2);
  assert.deepEqual(sent[1].map((op) => op.id), [2, 3]);
  outbox.acknowledge(3);
  assert.equal(sent.length, 2);
  assert.equal(outbox.ops.length, 0);
});

outboxTest("of one gesture only the newest value waits", ({ outbox, sent }) => {
  outbox.acknowledge(17);
  const gesture = outbox.set([["a", 0, 1]]);
  assert.equal(gesture, 18);
  for (let value = 2; value < 9; value += 1) outbox.set([["a", 0, value]], gesture);
  assert.equal(outbox.ops.length, 2);
  outbox.acknowledge(18);
  assert.deepEqual(sent[1].map((op) => op.cells), [[["a", 0, 8]]]);
});

outboxTest("without an answer all is sent again, ever more patiently", ({ outbox, sent, wait }) => {
  outbox.set([["a", 0, 1]]);
  outbox.set([["b", 0, 2]]);
  wait(2999);
  assert.equal(sent.length, 1);
  wait(1);
  assert.deepEqual(sent[1].map((op) => op.cells[0][2]), [1, 2]);
  wait(5999);
  assert.equal(sent.length, 2);
  wait(1);
  assert.equal(sent.length, 3);
  outbox.acknowledge(2);
  wait(1e9);
  assert.equal(sent.length, 3);
});

outboxTest("what one table did not get through, the next one sends", ({ outbox, sent }) => {
  outbox.set([["a", 0, 1]]);
  const again = [];
  outbox.reopen((ops) => again.push(ops));
  outbox.acknowledge(0);
  assert.deepEqual(again, sent);
  outbox.acknowledge(1);
  assert.equal(again.length, 1);
});

outboxTest("ids go on from what a new server says it has seen", ({ outbox, sent }) => {
  outbox.acknowledge(40);
  outbox.set([["b", 1, 2]]);
  assert.equal(sent[0][0].id, 41);
});

outboxTest("the user sees what was set at once, and undo takes it away", ({ outbox }) => {
  outbox.set([["a", 0, 3], ["b", 1, 4]]);
  assert.equal(outbox.echo().get(cellKey("a", 0)), 3);
  outbox.order("reset_row", { row: "a" });
  assert.deepEqual(Array.from(outbox.echo()), [[cellKey("b", 1), 4]]);
  outbox.order("undo");
  assert.equal(outbox.echo().size, 0);
  assert.ok(outbox.awaitsHistory());
});

outboxTest("a reset hides what was set before it, not after", ({ outbox }) => {
  outbox.set([["a", 0, 3]]);
  outbox.order("reset");
  outbox.set([["b", 1, 4]]);
  assert.deepEqual(Array.from(outbox.echo()), [[cellKey("b", 1), 4]]);
});

outboxTest("a gesture can be withdrawn until it is sent", ({ outbox }) => {
  const first = outbox.set([["a", 0, 1]]);
  const second = outbox.set([["a", 0, 2]]);
  assert.equal(outbox.withdraw(first), false);
  assert.equal(outbox.withdraw(second), true);
  assert.equal(outbox.ops.length, 1);
});

outboxTest("of several turns not sent yet only the last page is asked for", ({ outbox, sent }) => {
  outbox.turn(16);
  outbox.turn(32);
  outbox.turn(48);
  assert.equal(outbox.turnedTo(0), 48);
  outbox.acknowledge(1);
  assert.deepEqual(sent.map((ops) => ops.map(({ op, row }) => [op, row])), [[["page", 16]], [["page", 48]]]);
  assert.equal(outbox.turnedTo(1), 48);
  outbox.acknowledge(2);
  assert.equal(outbox.turnedTo(2), undefined);
});

outboxTest("an edit, a turn and an edit keep their order", ({ outbox, sent }) => {
  outbox.set([["a", 0, 1]]);
  outbox.turn(16);
  outbox.set([["b", 0, 2]]);
  outbox.turn(0);
  outbox.acknowledge(1);
  assert.deepEqual(sent[1].map(({ op }) => op), ["page", "set", "page"]);
});

outboxTest("an edit and the turn that follows it leave in one message", ({ outbox, sent }) => {
  outbox.together(() => {
    outbox.set([["a", 0, 1]]);
    outbox.turn(16);
    assert.equal(sent.length, 0);
  });
  assert.deepEqual(sent.map((ops) => ops.map(({ op }) => op)), [["set", "page"]]);
});

outboxTest("a turn changes no number and waits for no history", ({ outbox }) => {
  outbox.set([["a", 0, 1]]);
  outbox.turn(16);
  assert.equal(outbox.awaitsHistory(), false);
  assert.equal(outbox.changes().length, 1);
  assert.equal(outbox.echo().get(cellKey("a", 0)), 1);
  outbox.order("undo");
  assert.equal(outbox.echo().size, 0);
});

outboxTest("what is echoed follows every change of the outbox", ({ outbox }) => {
  const value = () => outbox.echo().get(cellKey("a", 0));
  assert.equal(value(), undefined);
  outbox.acknowledge(1);
  const gesture = outbox.set([["b", 0, 0]]);
  const drag = outbox.set([["a", 0, 1]]);
  assert.equal(value(), 1);
  outbox.set([["a", 0, 2]], drag);
  assert.equal(value(), 2);
  outbox.withdraw(drag);
  assert.equal(value(), undefined);
  outbox.set([["a", 0, 3]], gesture);
  assert.equal(value(), 3);
  outbox.acknowledge(10);
  assert.equal(value(), undefined);
});

test("two cells never share a key", () => {
  assert.notEqual(cellKey("1 a", 1), cellKey("a", 11));
  assert.notEqual(cellKey("a", 1), cellKey("1 a", 1));
});

/** Figures that answer when told to; `asked` holds the operations of every question. */
function figures(outbox, sent) {
  const asked = [];
  const waiting = [];
  const ahead = (ops) => {
    asked.push(ops.map((op) => op.cells?.[0][2]));
    return { then: (done) => waiting.push(done) };
  };
  outbox.reopen((ops) => sent.push(ops), ahead);
  return { asked, answer: () => waiting.splice(0).forEach((done) => done()) };
}

outboxTest("the figures go ahead, then the message leaves", ({ outbox, sent }) => {
  const { asked, answer } = figures(outbox, sent);
  outbox.set([["a", 0, 1]]);
  assert.deepEqual([asked, sent.length], [[[1]], 0]);
  answer();
  assert.deepEqual(sent.map((ops) => ops.map((op) => op.id)), [[1]]);
  outbox.set([["a", 1, 2]]);
  answer();
  assert.equal(sent.length, 1); // one message is under way at a time
  outbox.acknowledge(1);
  answer();
  assert.deepEqual(sent[1].map((op) => op.id), [2]);
  assert.deepEqual(asked, [[1], [1, 2], [2]]);
});

outboxTest("while the figures follow a drag, a message leaves twice a second", ({ outbox, sent, wait }) => {
  const { asked } = figures(outbox, sent);
  let gesture;
  for (let value = 1; value <= 12; value += 1) {
    gesture = outbox.set([["a", 0, value]], gesture);
    wait(100);
    if (sent.length > 0) outbox.acknowledge(sent.at(-1).at(-1).id);
  }
  assert.ok(asked.length >= 12);
  assert.deepEqual(sent.map((ops) => ops.at(-1).cells[0][2]), [5, 10]);
});

outboxTest("an undo does not wait: only the server knows its figures", ({ outbox, sent }) => {
  const { asked } = figures(outbox, sent);
  outbox.order("undo");
  assert.deepEqual([asked, sent.length], [[], 1]);
});

outboxTest("what is withdrawn leaves the figures too", ({ outbox, sent, wait }) => {
  const { asked, answer } = figures(outbox, sent);
  const gesture = outbox.set([["a", 0, 1]]);
  assert.equal(outbox.withdraw(gesture), true);
  assert.deepEqual(asked, [[1], []]);
  answer();
  wait(1e9);
  assert.equal(sent.length, 0);
});
