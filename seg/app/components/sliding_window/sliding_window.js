// The component: a window that slides over numbers, one output value after the other.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/**
 * @typedef {{ kind: string, input: number[], inputShape: number[], kernel: number[], kernelShape: number[],
 *   windows: number[][], shape: number[], torch: number[] }} Message
 *   windows: for each output value the places of the input that it is made of
 * @typedef {{ input: number[], kernel: number[] }} Values
 */

import { createCells, format } from "../by_hand/cells.js";
import { find, setText } from "../dom.js";

const PACE = 900;
const SAME = 1e-9;

/** @type {(values: number[]) => number} */
const total = (values) => values.reduce((sum, value) => sum + value, 0);

/** @param {HTMLElement} root */
function createSliding(root) {
  const slider = find(root, ".transport input", HTMLInputElement);
  /** @type {Message} */
  let data;
  /** @type {number[]} */
  let input = [];
  /** @type {number[]} */
  let kernel = [];
  let done = 1;
  let timer = 0;
  /** @type {(values: Values) => void} */
  let send = () => {};

  /** @type {(name: string) => HTMLElement} */
  const grid = (name) => find(root, `[data-grid="${name}"]`);
  const cells = {
    input: createCells(grid("input"), { edit: (i, value) => change(input, i, value) }),
    kernel: createCells(grid("kernel"), { edit: (i, value) => change(kernel, i, value) }),
    output: createCells(grid("output"), { choose: (i) => stop(i + 1) }),
  };
  find(root, ".play").onclick = () => (timer ? stop(done) : play());
  for (const by of [-1, 1]) find(root, `[data-step="${by}"]`).onclick = () => stop(done + by);
  slider.oninput = () => stop(Number(slider.value));
  grid("output").onkeydown = walk;
  const resized = new ResizeObserver(() => data && draw());
  resized.observe(root);

  /** @type {(message: Message, emit: (values: Values) => void) => void} */
  function update(message, emit) {
    /** @type {(of?: Message) => string | undefined} */
    const shape = (of) => of && JSON.stringify([of.kind, of.windows]);
    if (shape(data) !== shape(message)) {
      stopClock();
      done = 1;
    }
    data = message;
    send = emit;
    input = [...data.input];
    kernel = [...data.kernel];
    slider.max = String(data.windows.length);
    draw();
  }

  /** @type {(values: number[], index: number, value: number | null) => void} */
  function change(values, index, value) {
    if (value !== null) values[index] = value;
    draw();
    if (value !== null) send({ input, kernel });
  }

  /** @param {number} step */
  function go(step) {
    done = Math.max(1, Math.min(data.windows.length, step));
    draw();
  }

  function play() {
    if (done >= data.windows.length) done = 1;
    timer = setInterval(() => (done < data.windows.length ? go(done + 1) : stop(done)), PACE);
    draw();
  }

  function stopClock() {
    clearInterval(timer);
    timer = 0;
  }

  /** @param {number} step */
  function stop(step) {
    stopClock();
    go(step);
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const columns = data.shape[1];
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    stop(done + by);
  }

  /** @type {(output: number) => number} */
  function result(output) {
    const values = data.windows[output].map((i) => input[i]);
    if (data.kind === "max pooling") return Math.max(...values);
    if (data.kind === "average pooling") return total(values) / values.length;
    return total(values.map((value, k) => value * kernel[k]));
  }

  function draw() {
    const [rows, columns] = data.shape;
    const at = done - 1;
    const here = data.windows[at];
    const results = data.windows.map((_, output) => result(output));
    root.toggleAttribute("data-playing", timer !== 0);
    find(root, ".play").setAttribute("aria-label", timer ? "Pause" : "Play");
    slider.value = String(done);
    setText(find(root, ".moment"), `${done} of ${data.windows.length} windows`);
    find(root, ".kernel-part").hidden = !kernel.length;
    /** @type {(i: number) => boolean} */
    const wins = (i) => data.kind === "max pooling" && here.includes(i) && input[i] === results[at];
    cells.input.fill(data.inputShape[0], data.inputShape[1], input, (i) =>
      wins(i) ? "from" : here.includes(i) ? "current" : "",
    );
    if (kernel.length) cells.kernel.fill(data.kernelShape[0], data.kernelShape[1], kernel);
    cells.output.fill(
      rows,
      columns,
      results.map((value, output) => (output < done ? value : NaN)),
      (output) => (output === at ? "current" : ""),
    );
    const current = [...data.input, ...data.kernel].every((value, i) => value === [...input, ...kernel][i]);
    const apart = Math.max(...results.map((value, output) => Math.abs(value - data.torch[output])));
    const verdict = !current ? "…" : apart < SAME ? "equal to torch's" : `up to ${format(apart)} from torch's`;
    setText(find(root, ".verdict"), `${rows} × ${columns}, ${verdict}.`);
    setText(find(root, ".readout"), sentence(here, results[at]));
  }

  /** @type {(here: number[], value: number) => string} */
  function sentence(here, value) {
    const values = here.map((i) => format(input[i]));
    if (data.kind === "max pooling") return `The largest of ${values.join(", ")} is ${format(value)}; the others are forgotten.`;
    if (data.kind === "average pooling") return `(${values.join(" + ")}) ÷ ${values.length} = ${format(value)}`;
    return `Dot product: ${values.map((one, k) => `${one} × ${format(kernel[k])}`).join(" + ")} = ${format(value)}`;
  }

  function leave() {
    stopClock();
    resized.disconnect();
  }

  return { update, leave };
}

/** @type {WeakMap<Element, ReturnType<typeof createSliding>>} */
const sliders = new WeakMap();

/** @param {FrontendRendererArgs<{ values: Values }, Message>} args */
export default function ({ parentElement, data, setTriggerValue }) {
  const root = find(parentElement, ".by-hand");
  const sliding = sliders.get(root) ?? createSliding(root);
  sliders.set(root, sliding);
  sliding.update(data, (values) => setTriggerValue("values", values));
  return () => {
    sliding.leave();
    sliders.delete(root);
  };
}
