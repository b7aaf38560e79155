/**
 * code: a listing that can be copied.
 *
 * data = { parts: [[kind, text]] }, where kind is "comment", "keyword", "string", "number" or "".
 */
import { make } from "./elements.js";

const THANKS_MS = 1500;

/** Show `component.data`, if it is not what stands there. */
export default function code({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const text = data.parts.map(([, part]) => part).join("");
  if (root.text === text) return;
  root.text = text;
  const parts = data.parts.map(([kind, part]) => (kind ? make("span", { class: kind }, part) : part));
  root.replaceChildren(make("pre", {}, make("code", {}, ...parts)), copyButton(root));
}

function copyButton(root) {
  const button = make("button", { type: "button", "aria-label": "Copy this code" }, "Copy");
  button.addEventListener("click", async () => {
    button.textContent = (await copied(root)) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => { button.textContent = "Copy"; }, THANKS_MS);
  });
  return button;
}

/** Whether the code is in the clipboard; if the browser refuses, it is at least selected. */
async function copied(root) {
  try {
    await navigator.clipboard.writeText(root.text);
    return true;
  } catch {
    getSelection().selectAllChildren(root.querySelector("code"));
    return false;
  }
}
