/** Making elements, and changing only what differs. */

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; an attribute that is a function listens, like onclick. */
export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of a drawing. */
export function makeSvg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** Give an element attributes. */
export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element[name] = value;
    else element.setAttribute(name, value);
  }
}

/** Write a text where another one stands: a screen reader announces every writing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
