// Elements of an SVG.

const SVG = "http://www.w3.org/2000/svg";

/** @type {(kind: string, attributes: Record<string, string | number>, ...children: Node[]) => SVGElement} */
export function create(kind, attributes, ...children) {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** @type {(attributes: Record<string, string | number>, text: string) => SVGElement} */
export function written(attributes, text) {
  const element = create("text", attributes);
  element.textContent = text;
  return element;
}
