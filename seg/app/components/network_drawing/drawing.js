// The component: a box for every stage, its mean feature map inside; skips as arcs above, the parts named below.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/**
 * @typedef {{ name: string, title: string, part: string, step: string, shape: number[], parameters: number,
 *   gflops: number, time: number | null, seconds: number | null, field: number | null, image: string }} Stage
 *   shape: channels, height, width
 * @typedef {{ title: string, aspect: number, image: string }} End the picture, or the mask
 * @typedef {{ name: string, from: string, to: string, how: string, through: string | null }} Skip
 * @typedef {{ label: string, ends: [End, End], chosen: string, stages: Stage[], skips: Skip[] }} Message
 * @typedef {{ x: number, y: number, width: number, height: number, sheets: number, stage?: Stage, end?: End }} Box
 */

import { find, setText } from "../dom.js";
import { create, written } from "../svg.js";

const TALLEST = 132;
const LEAST = 20;
/** Of the full resolution, in pixels: where all of the network then fits, and where it scrolls. */
const TIGHT = 48;
const LOWEST = 62;
const ARC = 18;
const SHEET = 1.5;
const GAP = 6;
const STEP = 19;
/** Of the full resolution's height: the picture and the mask, which are no stages. */
const END = 0.8;
/** How much smaller half a resolution is drawn: at a half, the deepest maps would be dots. */
const SHRINK = 0.45;
const MARKS = new Map([
  ["added", "+"],
  ["joined", "⧺"],
]);

/** @type {(value: number) => string} */
const count = (value) => value.toLocaleString("en", { maximumFractionDigits: 0 });

/** @type {(stage: Stage) => string} */
const titleOf = ({ title, shape: [channels, height, width] }) =>
  `${title} · ${height}×${width} · ${count(channels)} channels`;

