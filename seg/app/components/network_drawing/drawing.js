// The component: feature maps as boxes, height their resolution, width their channels; skips as arcs above them.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/**
 * @typedef {{ name: string, shape: number[], parameters: number | null, gflops: number | null, time: number | null,
 *   seconds: number | null, field: number | null }} Stage shape: channels, height, width
 * @typedef {{ name: string, from: string, to: string }} Skip
 * @typedef {{ label: string, picture: Stage, chosen: string, stages: Stage[], skips: Skip[] }} Message
 * @typedef {{ stage: Stage, x: number, width: number, height: number }} Box
 */

import { find } from "../dom.js";

const TALLEST = 170;
const ARC = 17;
const GAP = 6;
const SVG = "http://www.w3.org/2000/svg";

/** @type {(kind: string, attributes: Record<string, string | number>, ...children: Node[]) => SVGElement} */
function create(kind, attributes, ...children) {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** @type {(value: number) => string} */
const count = (value) => value.toLocaleString("en", { maximumFractionDigits: 0 });

/** @type {(stage: Stage) => string} */
function describeStage(stage) {
  const [channels, height, width] = stage.shape;
  return [
    `${stage.name}: ${count(channels)} channels of ${height} × ${width}`,
    stage.parameters === null ? "" : `${count(stage.parameters)} parameters`,
    stage.gflops === null ? "" : `${stage.gflops.toPrecision(2)} GFLOPs`,
    stage.time === null || stage.seconds === null
      ? ""
      : `${(stage.time * 100).toPrecision(2)} % of the time (${(stage.seconds * 1000).toPrecision(2)} ms)`,
    stage.field === null ? "" : `sees ${count(stage.field)} × ${count(stage.field)} pixels`,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** @param {HTMLElement} root */
function createDrawing(root) {
  const place = find(root, ".stage-drawing");
  const readout = find(root, ".readout");
  /** @type {Message} */
  let data;
  /** @type {(name: string) => void} */
  let choose = () => {};
  const resized = new ResizeObserver(() => data && draw());
  resized.observe(place);

  /** @type {(message: Message, send: (name: string) => void) => void} */
  function update(message, send) {
    data = message;
    choose = send;
    draw();
  }

  /** @type {(stage?: Stage) => void} */
  function tell(stage) {
    readout.textContent = describeStage(stage ?? data.stages.find((s) => s.name === data.chosen) ?? data.picture);
  }

  /** @type {(width: number) => Box[]} */
  function layout(width) {
    const boxes = [data.picture, ...data.stages];
    const channels = boxes.reduce((sum, box) => sum + box.shape[0], 0);
    const gap = Math.min(GAP, width / boxes.length / 3);
    const room = width - gap * (boxes.length - 1) - 3 * boxes.length - 2;
    let x = 1;
    return boxes.map((stage) => {
      const height = Math.max(2, (stage.shape[1] / data.picture.shape[1]) * TALLEST);
      const box = { stage, x, width: 3 + (stage.shape[0] / channels) * room, height };
      x += box.width + gap;
      return box;
    });
  }

  function draw() {
    const width = place.clientWidth;
    if (!width) return;
    const focused = place.querySelector(":focus")?.getAttribute("data-name");
    const boxes = layout(width);
    const top = data.skips.length * ARC + 16;
    const middle = top + TALLEST / 2;
    const svg = create("svg", { viewBox: `0 0 ${width} ${top + TALLEST + 18}`, role: "group", "aria-label": data.label });
    /** @type {(name: string) => Box | undefined} */
    const at = (name) => boxes.find((box) => box.stage.name === name);
    data.skips.forEach((skip) => {
      const [from, to] = [at(skip.from), at(skip.to)];
      if (!from || !to) return;
      const [x1, x2] = [from.x + from.width / 2, to.x + to.width / 2];
      const span = data.skips.filter((other) => other !== skip && inside(other, from, to, at)).length;
      const y = top - 6 - span * ARC;
      const path = `M${x1} ${middle - from.height / 2 - 2}V${y}H${x2}V${middle - to.height / 2 - 3}`;
      const label = create("text", { x: (x1 + x2) / 2, y: y - 3 });
      label.textContent = skip.name;
      const tip = middle - to.height / 2 - 2;
      const head = create("path", { d: `M${x2 - 3} ${tip - 6}L${x2} ${tip}L${x2 + 3} ${tip - 6}` });
      svg.append(create("g", { class: "skip" }, create("path", { d: path }), head, label));
    });
    for (const box of boxes) svg.append(drawBox(box, middle));
    const note = create("text", { class: "note", x: width / 2, y: top + TALLEST + 14 });
    note.textContent = "height: resolution · width: channels · in the order in which they run";
    svg.append(note);
    place.replaceChildren(svg);
    if (focused && at(focused)) find(place, `[data-name="${CSS.escape(focused)}"]`, SVGElement).focus();
    tell();
  }

  /** @type {(other: Skip, from: Box, to: Box, at: (name: string) => Box | undefined) => boolean} */
  function inside(other, from, to, at) {
    const [start, end] = [at(other.from), at(other.to)];
    return Boolean(start && end && from.x <= start.x && end.x <= to.x);
  }

  /** @type {(box: Box, middle: number) => SVGElement} */
  function drawBox(box, middle) {
    const { stage } = box;
    const group = create("g", { class: `box ${stage.name === data.chosen ? "chosen" : ""}`, "data-name": stage.name });
    const y = middle - box.height / 2;
    group.append(create("rect", { x: box.x, y, width: box.width, height: box.height, rx: 1 }));
    // A small map is hard to hit: what answers the pointer is as high as the drawing.
    const reach = { x: box.x - 2, y: middle - TALLEST / 2, width: box.width + 4, height: TALLEST };
    group.append(create("rect", { ...reach, style: "fill: transparent; stroke: none" }));
    group.addEventListener("pointerenter", () => tell(stage));
    group.addEventListener("pointerleave", () => tell());
    if (stage === data.picture) {
      group.classList.add("picture");
      return group;
    }
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "0");
    group.setAttribute("aria-label", describeStage(stage));
    group.setAttribute("aria-pressed", String(stage.name === data.chosen));
    const pick = () => {
      data.chosen = stage.name;
      draw();
      choose(stage.name);
    };
    group.addEventListener("click", pick);
    group.addEventListener("focus", () => tell(stage));
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pick();
    });
    return group;
  }

  return { update, leave: () => resized.disconnect() };
}

/** @type {WeakMap<Element, ReturnType<typeof createDrawing>>} */
const drawings = new WeakMap();

/** @param {FrontendRendererArgs<{ stage: string }, Message>} args */
export default function ({ parentElement, data, setStateValue }) {
  const root = find(parentElement, ".network");
  const drawing = drawings.get(root) ?? createDrawing(root);
  drawings.set(root, drawing);
  drawing.update(data, (name) => setStateValue("stage", name));
  return () => {
    drawing.leave();
    drawings.delete(root);
  };
}
