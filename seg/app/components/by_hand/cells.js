// A grid of numbers: one element a cell, made once for a shape, filled as often as one likes.

import { make } from "../dom.js";

const MAX_CELL = 42;
const MIN_CELL = 12;
const READABLE = 21;

/** @type {(value: number) => string} */
export const format = (value) => (Number.isFinite(value) ? String(Number(value.toFixed(2))).replace("-", "−") : "");

/**
 * @param {HTMLElement} element
 * @param {object} [on]
 * @param {(index: number, value: number | null) => void} [on.edit] makes the cells fields; null for what is no number
 * @param {(index: number | null) => void} [on.point] hears of the pointer
 * @param {(index: number) => void} [on.choose]
 */
export function createCells(element, { edit, point, choose } = {}) {
  let shape = "";
  /** @type {(HTMLInputElement | HTMLDivElement)[]} */
  let cells = [];
  let room = 0; // kept: to ask for it between two changes would lay out the page anew
  new ResizeObserver(() => (room = element.parentElement?.clientWidth ?? 0)).observe(element);

  /** @type {(index: number, columns: number) => HTMLInputElement} */
  function field(index, columns) {
    const cell = make("input", { inputMode: "decimal" });
    cell.setAttribute("aria-label", `row ${Math.floor(index / columns) + 1}, column ${(index % columns) + 1}`);
    cell.addEventListener("change", () => {
      const value = Number(cell.value.replace("−", "-").replace(",", "."));
      const fine = cell.value.trim() !== "" && Number.isFinite(value) && Math.abs(value) < 1000;
      edit?.(index, fine ? Math.round(value * 100) / 100 : null);
    });
    cell.addEventListener("focus", () => choose?.(index));
    cell.addEventListener("blur", () => (cell.value = cell.dataset.text ?? "")); // as it is taken, or was before
    return cell;
  }

  /** @type {(rows: number, columns: number) => void} */
  function build(rows, columns) {
    shape = `${rows}×${columns}`;
    cells = Array.from({ length: rows * columns }, (_, index) => {
      const cell = edit ? field(index, columns) : make("div");
      cell.className = "cell";
      if (choose && !edit) cell.addEventListener("click", () => choose(index));
      if (point) cell.addEventListener("pointerenter", () => point(index));
      return cell;
    });
    element.replaceChildren(...cells);
    element.style.setProperty("--columns", String(columns));
    if (point) element.onpointerleave = () => point(null);
  }

  /**
   * @param {number} rows
   * @param {number} columns
   * @param {number[]} values NaN for empty
   * @param {(index: number) => string} [look] class names
   * @param {((index: number) => number) | null} [small] a figure in the corner
   */
  function fill(rows, columns, values, look = () => "", small = null) {
    if (shape !== `${rows}×${columns}`) build(rows, columns);
    room ||= element.parentElement?.clientWidth || 320;
    const side = Math.max(MIN_CELL, Math.min(MAX_CELL, Math.floor((room - 2) / columns)));
    element.style.setProperty("--side", `${side}px`);
    const largest = Math.max(1e-9, ...values.filter(Number.isFinite).map(Math.abs));
    cells.forEach((cell, index) => {
      const value = values[index];
      const text = format(value);
      if (cell instanceof HTMLInputElement) {
        cell.dataset.text = text;
        if (!cell.matches(":focus")) cell.value = text;
      } else cell.textContent = side >= READABLE ? text : "";
      cell.className = `cell ${look(index)}`;
      cell.classList.toggle("long", text.length > 4);
      cell.style.setProperty("--share", Number.isFinite(value) ? `${(Math.abs(value) / largest) * 55}%` : "0%");
      cell.classList.toggle("negative", value < 0);
      if (small && side >= READABLE) cell.dataset.small = String(small(index));
      else delete cell.dataset.small;
    });
  }

  return { fill };
}
