// The small learning curve below a panel: all panels share its scale, the dot is the moment shown.

import { make } from "../dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** @type {(parent: Element, name: string, attributes: Record<string, string | number>) => Element} */
function add(parent, name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  parent.append(element);
  return element;
}

/** @typedef {[share: number, value: number | null]} Mark a point of the schedule; null where the curve has not begun */

/**
 * @param {Element} parent
 * @param {[share: number, value: number][]} points of the schedule
 * @param {number} top the value at the upper edge
 */
export function createCurve(parent, points, top) {
  const box = make("div", { className: "curve" });
  const dot = make("i");
  const scale = make("span", { className: "top", textContent: `${top.toFixed(1)} mIoU` });
  const svg = add(box, "svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  const line = points.map(([x, y]) => `${x.toFixed(4)},${(1 - y / top).toFixed(4)}`);
  if (points.length) {
    const [[first], [last]] = [points[0], points[points.length - 1]];
    add(svg, "polygon", { points: [`${first},1`, ...line, `${last},1`].join(" ") });
    add(svg, "polyline", { points: line.join(" ") });
  }
  const needle = add(svg, "line", { y1: 0, y2: 1 });
  box.append(scale, dot);
  parent.replaceChildren(box);

  /** @type {(from: Mark, to: Mark, part: number) => void} */
  return function mark(from, to, part) {
    const x = from[0] + (to[0] - from[0]) * part;
    const y = from[1] === null ? (part > 0.5 ? to[1] : null) : from[1] + ((to[1] ?? from[1]) - from[1]) * part;
    needle.setAttribute("x1", String(x));
    needle.setAttribute("x2", String(x));
    dot.hidden = y === null;
    dot.style.left = `${x * 100}%`;
    dot.style.bottom = `${((y ?? 0) / top) * 100}%`;
  };
}