/** @type {(stage: Stage) => string} */
function describeStage(stage) {
  return [
    titleOf(stage),
    `${count(stage.parameters)} parameters`,
    `${stage.gflops.toPrecision(2)} GFLOPs`,
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
  /** @type {Message} */
  let data;
  /** @type {(name: string) => void} */
  let choose = () => {};
  let room = 0;
  const resized = new ResizeObserver(() => data && place.clientWidth !== room && draw());
  resized.observe(place);
  place.addEventListener("keydown", walk);

  /** @type {(message: Message, send: (name: string) => void) => void} */
  function update(message, send) {
    data = message;
    choose = send;
    draw();
  }

  /** @type {(pointed?: Stage) => void} */
  function tell(pointed) {
    const stage = pointed ?? data.stages.find((one) => one.name === data.chosen);
    if (stage) setText(find(root, ".readout span"), describeStage(stage));
    setText(find(root, ".readout code"), pointed?.name ?? "");
  }

  /** @type {(event: KeyboardEvent) => void} */
  function walk(event) {
    const boxes = [...place.querySelectorAll(".box")].filter((box) => box instanceof SVGElement);
    const at = boxes.findIndex((box) => box.matches(":focus"));
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: boxes.length - 1 }[event.key];
    if (at < 0 || to === undefined || !boxes[to]) return;
    event.preventDefault();
    boxes.forEach((box, i) => box.setAttribute("tabindex", i === to ? "0" : "-1"));
    boxes[to].focus();
  }

  /** @type {(available: number, top: number) => Box[]} */
  function layout(available, top) {
    const [first, last] = data.ends;
    const full = Math.max(...data.stages.map((stage) => stage.shape[1]));
    /** @type {{ share: number, aspect: number, sheets: number, gap: number, stage?: Stage, end?: End }[]} */
    const wanted = data.stages.map((stage, i) => ({
      stage,
      share: (stage.shape[1] / full) ** SHRINK,
      aspect: stage.shape[2] / stage.shape[1],
      sheets: Math.max(0, Math.min(5, Math.round(Math.log2(stage.shape[0])) - 3)),
      gap: stage.step || (i && data.stages[i - 1].part !== stage.part) ? STEP : GAP,
    }));
    wanted.unshift({ end: first, share: END, aspect: first.aspect, sheets: 0, gap: 0 });
    wanted.push({ end: last, share: END, aspect: last.aspect, sheets: 0, gap: GAP });
    const fixed = wanted.reduce((sum, one) => sum + one.gap + one.sheets * SHEET, 2);
    /** @type {(tallest: number) => number} */
    const needs = (tallest) =>
      wanted.reduce((sum, { share, aspect }) => sum + Math.max(LEAST, tallest * share * aspect), fixed);
    let tallest = TALLEST;
    while (tallest > TIGHT && needs(tallest) > available) tallest--;
    if (needs(tallest) > available) tallest = LOWEST;
    let x = 1;
    return wanted.map(({ share, aspect, sheets, gap, stage, end }) => {
      x += gap;
      const width = Math.max(LEAST, tallest * share * aspect);
      const height = width / aspect;
      const box = { x, y: top + (tallest - height) / 2, width, height, sheets, stage, end };
      x += width + sheets * SHEET;
      return box;
    });
  }

  function draw() {
    room = place.clientWidth;
    if (!room) return;
    const focused = place.querySelector(":focus")?.getAttribute("data-name");
    const top = data.skips.length * ARC + 22;
    const boxes = layout(room, top);
    const last = boxes[boxes.length - 1];
    const width = Math.ceil(last.x + last.width + 1);
    const bottom = Math.max(...boxes.map((box) => box.y + box.height));
    const middle = last.y + last.height / 2;
    const size = { width, height: bottom + 50, viewBox: `0 0 ${width} ${bottom + 50}` };
    const svg = create("svg", { ...size, role: "toolbar", "aria-label": data.label });
    boxes.forEach((box, i) => {
      if (i) svg.append(drawStep(boxes[i - 1], box, middle));
    });
    for (const box of boxes) svg.append(box.stage ? drawStage(box, box.stage) : drawEnd(box));
    for (const box of boxes) svg.append(written({ x: box.x + box.width / 2, y: bottom + 14, class: "count" }, caption(box)));
    svg.append(...drawSkips(boxes, top), ...drawParts(boxes, bottom + 24));
    place.replaceChildren(svg);
    if (focused) find(place, `[data-name="${CSS.escape(focused)}"]`, SVGElement).focus();
    else if (width > room) reveal(boxes);
    tell();
  }

  /** @type {(boxes: Box[]) => void} */
  function reveal(boxes) {
    const box = boxes.find(({ stage }) => stage?.name === data.chosen);
    if (box) place.scrollLeft = box.x + box.width / 2 - room / 2;
  }

  /** @type {(box: Box) => string} */
  const caption = ({ stage, end }) => (stage ? count(stage.shape[0]) : (end?.title.split(" ").pop() ?? ""));

  /** @type {(before: Box, box: Box, middle: number) => SVGElement} */
  function drawStep(before, box, middle) {
    const [start, end] = [before.x + before.width + before.sheets * SHEET, box.x];
    const line = create("path", { class: "flow", d: `M${start} ${middle}H${end}` });
    const step = box.stage?.step;
    return step
      ? create("g", {}, line, written({ x: (start + end) / 2, y: middle - 5, class: "step" }, step))
      : create("g", {}, line);
  }

  /** @type {(box: Box) => SVGElement} */
  function drawEnd({ x, y, width, height, end }) {
    const group = create("g", { class: "photo", role: "img", "aria-label": end?.title ?? "" });
    const image = { href: end?.image ?? "", preserveAspectRatio: "none", x, y, width, height };
    group.append(create("image", image), create("rect", { class: "frame", x, y, width, height }));
    return group;
  }

  /** @type {(box: Box, stage: Stage) => SVGElement} */
  function drawStage({ x, y, width, height, sheets }, stage) {
    const chosen = stage.name === data.chosen;
    const group = create("g", {
      class: `box ${chosen ? "chosen" : ""}`,
      "data-name": stage.name,
      role: "button",
      tabindex: chosen ? 0 : -1,
      "aria-label": describeStage(stage),
      "aria-pressed": String(chosen),
    });
    for (let sheet = sheets; sheet > 0; sheet--) {
      const by = sheet * SHEET;
      group.append(create("rect", { class: "sheet", x: x + by, y: y - by, width, height }));
    }
    const image = { href: stage.image, preserveAspectRatio: "none", x, y, width, height };
    group.append(create("rect", { class: "sheet", x, y, width, height }), create("image", image));
    group.append(create("rect", { class: "frame", x, y, width, height }));
    group.addEventListener("pointerenter", () => tell(stage));
    group.addEventListener("pointerleave", () => tell());
    const pick = () => {
      data.chosen = stage.name;
      draw();
      choose(stage.name);
    };
    group.addEventListener("click", pick);
    group.addEventListener("focus", () => tell(stage));
    group.addEventListener("blur", () => tell());
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pick();
    });
    return group;
  }

  /** @type {(boxes: Box[], top: number) => SVGElement[]} */
  function drawSkips(boxes, top) {
    /** @type {(name: string | null) => Box | undefined} */
    const at = (name) => boxes.find((box) => box.stage?.name === name);
    /** @type {(other: Skip, from: Box, to: Box) => boolean} */
    const inside = (other, from, to) => {
      const [start, end] = [at(other.from), at(other.to)];
      return Boolean(start && end && from.x <= start.x && end.x <= to.x);
    };
    return data.skips.flatMap((skip) => {
      const [from, to, through] = [at(skip.from), at(skip.to), at(skip.through)];
      if (!from || !to) return [];
      const spans = data.skips.filter((other) => other !== skip && inside(other, from, to)).length;
      const y = top - 16 - spans * ARC;
      const group = create("g", { class: "skip", "data-how": skip.how });
      const [x1, x2] = [from.x + from.width / 2, to.x + to.width / 2];
      const lands = to.y - to.sheets * SHEET - 9;
      if (through) {
        const x = through.x + through.width / 2;
        const above = through.y - through.sheets * SHEET - 3;
        const hop = Math.min(above, lands) - 10;
        group.append(arrow(`M${x1} ${from.y - from.sheets * SHEET - 2}V${y}H${x}V`, x, above));
        group.append(create("path", { d: `M${x + 5} ${above}V${hop}H${x2}V${lands - 7}` }));
      } else group.append(create("path", { d: `M${x1} ${from.y - from.sheets * SHEET - 2}V${y}H${x2}V${lands - 7}` }));
      group.append(create("circle", { cx: x2, cy: lands, r: 7 }));
      group.append(written({ x: x2, y: lands + 4 }, MARKS.get(skip.how) ?? "+"));
      group.append(written({ x: (x1 + x2) / 2, y: y - 4 }, `${skip.name} ${skip.how}`));
      return group;
    });
  }

  /** @type {(line: string, x: number, tip: number) => SVGElement} */
  const arrow = (line, x, tip) => create("path", { d: `${line}${tip}M${x - 3} ${tip - 5}L${x} ${tip}L${x + 3} ${tip - 5}` });

  /** @type {(boxes: Box[], y: number) => SVGElement[]} */
  function drawParts(boxes, y) {
    return ["encoder", "bottleneck", "decoder"].flatMap((part) => {
      const members = boxes.filter(({ stage }) => stage && (stage.part === part || (stage.part === "skip" && part === "decoder")));
      if (!members.length) return [];
      const [first, last] = [members[0], members[members.length - 1]];
      const [x1, x2] = [first.x, last.x + last.width];
      const bracket = create("path", { d: `M${x1} ${y - 4}V${y}H${x2}V${y - 4}` });
      return create("g", { class: "part" }, bracket, written({ x: (x1 + x2) / 2, y: y + 16 }, part));
    });
  }

  return { update, leave: () => resized.disconnect() };
}

/** @type {WeakMap<Element, ReturnType<typeof createDrawing>>} */
const drawings = new WeakMap();

/** @param {FrontendRendererArgs<{ stage: string }, Message>} args */
export default function ({ parentElement, data, setTriggerValue }) {
  const root = find(parentElement, ".network");
  const drawing = drawings.get(root) ?? createDrawing(root);
  drawings.set(root, drawing);
  drawing.update(data, (name) => setTriggerValue("stage", name));
  return () => {
    drawing.leave();
    drawings.delete(root);
  };
}
