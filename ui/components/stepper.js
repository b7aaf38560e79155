/**
 * stepper: play, pause and drag through numbered steps.
 *
 * data = { name, label, step, n_steps, texts, interval_ms, ack }
 *
 * The step moves in the browser at once, and Python hears of it as the state "step" =
 * {step, serial}, where `serial` always grows. Python answers with `ack`, the last serial it has
 * worked on. One message is under way at a time; what happens meanwhile is sent when it is
 * answered, the newest only. While something is unanswered, `data.step` is older than what the
 * person sees and is ignored.
 */
import { make, setText } from "./elements.js";

const LOST_MS = 5000; // a message unanswered for so long was lost with its connection
const instances = new WeakMap();

/** Build the controls once, then bring them in line with `component.data`. */
export default function stepper(component) {
  const { parentElement } = component;
  const state = instances.get(parentElement) ?? mount(parentElement);
  instances.set(parentElement, state);
  state.component = component;
  receive(state);
  return () => unmount(state, parentElement);
}

function mount(parentElement) {
  const state = { serial: 0, sent: null, step: null, timer: 0 };
  build(state, parentElement.querySelector(".root"));
  state.pause = () => document.hidden && stop(state);
  document.addEventListener("visibilitychange", state.pause);
  return state;
}

function unmount(state, parentElement) {
  stop(state);
  document.removeEventListener("visibilitychange", state.pause);
  instances.delete(parentElement);
}

function build(state, root) {
  state.label = make("span", { class: "label" });
  const [back, on] = [() => walk(state, state.step - 1), () => walk(state, state.step + 1)];
  state.previous = button("Previous", { class: "previous", "aria-label": "Previous step", onclick: back });
  state.play = button("", { class: "play", onclick: () => (state.timer ? stop(state) : start(state)) });
  state.next = button("Next", { class: "next", "aria-label": "Next step", onclick: on });
  const oninput = () => walk(state, Number(state.range.value));
  state.range = make("input", { class: "range", type: "range", min: 0, oninput });
  state.position = make("span", { class: "position" });
  const parts = [state.label, state.previous, state.play, state.next, state.range, state.position];
  state.bar = make("div", { class: "bar", role: "group" }, ...parts);
  state.caption = make("p", { class: "caption" });
  root.append(state.bar, state.caption);
  // Streamlit takes letter keys as shortcuts; what is typed here is meant for here.
  root.addEventListener("keydown", (event) => event.stopPropagation());
}

const button = (text, attributes) => make("button", { type: "button", ...attributes }, text);

/** Take in new data: an answer to what we sent, or a change made in Python. */
function receive(state) {
  const { step, n_steps, ack = 0 } = state.component.data;
  if (state.sent !== null && ack >= state.sent.serial) state.sent = null;
  if (state.step === null || (!state.sent && !state.unsent)) state.step = step;
  state.step = clamp(state.step, n_steps);
  if (isLost(state)) state.unsent = true; // the connection is back: say again where we are
  flush(state);
  show(state);
}

const isLost = ({ sent }) => sent !== null && Date.now() - sent.at >= LOST_MS;

const clamp = (step, n_steps) => Math.min(Math.max(step ?? 0, 0), Math.max(n_steps - 1, 0));

/** Show a step now, and tell Python as soon as it listens. */
function go(state, step) {
  const wanted = clamp(step, state.component.data.n_steps);
  if (wanted !== state.step) {
    state.step = wanted;
    state.unsent = true;
    flush(state);
  }
  show(state);
}

function flush(state) {
  if (!state.unsent || (state.sent && !isLost(state))) return;
  const { ack = 0 } = state.component.data;
  state.serial = Math.max(state.serial, ack) + 1;
  state.sent = { serial: state.serial, at: Date.now() };
  state.unsent = false;
  state.component.setStateValue("step", { step: state.step, serial: state.serial });
}

/** A step that a person takes by hand ends the playing. */
function walk(state, step) {
  stop(state);
  go(state, step);
}

const isLast = (state) => state.step >= state.component.data.n_steps - 1;

function start(state) {
  const { interval_ms = 1200 } = state.component.data;
  state.timer = setInterval(() => advance(state), interval_ms);
  if (isLast(state)) go(state, 0); // playing again begins at the beginning
  show(state);
}

function advance(state) {
  go(state, state.step + 1);
  if (isLast(state)) stop(state);
}

function stop(state) {
  clearInterval(state.timer);
  state.timer = 0;
  if (state.step !== null) show(state);
}

function show(state) {
  const { label, n_steps, texts = [] } = state.component.data;
  const { range, play, step } = state;
  const caption = texts[step] ?? "";
  const position = `step ${step + 1} of ${n_steps}`;
  state.bar.setAttribute("aria-label", label);
  range.setAttribute("aria-label", label);
  range.setAttribute("aria-valuetext", caption ? `${position}: ${caption}` : position);
  range.max = String(Math.max(n_steps - 1, 0));
  if (Number(range.value) !== step) range.value = String(step);
  setText(state.label, label);
  setText(state.position, position);
  setText(state.caption, caption);
  setText(play, state.timer ? "Pause" : "Play");
  play.setAttribute("aria-pressed", String(state.timer !== 0));
  play.disabled = n_steps < 2;
  // Not `disabled`, which would drop the keyboard's focus at the last step.
  state.previous.setAttribute("aria-disabled", String(step <= 0));
  state.next.setAttribute("aria-disabled", String(isLast(state)));
}
