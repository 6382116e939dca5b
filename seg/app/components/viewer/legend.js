// The classes with their colours, which are also controls: see one alone, hide it, give it another colour.

import { drawPattern, IGNORE, PATTERN_STEP } from "./tint.js";

const EYE =
  '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M1 8c3-6 11-6 14 0-3 6-11 6-14 0z"/><circle cx="8" cy="8" r="2"/></svg>';

const hex = (colour) => `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
const fromHex = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

// Pixels of every id, as shares of the whole map.
export function sharesOf({ data }) {
  const counts = new Uint32Array(256);
  for (let i = 0; i < data.length; i++) counts[data[i]]++;
  return Float64Array.from(counts, (count) => count / data.length);
}

// `choose(name)` is called on a click, `point(name)` while a class is under the pointer and with null when it is not,
// `hide(name)` to hide or show it, `recolour(name, [r, g, b])` with its new colour, null for its own; without these two
// the legend only lets one class be chosen.
export function createLegend(element, { choose, point, hide, recolour }) {
  let names = "";
  let shown = "";
  const list = document.createElement("div");
  list.className = "classes";
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = "Share of each class";
  const table = document.createElement("table");
  details.append(summary, table);
  const reset = document.createElement("button");
  reset.type = "button";
  reset.className = "reset";
  reset.hidden = true;
  reset.textContent = "Original colours";
  element.replaceChildren(list, ...(recolour ? [reset] : []), ...(hide ? [details] : []));
  let fill = () => {};
  details.ontoggle = () => fill();

  function entry(name) {
    const item = document.createElement("span");
    item.className = "entry";
    const colour = document.createElement(recolour ? "input" : "i");
    colour.className = "swatch";
    if (recolour) {
      colour.type = "color";
      colour.title = `Colour of ${name}`;
      colour.setAttribute("aria-label", `Colour of ${name}`);
      colour.oninput = () => recolour(name, fromHex(colour.value));
    }
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.class = name;
    button.textContent = name;
    button.onclick = () => choose(name);
    button.onpointerenter = (event) => event.pointerType === "mouse" && point(name);
    button.onpointerleave = () => point(null);
    item.append(colour, button);
    if (!hide) return item;
    const eye = document.createElement("button");
    eye.type = "button";
    eye.className = "eye";
    eye.innerHTML = EYE;
    eye.dataset.hide = name;
    eye.onclick = () => hide(name);
    item.append(eye);
    return item;
  }

  // `present`: the ids in any map, null while that is not known; `only`: the name of the class to see alone, or null;
  // `hidden` and `recoloured` have names; `shares`: {name, shares} of every map; `patterns`: whether maps have them.
  return function update({
    classes,
    present,
    only,
    hidden = new Set(),
    recoloured = new Set(),
    shares = [],
    patterns = false,
  }) {
    const wanted = JSON.stringify(classes.names);
    if (names !== wanted) list.replaceChildren(...classes.names.map(entry));
    names = wanted;
    [...list.children].forEach((item, id) => {
      const [colour, button, eye] = item.children;
      const name = classes.names[id];
      const absent = present !== null && !present.has(id);
      if (recolour) colour.value = hex(classes.colours[id]);
      showSwatch(colour, id, classes.colours[id], patterns);
      button.toggleAttribute("data-absent", absent);
      button.title = absent ? "In none of the masks" : "See it alone";
      button.setAttribute("aria-pressed", String(name === only));
      if (!hide) return;
      const off = hidden.has(name);
      item.toggleAttribute("data-hidden", off);
      eye.setAttribute("aria-pressed", String(off));
      eye.setAttribute("aria-label", `Hide ${name}`);
      eye.title = off ? `Show ${name}` : `Hide ${name}`;
    });
    const changed = classes.names.filter((name) => recoloured.has(name));
    reset.hidden = !changed.length;
    reset.onclick = () => changed.forEach((name) => recolour(name, null));
    fill = () => details.open && showShares(classes, shares);
    fill();
  };

  function showShares(classes, maps) {
    const rows = classes.names.map((name, id) => ({ name, id }));
    if (maps.some((map) => map.shares[IGNORE] > 0)) rows.push({ name: "not labelled", id: IGNORE });
    const cells = rows.map(({ id }) => maps.map((map) => shareText(map.shares[id])));
    const key = JSON.stringify([rows, maps.map((map) => map.name), cells]);
    if (shown === key) return;
    shown = key;
    table.replaceChildren();
    const head = table.createTHead().insertRow();
    head.append(document.createElement("td"), ...maps.map((map) => headerOf(map.name, "col")));
    const body = table.createTBody();
    rows.forEach(({ name }, i) => {
      const row = body.insertRow();
      row.append(headerOf(name, "row"));
      for (const text of cells[i]) row.insertCell().textContent = text;
    });
  }
}

// A class of a few pixels is not one that is missing.
export function shareText(share) {
  if (share === 0) return "–";
  return share < 0.0005 ? "< 0.1 %" : `${(share * 100).toFixed(1)} %`;
}

// The colour of a class, and its pattern where maps have theirs.
function showSwatch(element, id, colour, patterns) {
  const key = `${id} ${colour} ${patterns}`;
  if (element.dataset.shown === key) return;
  element.dataset.shown = key;
  element.style.background = `rgb(${colour})${patterns ? ` url(${patternUrl(id, colour)})` : ""}`;
}

function patternUrl(id, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PATTERN_STEP;
  drawPattern(canvas.getContext("2d"), id, colour, 0, 0, PATTERN_STEP);
  return canvas.toDataURL();
}

function headerOf(text, scope) {
  const cell = document.createElement("th");
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}
