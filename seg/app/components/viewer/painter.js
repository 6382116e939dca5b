// The tools to paint a truth with, and the table of grades that each stroke changes.

/** @import { Classes, Scores, Tool } from "./types" */
/** @typedef {{ name: string, scores: Scores }} Row the grades of a network */
/**
 * @typedef {Tool & { classes: Classes, networks: string[], canUndo: boolean, canRedo: boolean, empty: boolean }} Now
 */

import { make } from "../dom.js";

/** @type {{ kind: Tool["kind"], text: string }[]} */
const TOOLS = [
  { kind: "brush", text: "Brush" },
  { kind: "eraser", text: "Eraser" },
  { kind: "fill", text: "Fill" },
];
const LARGEST = 64;

/**
 * @param {HTMLElement} element
 * @param {Record<"undo" | "redo" | "clear" | "use" | "download", () => void> & { tool: (change: Partial<Tool>) => void,
 *   start: (name: string) => void }} on
 */
export function createPainter(element, on) {
  const tools = TOOLS.map(({ kind, text }) => {
    const button = make("button", { type: "button", textContent: text, onclick: () => on.tool({ kind }) });
    button.dataset.tool = kind;
    return button;
  });
  const size = make("input", { type: "range", min: "1", max: String(LARGEST), step: "1" });
  size.oninput = () => on.tool({ size: Number(size.value) });
  const sizeText = make("output");
  const picker = make("div", { className: "picker" });
  picker.setAttribute("role", "radiogroup");
  picker.setAttribute("aria-label", "Class to paint");
  const from = make("select");
  from.setAttribute("aria-label", "Start the painting from");
  from.onchange = () => {
    if (from.value) on.start(from.value);
    from.value = "";
  };
  /** @type {(name: "undo" | "redo" | "clear" | "use" | "download", text: string, title: string) => HTMLButtonElement} */
  const act = (name, text, title) => {
    const button = make("button", { type: "button", textContent: text, title, onclick: () => on[name]() });
    button.dataset.paint = name;
    return button;
  };
  const undo = act("undo", "Undo", "Ctrl+Z");
  const redo = act("redo", "Redo", "Ctrl+Shift+Z");
  const clear = act("clear", "Clear", "Take everything painted away");
  const use = act("use", "Use as truth", "Score every network against what is painted");
  const download = act("download", "Download mask", "A PNG of class ids, to be uploaded again");
  /** @type {(label: string, ...children: HTMLElement[]) => HTMLElement} */
  const group = (label, ...children) => {
    const box = make("div", { className: "group" }, ...children);
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", label);
    return box;
  };
  element.replaceChildren(
    group("Tool", ...tools),
    make("label", { className: "size", title: "Width of the brush in pixels of the picture" }, "Size ", size, sizeText),
    from,
    group("History", undo, redo, clear),
    group("Result", use, download),
    picker,
    make("p", {
      className: "hint",
      textContent: "A rough sketch of a few regions is enough: what is not painted does not count.",
    }),
  );
  let made = "";

  /** @param {Classes} classes */
  function pick(classes) {
    const options = classes.names.map((name, id) => {
      const swatch = make("i", { className: "swatch" });
      swatch.style.background = `rgb(${classes.colours[id]})`;
      const input = make("input", { type: "radio", name: "paint-class", value: String(id) });
      input.onchange = () => on.tool({ chosen: id, kind: "brush" });
      return make("label", {}, input, swatch, make("span", { textContent: name }));
    });
    picker.replaceChildren(...options);
  }

  /** @param {Now} now */
  function update({ kind, size: width, chosen, classes, networks, canUndo, canRedo, empty }) {
    const wanted = JSON.stringify([classes, networks]);
    if (made !== wanted) {
      pick(classes);
      from.replaceChildren(new Option("Start from …", ""), ...networks.map((name) => new Option(name, name)));
      made = wanted;
    }
    for (const button of tools) button.setAttribute("aria-pressed", String(button.dataset.tool === kind));
    size.value = String(width);
    sizeText.textContent = `${width} px`;
    for (const input of picker.querySelectorAll("input")) input.checked = Number(input.value) === chosen;
    undo.disabled = !canUndo;
    redo.disabled = !canRedo;
    clear.disabled = use.disabled = download.disabled = empty;
  }

  return { update };
}

/**
 * A line for every class that any network has a grade in.
 * @param {HTMLElement} element
 */
export function createGrades(element) {
  /** @type {(rows: Row[], classes: Classes) => void} */
  return function show(rows, classes) {
    if (!rows.length) {
      element.replaceChildren();
      return;
    }
    const lines = classes.names
      .map((name, id) => ({ name, values: rows.map((row) => row.scores.dice[id]) }))
      .filter(({ values }) => values.some((value) => value !== null));
    lines.unshift({ name: "mean Dice", values: rows.map((row) => row.scores.mean) });
    const table = make("table", {}, make("caption", { textContent: "Dice against what you painted, as you paint" }));
    const head = table.createTHead().insertRow();
    head.append(make("td"), ...rows.map((row) => make("th", { scope: "col", textContent: row.name })));
    const body = table.createTBody();
    for (const { name, values } of lines) {
      const best = Math.max(...values.map((value) => value ?? 0));
      const line = body.insertRow();
      line.append(make("th", { scope: "row", textContent: name }));
      for (const [i, value] of values.entries()) {
        const cell = line.insertCell();
        cell.textContent = value === null ? "–" : value.toFixed(2);
        cell.dataset.grade = `${rows[i].name}/${name}`;
        cell.dataset.value = String(value);
        cell.toggleAttribute("data-best", value === best && value > 0);
      }
    }
    element.replaceChildren(table);
  };
}
