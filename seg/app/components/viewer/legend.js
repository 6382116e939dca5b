// The classes with their colours, which are also controls: see one alone, hide it, give it another colour.

/** @import { Classes, Colour } from "./types" */

import { contextOf, make } from "../dom.js";
import { rove } from "./roving.js";
import { drawPattern, PATTERN_STEP } from "./tint.js";

const EYE =
  '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M1 8c3-6 11-6 14 0-3 6-11 6-14 0z"/><circle cx="8" cy="8" r="2"/></svg>';

/** @type {(colour: Colour) => string} */
const hex = (colour) => `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
/** @type {(text: string) => Colour} */
const fromHex = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));

/**
 * Without `edit` the legend only lets one class be chosen.
 * @param {HTMLElement} element
 * @param {object} on
 * @param {(name: string) => void} on.choose a click
 * @param {(name: string | null) => void} on.point the class under the pointer, null for none
 * @param {object} [on.edit]
 * @param {(name: string) => void} on.edit.hide or show it
 * @param {(name: string, colour: Colour | null) => void} on.edit.recolour null for its own colour
 * @param {() => void} on.edit.patterns or none
 */
export function createLegend(element, { choose, point, edit }) {
  let names = "";
  const list = make("div", { className: "classes" });
  const patterned = make("button", { type: "button", className: "extra", textContent: "Patterns" });
  patterned.dataset.action = "patterns";
  patterned.title = "A pattern for every class, beside its colour";
  const reset = make("button", { type: "button", className: "extra", hidden: true, textContent: "Original colours" });
  /** @type {{ colour: HTMLElement, button: HTMLElement, eye: HTMLElement | null }[]} */
  let entries = [];
  element.replaceChildren(list);
  const stops = rove(element, "button, input");

  /** @type {(name: string) => HTMLElement} */
  function swatchOf(name) {
    if (!edit) return make("i", { className: "swatch" });
    const colour = make("input", { type: "color", className: "swatch", title: `Colour of ${name}` });
    colour.setAttribute("aria-label", `Colour of ${name}`);
    colour.oninput = () => edit.recolour(name, fromHex(colour.value));
    return colour;
  }

  /** @param {string} name */
  function entryOf(name) {
    const button = make("button", { type: "button", textContent: name, onclick: () => choose(name) });
    button.dataset.class = name;
    button.onpointerenter = (event) => event.pointerType === "mouse" && point(name);
    button.onpointerleave = () => point(null);
    const eye = edit ? make("button", { type: "button", className: "eye", innerHTML: EYE }) : null;
    if (eye) {
      eye.dataset.hide = name;
      eye.onclick = () => edit?.hide(name);
    }
    return { colour: swatchOf(name), button, eye };
  }

  /** @param {Classes} classes */
  function build(classes) {
    entries = classes.names.map(entryOf);
    const items = entries.map(({ colour, button, eye }) => [colour, button, ...(eye ? [eye] : [])]);
    list.replaceChildren(...items.map((parts) => make("span", { className: "entry" }, ...parts)));
    if (edit) list.append(patterned, reset);
  }

  /**
   * @param {object} now
   * @param {Classes} now.classes
   * @param {Set<number> | null} now.present the ids in any map, null while that is not known
   * @param {string | null} now.only the class to see alone
   * @param {Set<string>} [now.hidden]
   * @param {Map<string, Colour>} [now.recoloured]
   * @param {boolean} [now.patterns] whether maps have them
   */
  return function update({
    classes,
    present,
    only,
    hidden = new Set(),
    recoloured = new Map(),
    patterns = false,
  }) {
    const wanted = JSON.stringify(classes.names);
    if (names !== wanted) build(classes);
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
    patterned.setAttribute("aria-pressed", String(patterns));
    patterned.onclick = () => edit?.patterns();
    const changed = classes.names.filter((name) => recoloured.has(name));
    reset.hidden = !changed.length;
    reset.onclick = () => changed.forEach((name) => edit?.recolour(name, null));
    stops();
  };
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
