// The component: a picture with one pixel marked; a click, a tap or the arrow keys choose another.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @typedef {{ picture: string, digest: string, size: number[], at: number[], label: string }} Message */

import { contextOf, find } from "../dom.js";

const SETTLES = 250;
/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {HTMLElement} root */
function createPicker(root) {
  const canvas = find(root, "canvas", HTMLCanvasElement);
  const picture = new Image();
  let shown = "";
  let size = [1, 1];
  let at = [0, 0];
  /** @type {(at: number[]) => void} */
  let send = () => {};
  let timer = 0;

  picture.onload = draw;
  root.onclick = (event) => {
    const box = canvas.getBoundingClientRect();
    move([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height], 0);
  };
  root.onkeydown = (event) => {
    const step = event.shiftKey ? 10 : 1;
    const by = STEPS[event.key];
    if (!by) return;
    event.preventDefault();
    move([at[0] + (by[0] * step) / size[0], at[1] + (by[1] * step) / size[1]], SETTLES);
  };

  /** @type {(to: number[], after: number) => void} */
  function move(to, after) {
    at = to.map((value) => Math.max(0, Math.min(0.99999, value)));
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => send(at), after);
  }

  function draw() {
    if (!picture.naturalWidth) return;
    canvas.width = picture.naturalWidth;
    canvas.height = picture.naturalHeight;
    const context = contextOf(canvas);
    context.drawImage(picture, 0, 0);
    const [x, y] = [at[0] * canvas.width, at[1] * canvas.height];
    const arm = canvas.width / 40;
    for (const { colour, width } of [
      { colour: "#000", width: 5 },
      { colour: "#fff", width: 2 },
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = (width * canvas.width) / 640;
      context.beginPath();
      for (const [dx, dy] of Object.values(STEPS)) {
        context.moveTo(x + dx * arm * 0.25, y + dy * arm * 0.25);
        context.lineTo(x + dx * arm, y + dy * arm);
      }
      context.stroke();
    }
  }

  /** @type {(data: Message, emit: (at: number[]) => void) => void} */
  function update(data, emit) {
    send = emit;
    size = data.size;
    root.setAttribute("aria-label", data.label);
    if (!timer || data.at.every((value, i) => Math.abs(value - at[i]) < 1e-9)) at = data.at;
    if (shown !== data.digest) {
      shown = data.digest;
      at = data.at;
      picture.src = `data:image/png;base64,${data.picture}`;
    } else draw();
  }

  return { update };
}

/** @type {WeakMap<Element, ReturnType<typeof createPicker>>} */
const pickers = new WeakMap();

/** @param {FrontendRendererArgs<{ at: number[] }, Message>} args */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".pixel-picker");
  const picker = pickers.get(root) ?? createPicker(root);
  pickers.set(root, picker);
  picker.update(data, (at) => setTriggerValue("at", at));
}
