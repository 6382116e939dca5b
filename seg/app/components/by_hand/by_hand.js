// The component: a transposed convolution, one input value after the other.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/**
 * @typedef {{ input: number[], inputShape: number[], kernel: number[], kernelShape: number[], taps: number[],
 *   shape: number[], torch: number[], stuffedFrom: number[], stuffedShape: number[], dilation: number, others: boolean }} Message
 * @typedef {{ input: number[], kernel: number[] }} Values
 */

import { find } from "../dom.js";
import { createCells, format } from "./cells.js";
import { drawMatrix } from "./matrix.js";

const PACE = 700;
const SAME = 1e-9;
const PHONE = "(max-width: 640px)";

/** @param {HTMLElement} root */
function createLab(root) {
  const slider = find(root, ".transport input", HTMLInputElement);
  const others = find(root, ".others-part", HTMLDetailsElement);
  others.open = !matchMedia(PHONE).matches; // there it is long
  others.ontoggle = () => data && draw();
  /** @type {Message} */
  let data;
  /** @type {number[]} */
  let input = [];
  /** @type {number[]} */
  let kernel = [];
  let landed = 0;
  /** @type {number | null} */
  let pointed = null;
  let timer = 0;
  /** @type {(values: Values) => void} */
  let send = () => {};

  const cells = {
    input: createCells(grid("input"), { edit: (i, value) => change(input, i, value), choose: (i) => go(i + 1) }),
    kernel: createCells(grid("kernel"), { edit: (i, value) => change(kernel, i, value) }),
    output: createCells(grid("output"), { point: pointAt, choose: pointAt }),
    stairs: createCells(grid("stairs"), { choose: (i) => data.shape[0] === 1 && go(Math.floor(i / outputs()) + 1) }),
    torch: createCells(grid("torch"), { point: pointAt, choose: pointAt }),
    stuffed: createCells(grid("stuffed")),
  };
  find(root, ".play").onclick = () => (timer ? pause() : play());
  for (const by of [-1, 1])
    find(root, `[data-step="${by}"]`).onclick = () => {
      pause();
      go(landed + by);
    };
  slider.oninput = () => {
    pause();
    go(Number(slider.value));
  };
  grid("output").onkeydown = walk;
  const resized = new ResizeObserver(() => data && draw());
  resized.observe(root);

  /** @type {(name: string) => HTMLElement} */
  function grid(name) {
    return find(root, `[data-grid="${name}"]`);
  }

  function outputs() {
    return data.shape[0] * data.shape[1];
  }

  // Python

  /** @type {(message: Message, emit: (values: Values) => void) => void} */
  function update(message, emit) {
    /** @type {(of?: Message) => string | undefined} */
    const shape = (of) => of && JSON.stringify([of.input.length, of.kernel.length, of.taps.length]);
    const other = shape(data) !== shape(message);
    data = message;
    send = emit;
    input = [...data.input];
    kernel = [...data.kernel];
    if (other) {
      stopClock();
      pointed = null;
      landed = Math.min(input.length, data.shape[0] > 1 ? 6 : 2);
    }
    root.toggleAttribute("data-brief", !data.others);
    slider.max = String(input.length);
    draw();
  }

  /** @type {(values: number[], index: number, value: number | null) => void} */
  function change(values, index, value) {
    if (value !== null) values[index] = value;
    draw();
    if (value !== null) send({ input, kernel });
  }

  // Time

  /** @param {number} step */
  function go(step) {
    landed = Math.max(0, Math.min(input.length, step));
    draw();
  }

  function play() {
    if (landed >= input.length) landed = 0;
    timer = setInterval(() => (landed < input.length ? go(landed + 1) : pause()), PACE);
    draw();
  }

  function stopClock() {
    clearInterval(timer);
    timer = 0;
  }

  function pause() {
    stopClock();
    draw();
  }

  // Pointing

  /** @param {number | null} output */
  function pointAt(output) {
    if (pointed === output) return;
    pointed = output;
    draw();
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const columns = data.shape[1];
    /** @type {Record<string, number>} */
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const by = steps[event.key];
    if (by === undefined) return;
    event.preventDefault();
    pointAt(Math.max(0, Math.min(outputs() - 1, (pointed ?? -by) + by)));
  }

  // What lands where

  /** @type {(output: number, i: number) => number} */
  const tap = (output, i) => data.taps[output * input.length + i];

  /** @type {(output: number) => number[]} */
  function contributors(output) {
    return input.map((_, i) => i).filter((i) => tap(output, i) >= 0);
  }

  /** @type {(output: number, count: number) => number} */
  function sum(output, count) {
    return contributors(output).reduce((total, i) => (i < count ? total + input[i] * kernel[tap(output, i)] : total), 0);
  }

  // Drawing

  function draw() {
    const [rows, columns] = data.shape;
    const [inputRows, inputColumns] = data.inputShape;
    const side = { rows: data.kernelShape[0], columns: data.kernelShape[1] };
    const all = Array.from({ length: rows * columns }, (_, o) => o);
    const last = landed - 1;
    const from = pointed === null ? [] : contributors(pointed);
    const used = pointed === null ? [] : from.map((i) => tap(/** @type {number} */ (pointed), i));
    const oneRow = rows === 1;

    root.toggleAttribute("data-playing", timer !== 0);
    find(root, ".play").setAttribute("aria-label", timer ? "Pause" : "Play");
    slider.value = String(landed);
    find(root, ".moment").textContent = `${landed} of ${input.length} values`;
    cells.input.fill(inputRows, inputColumns, input, (i) =>
      [i === last && "current", i < last && "done", from.includes(i) && "from"].filter(Boolean).join(" "),
    );
    cells.kernel.fill(side.rows, side.columns, kernel, (k) => (used.includes(k) ? "from" : ""));
    /** @type {(o: number) => boolean} */
    const lands = (o) => last >= 0 && tap(o, last) >= 0;
    /** @type {(o: number) => string} */
    const mark = (o) => [lands(o) && "current", o === pointed && "pointed"].filter(Boolean).join(" ");
    const sums = all.map((o) => sum(o, landed));
    const counts = all.map((o) => contributors(o).length);
    find(root, ".sum-title").textContent =
      landed === input.length ? "Output: all have landed" : `Output after ${landed} of ${input.length} values`;
    cells.output.fill(rows, columns, sums, mark, (o) => counts[o]);

    find(root, ".stairs-part h3").textContent = oneRow ? "What each value adds" : `What value ${Math.max(landed, 1)} adds`;
    find(root, ".stairs-part p").textContent = oneRow
      ? "One row for each input value; a column's sum is the output below."
      : `The kernel times ${format(input[Math.max(last, 0)])}; it lands on the framed part of the output.`;
    if (!oneRow) cells.stairs.fill(side.rows, side.columns, kernel.map((k) => k * input[Math.max(last, 0)]));
    else {
      const added = input.flatMap((value, i) => all.map((o) => (tap(o, i) < 0 ? NaN : value * kernel[tap(o, i)])));
      cells.stairs.fill(input.length, columns, added, (at) => {
        const [i, o] = [Math.floor(at / columns), at % columns];
        return [i >= landed && "later", i === last && added[at] === added[at] && "current", o === pointed && "column"]
          .filter(Boolean)
          .join(" ");
      });
    }

    const whole = all.map((o) => sum(o, input.length));
    const current = [...data.input, ...data.kernel].every((value, i) => value === [...input, ...kernel][i]);
    const apart = Math.max(0, ...whole.map((value, o) => Math.abs(value - data.torch[o])));
    find(root, ".verdict").textContent = !current
      ? "…"
      : apart < SAME
        ? "torch's transposed convolution of the same numbers: equal."
        : `torch's transposed convolution: up to ${format(apart)} apart.`;
    cells.torch.fill(rows, columns, current ? data.torch : all.map(() => NaN), (o) => (o === pointed ? "pointed" : ""));

    const [stuffedRows, stuffedColumns] = data.stuffedShape;
    const window = pointed === null ? new Set() : windowOf(pointed, stuffedColumns);
    cells.stuffed.fill(
      stuffedRows,
      stuffedColumns,
      data.stuffedFrom.map((i) => (i < 0 ? 0 : input[i])),
      (at) => [data.stuffedFrom[at] < 0 && "zero", window.has(at) && "from"].filter(Boolean).join(" "),
    );
    find(root, ".size").textContent =
      `${rows * columns} output values (rows) from ${input.length} input values (columns). ` +
      "Turned over, it is the matrix of the convolution that goes the other way; hence the name.";
    const matrix = find(root, ".matrix", SVGElement);
    matrix.setAttribute("aria-label", `Matrix of ${rows * columns} rows and ${input.length} columns`);
    drawMatrix(matrix, data.taps, input.length, (k) => kernel[k], last >= 0 ? last : null, pointed);
    find(root, ".readout").textContent = sentence(from);
  }

  /** @type {(output: number, stuffedColumns: number) => Set<number>} */
  function windowOf(output, stuffedColumns) {
    const [y, x] = [Math.floor(output / data.shape[1]), output % data.shape[1]];
    const places = new Set();
    for (let row = 0; row < data.kernelShape[0]; row++)
      for (let column = 0; column < data.kernelShape[1]; column++)
        places.add((y + row * data.dilation) * stuffedColumns + x + column * data.dilation);
    return places;
  }

  /** @type {(from: number[]) => string} */
  function sentence(from) {
    const output = pointed;
    if (output === null) return "Point at an output value to see which input values overlap there.";
    const [y, x] = [Math.floor(output / data.shape[1]) + 1, (output % data.shape[1]) + 1];
    const where = data.shape[0] > 1 ? `Output in row ${y}, column ${x}` : `Output ${x}`;
    if (!from.length) return `${where}: nothing lands here, it stays 0.`;
    const terms = from.map((i) => `${format(input[i])} × ${format(kernel[tap(output, i)])}`).join(" + ");
    const count = from.length === 1 ? "one input value lands" : `${from.length} input values overlap`;
    return `${where}: ${count} here: ${terms} = ${format(sum(output, input.length))}`;
  }

  function leave() {
    stopClock();
    resized.disconnect();
  }

  return { update, leave };
}

/** @type {WeakMap<Element, ReturnType<typeof createLab>>} */
const labs = new WeakMap();

/** @param {FrontendRendererArgs<{ values: Values }, Message>} args */
export default function ({ parentElement, data, setTriggerValue }) {
  const root = find(parentElement, ".by-hand");
  const lab = labs.get(root) ?? createLab(root);
  labs.set(root, lab);
  lab.update(data, (values) => setTriggerValue("values", values));
  return () => {
    lab.leave();
    labs.delete(root);
  };
}
