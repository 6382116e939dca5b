// The tools to paint a truth with, and the table of grades that each stroke changes.

/** @import { Classes, Scores, Tool } from "./types" */
/** @typedef {{ name: string, scores: Scores }} Row the grades of a network */
/**
 * @typedef {Tool & { corners: number, classes: Classes, networks: string[], canUndo: boolean, canRedo: boolean,
 *   empty: boolean, keeping: boolean }} Now corners: of the polygon that is being drawn
 * @typedef {"undo" | "redo" | "clear" | "close" | "use" | "download"} Action
 */

import { make, setText } from "../dom.js";
import { rove } from "./roving.js";

/** @type {{ kind: Tool["kind"], text: string, key: string, hint: string }[]} */
const TOOLS = [
  {
    kind: "brush",
    text: "Brush",
    key: "B",
    hint: "A rough sketch of a few regions is enough: what is not painted does not count.",
  },
  {
    kind: "wand",
    text: "Wand",
    key: "W",
    hint: "Press on a colour: what touches it and looks like it is painted. Then move Tolerance until it fits.",
  },
  {
    kind: "polygon",
    text: "Polygon",
    key: "L",
    hint: "Press corner after corner and then the first one, or draw around it in one go.",
  },
  { kind: "fill", text: "Fill", key: "F", hint: "Press into a region: all of it becomes the class, up to another one." },
];
const KEEPS = "What you paint survives a reload; it stays in this tab of your browser alone, and goes with it";
const LARGEST = 64;
const MOST_TOLERANCE = 96;

/**
 * @param {HTMLElement} element
 * @param {Record<Action, () => void> & { tool: (change: Partial<Tool>) => void, start: (name: string) => void,
 *   keep: (keeps: boolean) => void }} on
 */
export function createPainter(element, on) {
  const tools = TOOLS.map(({ kind, text, key }) => {
    const button = make("button", { type: "button", textContent: text, title: key, onclick: () => on.tool({ kind }) });
    button.dataset.tool = kind;
    return button;
  });
  const eraser = make("button", { type: "button", textContent: "Erase", title: "X, or Alt while painting" });
  eraser.dataset.tool = "erase";
  const size = slider("Size", LARGEST, (value) => on.tool({ size: value }));
  size.label.title = "Width of the brush in pixels of the picture";
  const tolerance = slider("Tolerance", MOST_TOLERANCE, (value) => on.tool({ tolerance: value }));
  tolerance.label.title = "How far a colour may be from the one pressed on";
  const picker = make("div", { className: "paint-classes" });
  picker.setAttribute("role", "radiogroup");
  picker.setAttribute("aria-label", "Class to paint");
  const from = make("select");
  from.setAttribute("aria-label", "Start the painting from");
  from.onchange = () => {
    if (from.value) on.start(from.value);
    from.value = "";
  };
  /** @type {(name: Action, text: string, title: string) => HTMLButtonElement} */
  const act = (name, text, title) => {
    const button = make("button", { type: "button", textContent: text, title, onclick: () => on[name]() });
    button.dataset.paint = name;
    return button;
  };
  const undo = act("undo", "Undo", "Ctrl+Z");
  const redo = act("redo", "Redo", "Ctrl+Shift+Z");
  const clear = act("clear", "Clear", "Take everything painted away");
  const close = act("close", "Close", "Join the last corner to the first (Enter)");
  const use = act("use", "Use as truth", "Score every network against what is painted");
  const download = act("download", "Download mask", "A PNG of class ids, to be uploaded again");
  const keeps = make("input", { type: "checkbox" });
  /** @type {(label: string, ...children: HTMLElement[]) => HTMLElement} */
  const group = (label, ...children) => {
    const box = make("div", { className: "group" }, ...children);
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", label);
    return box;
  };
  const bar = make(
    "div",
    { className: "bar" },
    group("Tool", ...tools, eraser),
    make("div", { className: "options" }, size.label, tolerance.label, close),
    group("History", undo, redo, clear),
    from,
    group("Result", use, download),
    make("label", { className: "keeps", title: KEEPS }, keeps, "Keep in this tab"),
  );
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "To paint with; arrow keys go from tool to tool");
  const stops = rove(bar, "button");
  keeps.onchange = () => on.keep(keeps.checked);
  const hint = make("p", { className: "hint" });
  element.replaceChildren(bar, picker, hint);
  let made = "";

  /** @param {Classes} classes */
  function pick(classes) {
    const options = classes.names.map((name, id) => {
      const swatch = make("i", { className: "swatch" });
      swatch.style.background = `rgb(${classes.colours[id]})`;
      const input = make("input", { type: "radio", name: "paint-class", value: String(id) });
      input.onchange = () => on.tool({ chosen: id, erase: false });
      return make("label", {}, input, swatch, make("span", { textContent: name }));
    });
    picker.replaceChildren(...options);
  }

  /** @param {Now} now */
  function update({ kind, erase, chosen, corners, classes, networks, canUndo, canRedo, empty, keeping, ...now }) {
    const wanted = JSON.stringify([classes, networks]);
    if (made !== wanted) {
      pick(classes);
      from.replaceChildren(new Option("Start from …", ""), ...networks.map((name) => new Option(name, name)));
      from.hidden = !networks.length;
      made = wanted;
    }
    for (const button of tools) button.setAttribute("aria-pressed", String(button.dataset.tool === kind));
    eraser.setAttribute("aria-pressed", String(erase));
    eraser.onclick = () => on.tool({ erase: !erase });
    size.show(now.size, `${now.size} px`);
    tolerance.show(now.tolerance, String(now.tolerance));
    size.label.hidden = kind !== "brush";
    tolerance.label.hidden = kind !== "wand";
    close.hidden = kind !== "polygon";
    close.disabled = corners < 3;
    setText(hint, TOOLS.find((tool) => tool.kind === kind)?.hint ?? "");
    for (const input of picker.querySelectorAll("input")) input.checked = Number(input.value) === chosen;
    undo.disabled = !canUndo && !corners;
    redo.disabled = !canRedo;
    keeps.checked = keeping;
    clear.disabled = use.disabled = download.disabled = empty;
    stops();
  }

  /** @param {boolean} isKept */
  function kept(isKept) {
    if (!isKept) setText(hint, "This painting is too large to be kept: download its mask.");
  }

  return { update, kept };
}

/** @type {(text: string, most: number, set: (value: number) => void) => { label: HTMLElement, show: (value: number, text: string) => void }} */
function slider(text, most, set) {
  const input = make("input", { type: "range", min: "1", max: String(most), step: "1" });
  input.oninput = () => set(Number(input.value));
  const output = make("output");
  const show = (/** @type {number} */ value, /** @type {string} */ words) => {
    input.value = String(value);
    setText(output, words);
  };
  return { label: make("label", { className: "slider" }, `${text} `, input, output), show };
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
