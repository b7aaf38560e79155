/**
 * code: a listing that can be copied.
 *
 * data = { parts: [[kind, text]] }, where kind is "comment", "keyword", "string", "number" or "".
 */
const THANKS_MS = 1500;

/** Show `component.data`, if it is not what stands there. */
export default function code({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const text = data.parts.map(([, part]) => part).join("");
  if (root.text === text) return;
  root.text = text;
  const listing = document.createElement("code");
  listing.append(...data.parts.map(([kind, part]) => (kind ? span(kind, part) : part)));
  const pre = document.createElement("pre");
  pre.append(listing);
  root.replaceChildren(pre, copyButton(root));
}

function span(kind, text) {
  return Object.assign(document.createElement("span"), { className: kind, textContent: text });
}

function copyButton(root) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
  button.setAttribute("aria-label", "Copy this code");
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
