// The truth that the visitor paints over the picture shown: its tools, its history, its grades, its way to Python.

/** @import { Painting } from "./painting.js" */
/** @import { createScoring } from "./scoring.js" */
/** @import { State } from "./state.js" */
/** @import { Point } from "./types" */

import { find, make } from "../dom.js";
import { maskPng } from "./mask_file.js";
import { createGrades, createPainter } from "./painter.js";
import { clear, endStroke, fill, isEmpty, redo, startFrom, stroke, undo } from "./painting.js";
import { IGNORE } from "./tint.js";

/**
 * @param {HTMLElement} root
 * @param {State} state
 * @param {ReturnType<typeof createScoring>} scoring
 * @param {(png: string) => void} send the file in base64 that becomes the truth
 */
export function createSketch(root, state, scoring, send) {
  const { look } = state;
  const [element, gradesElement] = [find(root, ".painter"), find(root, ".grades")];
  const showGrades = createGrades(gradesElement);
  const painter = createPainter(element, {
    tool: (change) => {
      Object.assign(look.tool, change);
      showTools();
    },
    start: (name) => {
      const network = state.readyNetworks().find((one) => one.name === name);
      if (network) edit((map) => startFrom(map, network.map));
    },
    undo: () => edit(undo),
    redo: () => edit(redo),
    clear: () => edit(clear),
    use: async () => send(await toBase64(await maskPng(state.painting(), state.classes))),
    download: async () => download(await maskPng(state.painting(), state.classes), `${state.data.name ?? "photo"}-truth-ids.png`),
  });
  /** @type {Point | null} */
  let last = null;

  /** @param {(map: Painting) => void} change */
  function edit(change) {
    change(state.painting());
    state.arrived();
  }

  /** @type {(phase: "start" | "move" | "end", at: Point | null) => void} a point of the picture; null at the end */
  function draw(phase, at) {
    const map = state.painting();
    const point = at && { x: at.x * map.width, y: at.y * map.height };
    const { kind, size, chosen } = look.tool;
    const radius = (size * map.width) / state.data.photo.width / 2;
    if (kind === "fill") {
      if (phase === "start" && point) fill(map, point, chosen);
    } else if (point) {
      stroke(map, phase === "start" || !last ? point : last, point, radius, kind === "eraser" ? IGNORE : chosen);
    }
    last = phase === "end" ? null : point;
    if (phase === "end") endStroke(map);
    if (phase === "end" || kind === "fill") state.arrived();
    else state.drawn();
  }

  function grade() {
    const started = performance.now();
    const truth = state.panel("truth");
    const rows = (isEmpty(state.painting()) ? [] : state.panels).flatMap((panel) => {
      const scores = panel.role === "network" && scoring.against(panel, truth);
      return scores ? [{ name: panel.name, scores }] : [];
    });
    showGrades(rows, state.classes);
    gradesElement.dataset.milliseconds = (performance.now() - started).toFixed(1);
  }

  function show() {
    element.hidden = gradesElement.hidden = !look.painting;
    find(element, '[data-paint="use"]').hidden = !state.data.takesTruth;
    if (look.painting) showTools();
  }

  function showTools() {
    const map = state.painting();
    painter.update({
      ...look.tool,
      classes: state.classes,
      networks: state.readyNetworks().map((network) => network.name),
      canUndo: map.past.length > 0,
      canRedo: map.future.length > 0,
      empty: isEmpty(map),
    });
  }

  return { draw, grade, show, undo: () => edit(undo), redo: () => edit(redo) };
}

/** @type {(blob: Blob) => Promise<string>} */
async function toBase64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** @type {(blob: Blob, name: string) => void} */
export function download(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
