// Cᵀ drawn to fit: a row for each output value, a column for each input value.

import { create, written } from "../svg.js";
import { format } from "./cells.js";

const TALLEST = 460;
const WRITTEN_FROM = 19;
const LINED = 6;

/**
 * Its colours are those of the style sheet, whatever it lies on: a screen, dark or light, or paper.
 * @param {SVGElement} svg
 * @param {number[]} taps for each output and each input the tap between them, below 0 for none
 * @param {number} inputs
 * @param {(tap: number) => number} valueOf
 * @param {number | null} column the one to frame
 * @param {number | null} row
 */
export function drawMatrix(svg, taps, inputs, valueOf, column, row) {
  const outputs = taps.length / inputs;
  const width = Math.min(inputs * 40, svg.parentElement?.clientWidth || 320);
  const cell = { width: width / inputs, height: Math.min(24, TALLEST / outputs) };
  const height = cell.height * outputs;
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  const largest = Math.max(1e-9, ...Array.from(taps, (tap) => (tap < 0 ? 0 : Math.abs(valueOf(tap)))));
  svg.replaceChildren(
    ...taps.flatMap((tap, k) => (tap < 0 ? [] : drawCell(cell, k % inputs, Math.floor(k / inputs), valueOf(tap), largest))),
    ...(cell.height >= LINED ? drawLines(cell, inputs, outputs) : []),
    ...(column === null ? [] : [drawFrame(column * cell.width, 0, cell.width, height)]),
    ...(row === null ? [] : [drawFrame(0, row * cell.height, width, cell.height)]),
  );
}

/** @type {(cell: { width: number, height: number }, i: number, o: number, value: number, largest: number) => SVGElement[]} */
function drawCell({ width, height }, i, o, value, largest) {
  const [x, y, shade] = [i * width, o * height, 0.12 + (0.5 * Math.abs(value)) / largest];
  const box = create("rect", { class: value < 0 ? "down" : "up", x, y, width, height, "fill-opacity": shade });
  if (height < WRITTEN_FROM || width < WRITTEN_FROM) return [box];
  return [box, written({ x: x + width / 2, y: y + height / 2 + 4 }, format(value))];
}

/** @type {(cell: { width: number, height: number }, inputs: number, outputs: number) => SVGElement[]} */
function drawLines({ width, height }, inputs, outputs) {
  const across = Array.from({ length: outputs + 1 }, (_, o) => `M0 ${o * height}H${inputs * width}`);
  const down = Array.from({ length: inputs + 1 }, (_, i) => `M${i * width} 0V${outputs * height}`);
  return [create("path", { class: "lines", d: [...across, ...down].join("") })];
}

/** @type {(x: number, y: number, width: number, height: number) => SVGElement} */
const drawFrame = (x, y, width, height) =>
  create("rect", { class: "frame", x: x + 1, y: y + 1, width: Math.max(2, width - 2), height: Math.max(2, height - 2) });
