// The component: a dense block's layers in a row, and an arc from each to all that read it.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/**
 * @typedef {{ label: string, aspect: number, input: number, reads: number[], adds: number[], images: string[],
 *   newOnly: boolean }} Message
 */

import { find, setText } from "../dom.js";
import { create, written } from "../svg.js";

const LEAST = 34;
const MOST = 74;
const GAP = 14;
const LIFT = 0.2;

/** @type {(many: number, one: string) => string} */
const counted = (many, one) => (many === 1 ? `one ${one}` : `${many} ${one}s`);

/** @param {HTMLElement} root */
function createBlock(root) {
  const place = find(root, ".layers");
  /** @type {Message} */
  let data;
  /** The place in the row: 0 is the input, behind the last layer stands what the block gives. */
  let chosen = 0;
  let room = 0;
  const resized = new ResizeObserver(() => data && place.clientWidth !== room && draw());
  resized.observe(place);
  place.addEventListener("keydown", walk);

  /** @param {Message} message */
  function update(message) {
    if (data?.label !== message.label || data.adds.length !== message.adds.length) chosen = message.adds.length;
    data = message;
    draw();
  }

  /** @type {(at: number) => string} */
  function titleOf(at) {
    if (at === 0) return "Input";
    return at > data.adds.length ? "Output" : `Layer ${at}`;
  }

  /** @type {(at: number) => number} */
  function channels(at) {
    if (at === 0) return data.input;
    return at > data.adds.length ? data.input + data.adds.reduce((sum, added) => sum + added, 0) : data.adds[at - 1];
  }

  /** @type {(at: number) => string} */
  function sentence(at) {
    const growth = data.adds[0];
    if (at === 0) return `Input: ${counted(data.input, "channel")}, which every layer reads.`;
    const before = at - 1;
    const all = before ? `${data.input} + ${before} × ${growth} = ${data.input + before * growth}` : `${data.input}`;
    if (at <= data.adds.length) {
      const what = before ? `the input and ${counted(before, "layer")} before it` : "the input";
      return `${titleOf(at)} reads ${what}: ${all} channels, and adds ${growth}.`;
    }
    const upwards = data.newOnly
      ? ` Only the ${before} × ${growth} = ${before * growth} new ones go on up, else the number would explode.`
      : "";
    return `Output: the input and all that was added, ${all} channels.${upwards}`;
  }

  /** @param {KeyboardEvent} event */
  function walk(event) {
    const last = data.adds.length + 1;
    const to = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1, Home: 0, End: last }[event.key];
    if (to === undefined || to < 0 || to > last) return;
    event.preventDefault();
    choose(to);
    find(place, `[data-at="${to}"]`, SVGElement).focus();
  }

  /** @param {number} at */
  function choose(at) {
    if (at === chosen) return;
    chosen = at;
    mark();
  }

  function mark() {
    for (const layer of place.querySelectorAll(".layer")) {
      const here = layer.getAttribute("data-at") === String(chosen);
      layer.classList.toggle("chosen", here);
      layer.setAttribute("aria-pressed", String(here));
      layer.setAttribute("tabindex", here ? "0" : "-1");
    }
    for (const text of place.querySelectorAll("text"))
      text.classList.toggle("chosen", text.getAttribute("data-of") === String(chosen));
    for (const arc of place.querySelectorAll(".arc"))
      arc.classList.toggle("read", arc.getAttribute("data-to") === String(chosen));
    setText(find(root, ".readout"), sentence(chosen));
  }

  function draw() {
    room = place.clientWidth;
    if (!room) return;
    const focused = Boolean(place.querySelector(":focus"));
    const many = data.adds.length + 2;
    const side = Math.max(LEAST, Math.min(MOST, (room - 2) / many - GAP));
    const [width, height] = data.aspect > 1 ? [side, side / data.aspect] : [side * data.aspect, side];
    /** @type {(at: number) => number} */
    const middle = (at) => 1 + width / 2 + at * (width + GAP);
    const top = 8 + (many - 1) * (width + GAP) * LIFT;
    const svg = create("svg", {
      width: Math.ceil(middle(many - 1) + width / 2 + 2),
      height: top + height + 36,
      role: "toolbar",
      "aria-label": data.label,
    });
    for (let to = 1; to < many; to++)
      for (let from = 0; from < to; from++) {
        const [x1, x2] = [middle(from) + 3, middle(to) - 3];
        const lift = top - (x2 - x1) * LIFT * 1.33;
        svg.append(create("path", { class: "arc", "data-to": to, d: `M${x1} ${top}C${x1} ${lift} ${x2} ${lift} ${x2} ${top}` }));
      }
    for (let at = 0; at < many; at++) svg.append(...drawLayer(at, middle(at), top, width, height));
    place.replaceChildren(svg);
    mark();
    if (focused) find(place, `[data-at="${chosen}"]`, SVGElement).focus();
  }

  /** @type {(at: number, middle: number, top: number, width: number, height: number) => SVGElement[]} */
  function drawLayer(at, middle, top, width, height) {
    const x = middle - width / 2;
    const layer = create("g", { class: "layer", "data-at": at, role: "button", "aria-label": sentence(at) });
    layer.append(create("rect", { x, y: top, width, height }));
    const image = data.images[at];
    if (image) layer.append(create("image", { href: image, preserveAspectRatio: "none", x, y: top, width, height }));
    layer.append(create("rect", { class: "frame", x, y: top, width, height }));
    const inside = at > 0 && at <= data.adds.length;
    const texts = [inside ? `+${channels(at)}` : String(channels(at)), inside ? String(at) : titleOf(at)];
    layer.addEventListener("pointerenter", () => choose(at));
    layer.addEventListener("click", () => choose(at));
    layer.addEventListener("focus", () => choose(at));
    return [layer, ...texts.map((text, i) => written({ x: middle, y: top + height + 14 + 15 * i, "data-of": at }, text))];
  }

  return { update, leave: () => resized.disconnect() };
}

/** @type {WeakMap<Element, ReturnType<typeof createBlock>>} */
const blocks = new WeakMap();

/** @param {FrontendRendererArgs<{}, Message>} args */
export default function ({ parentElement, data }) {
  const root = find(parentElement, ".dense");
  const block = blocks.get(root) ?? createBlock(root);
  blocks.set(root, block);
  block.update(data);
  return () => {
    block.leave();
    blocks.delete(root);
  };
}
