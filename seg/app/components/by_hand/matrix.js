// Cᵀ drawn to fit: a row for each output value, a column for each input value.

import { contextOf } from "../dom.js";
import { format } from "./cells.js";

const TALLEST = 460;
const READABLE_ROW = 19;

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} taps for each output and each input the tap between them, below 0 for none
 * @param {number} inputs
 * @param {(tap: number) => number} valueOf
 * @param {number | null} column the one to frame
 * @param {number | null} row
 */
export function drawMatrix(canvas, taps, inputs, valueOf, column, row) {
  const outputs = taps.length / inputs;
  const width = Math.min(inputs * 40, canvas.parentElement?.clientWidth || 320);
  const cell = { width: width / inputs, height: Math.min(24, TALLEST / outputs) };
  const scale = devicePixelRatio || 1;
  const height = cell.height * outputs;
  Object.assign(canvas, { width: width * scale, height: height * scale });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const style = getComputedStyle(canvas);
  const context = contextOf(canvas);
  context.scale(scale, scale);
  context.font = `11px ${style.fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const largest = Math.max(1e-9, ...Array.from(taps, (tap) => (tap < 0 ? 0 : Math.abs(valueOf(tap)))));
  const [up, down, text, line] = ["--up", "--down", "--st-text-color", "--st-border-color"].map((name) =>
    style.getPropertyValue(name).trim(),
  );
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      const tap = taps[o * inputs + i];
      const [x, y] = [i * cell.width, o * cell.height];
      if (tap >= 0) {
        const value = valueOf(tap);
        context.globalAlpha = 0.12 + (0.5 * Math.abs(value)) / largest;
        context.fillStyle = value < 0 ? down : up;
        context.fillRect(x, y, cell.width, cell.height);
        context.globalAlpha = 1;
        if (cell.height >= READABLE_ROW && cell.width >= READABLE_ROW) {
          context.fillStyle = text;
          context.fillText(format(value), x + cell.width / 2, y + cell.height / 2);
        }
      }
      if (cell.height >= 6) {
        context.strokeStyle = line;
        context.lineWidth = 1;
        context.strokeRect(x + 0.5, y + 0.5, cell.width - 1, cell.height - 1);
      }
    }
  }
  context.strokeStyle = up;
  context.lineWidth = 2;
  if (column !== null) context.strokeRect(column * cell.width + 1, 1, cell.width - 2, height - 2);
  if (row !== null) context.strokeRect(1, row * cell.height + 1, width - 2, Math.max(2, cell.height - 2));
}
