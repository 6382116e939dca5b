// The small learning curve below a panel: all panels share its scale, the dot is the moment shown.

const SVG = "http://www.w3.org/2000/svg";

function add(parent, name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

// `points`: [share of the schedule, value], `top` the value at the upper edge.
export function createCurve(parent, points, top) {
  const box = document.createElement("div");
  const dot = document.createElement("i");
  const scale = document.createElement("span");
  box.className = "curve";
  scale.className = "top";
  scale.textContent = `${top.toFixed(1)} mIoU`;
  const svg = add(box, "svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" });
  const line = points.map(([x, y]) => `${x.toFixed(4)},${(1 - y / top).toFixed(4)}`);
  if (points.length) {
    add(svg, "polygon", { points: [`${points[0][0]},1`, ...line, `${points.at(-1)[0]},1`].join(" ") });
    add(svg, "polyline", { points: line.join(" ") });
  }
  const needle = add(svg, "line", { y1: 0, y2: 1 });
  box.append(scale, dot);
  parent.replaceChildren(box);

  // At `from`, `part` of the way to `to`: each [share, value or null].
  return function mark(from, to, part) {
    const x = from[0] + (to[0] - from[0]) * part;
    const y = from[1] === null ? (part > 0.5 ? to[1] : null) : from[1] + ((to[1] ?? from[1]) - from[1]) * part;
    needle.setAttribute("x1", x);
    needle.setAttribute("x2", x);
    dot.hidden = y === null;
    dot.style.left = `${x * 100}%`;
    dot.style.bottom = `${((y ?? 0) / top) * 100}%`;
  };
}
