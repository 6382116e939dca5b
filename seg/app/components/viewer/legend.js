// The classes with their colours, which are also controls: see one alone, hide it, give it another colour.

/** @import { Classes, Colour, GreyMap } from "./types" */
/** @typedef {{ name: string, shares: Float64Array }} Shares of a map */

import { contextOf, make } from "../dom.js";
import { drawPattern, IGNORE, PATTERN_STEP } from "./tint.js";

const EYE =
  '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M1 8c3-6 11-6 14 0-3 6-11 6-14 0z"/><circle cx="8" cy="8" r="2"/></svg>';

/** @type {(colour: Colour) => string} */
const hex = (colour) => `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
/** @type {(text: string) => Colour} */
const fromHex = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

/**
 * Pixels of every id, as shares of the whole map.
 * @type {(map: GreyMap) => Float64Array}
 */
export function sharesOf({ data }) {
  const counts = new Uint32Array(256);
  for (let i = 0; i < data.length; i++) counts[data[i]]++;
  return Float64Array.from(counts, (count) => count / data.length);
}

/**
 * Without `hide` and `recolour` the legend only lets one class be chosen.
 * @param {HTMLElement} element
 * @param {object} on
 * @param {(name: string) => void} on.choose a click
 * @param {(name: string | null) => void} on.point the class under the pointer, null for none
 * @param {(name: string) => void} [on.hide] or show it
 * @param {(name: string, colour: Colour | null) => void} [on.recolour] null for its own colour
 */
export function createLegend(element, { choose, point, hide, recolour }) {
  let names = "";
  let shown = "";
  const list = make("div", { className: "classes" });
  const table = make("table");
  const details = make("details", {}, make("summary", { textContent: "Share of each class" }), table);
  const reset = make("button", { type: "button", className: "reset", hidden: true, textContent: "Original colours" });
  /** @type {{ colour: HTMLElement, button: HTMLElement, eye: HTMLElement | null }[]} */
  let entries = [];
  element.replaceChildren(list, ...(recolour ? [reset] : []), ...(hide ? [details] : []));
  let fill = () => {};
  details.ontoggle = () => fill();

  /** @type {(name: string) => HTMLElement} */
  function swatchOf(name) {
    if (!recolour) return make("i", { className: "swatch" });
    const colour = make("input", { type: "color", className: "swatch", title: `Colour of ${name}` });
    colour.setAttribute("aria-label", `Colour of ${name}`);
    colour.oninput = () => recolour(name, fromHex(colour.value));
    return colour;
  }

  /** @param {string} name */
  function entryOf(name) {
    const button = make("button", { type: "button", textContent: name, onclick: () => choose(name) });
    button.dataset.class = name;
    button.onpointerenter = (event) => event.pointerType === "mouse" && point(name);
    button.onpointerleave = () => point(null);
    const eye = hide ? make("button", { type: "button", className: "eye", innerHTML: EYE }) : null;
    if (eye) {
      eye.dataset.hide = name;
      eye.onclick = () => hide?.(name);
    }
    return { colour: swatchOf(name), button, eye };
  }

  /**
   * @param {object} now
   * @param {Classes} now.classes
   * @param {Set<number> | null} now.present the ids in any map, null while that is not known
   * @param {string | null} now.only the class to see alone
   * @param {Set<string>} [now.hidden]
   * @param {Map<string, Colour>} [now.recoloured]
   * @param {() => Shares[]} [now.shares] of every map
   * @param {boolean} [now.patterns] whether maps have them
   */
  return function update({
    classes,
    present,
    only,
    hidden = new Set(),
    recoloured = new Map(),
    shares = () => [],
    patterns = false,
  }) {
    const wanted = JSON.stringify(classes.names);
    if (names !== wanted) {
      entries = classes.names.map(entryOf);
      const items = entries.map(({ colour, button, eye }) => [colour, button, ...(eye ? [eye] : [])]);
      list.replaceChildren(...items.map((parts) => make("span", { className: "entry" }, ...parts)));
    }
    names = wanted;
    entries.forEach(({ colour, button, eye }, id) => {
      const name = classes.names[id];
      const absent = present !== null && !present.has(id);
      if (colour instanceof HTMLInputElement) colour.value = hex(classes.colours[id]);
      showSwatch(colour, id, classes.colours[id], patterns);
      button.toggleAttribute("data-absent", absent);
      button.title = absent ? "In none of the masks" : "See it alone";
      button.setAttribute("aria-pressed", String(name === only));
      if (!eye) return;
      const off = hidden.has(name);
      eye.parentElement?.toggleAttribute("data-hidden", off);
      eye.setAttribute("aria-pressed", String(off));
      eye.setAttribute("aria-label", `Hide ${name}`);
      eye.title = off ? `Show ${name}` : `Hide ${name}`;
    });
    const changed = classes.names.filter((name) => recoloured.has(name));
    reset.hidden = !changed.length;
    reset.onclick = () => changed.forEach((name) => recolour?.(name, null));
    fill = () => details.open && showShares(classes, shares());
    fill();
  };

  /** @type {(classes: Classes, maps: Shares[]) => void} */
  function showShares(classes, maps) {
    const rows = classes.names.map((name, id) => ({ name, id }));
    if (maps.some((map) => map.shares[IGNORE] > 0)) rows.push({ name: "not labelled", id: IGNORE });
    const cells = rows.map(({ id }) => maps.map((map) => shareText(map.shares[id])));
    const key = JSON.stringify([rows, maps.map((map) => map.name), cells]);
    if (shown === key) return;
    shown = key;
    table.replaceChildren();
    const head = table.createTHead().insertRow();
    head.append(make("td"), ...maps.map((map) => headerOf(map.name, "col")));
    const body = table.createTBody();
    rows.forEach(({ name }, i) => {
      const row = body.insertRow();
      row.append(headerOf(name, "row"));
      for (const text of cells[i]) row.insertCell().textContent = text;
    });
  }
}

/**
 * A class of a few pixels is not one that is missing.
 * @type {(share: number) => string}
 */
export function shareText(share) {
  if (share === 0) return "–";
  return share < 0.0005 ? "< 0.1 %" : `${(share * 100).toFixed(1)} %`;
}

/**
 * The colour of a class, and its pattern where maps have theirs.
 * @type {(element: HTMLElement, id: number, colour: Colour, patterns: boolean) => void}
 */
function showSwatch(element, id, colour, patterns) {
  const key = `${id} ${colour} ${patterns}`;
  if (element.dataset.shown === key) return;
  element.dataset.shown = key;
  element.style.background = `rgb(${colour})${patterns ? ` url(${patternUrl(id, colour)})` : ""}`;
}

/** @type {(id: number, colour: Colour) => string} */
function patternUrl(id, colour) {
  const canvas = make("canvas", { width: PATTERN_STEP, height: PATTERN_STEP });
  drawPattern(contextOf(canvas), id, colour, 0, 0, PATTERN_STEP);
  return canvas.toDataURL();
}

/** @type {(text: string, scope: string) => HTMLElement} */
const headerOf = (text, scope) => make("th", { scope, textContent: text });
