// The truth that the visitor paints over the picture shown: its tools, its history, its grades, its way to Python.

import { keep } from "./decode.js";
import { confusion, dice, meanDice } from "./grade.js";
import { remember } from "./looks.js";
import { maskPng } from "./mask_file.js";
import { createGrades, createPainter } from "./painter.js";
import { clear, createPainting, endStroke, fill, isEmpty, redo, startFrom, stroke, undo } from "./painting.js";
import { IGNORE } from "./tint.js";

// `of` answers what is on the screen now: photo(), classes(), networks() (the ready ones, {id, name, layer}).
// `drawn()` is called within a stroke, `changed()` after one, `send(png)` with the file in base64 that becomes the truth.
export function createSketch(element, gradesElement, look, { of, drawn, changed, send }) {
  const showGrades = createGrades(gradesElement);
  const scores = new Map();
  const painter = createPainter(element, {
    tool: (change) => {
      Object.assign(look.tool, change);
      show();
    },
    start: (name) => edit((map) => startFrom(map, layerNamed(name))),
    undo: () => edit(undo),
    redo: () => edit(redo),
    clear: () => edit(clear),
    use: async () => send(await toBase64(await maskPng(painting(), of.classes()))),
    download: async () => download(await maskPng(painting(), of.classes()), "truth-ids.png"),
  });
  let last = null;

  function painting() {
    const { digest, sentWidth, sentHeight } = of.photo();
    const kept = look.paintings.get(digest) ?? createPainting(sentWidth, sentHeight);
    remember(look.paintings, digest, kept);
    return kept;
  }

  const layerNamed = (name) => of.networks().find((network) => network.name === name)?.layer;

  function edit(change) {
    change(painting());
    changed();
  }

  // `at` is a point of the picture, both from 0 to 1; null at the end of a stroke.
  function draw(phase, at) {
    const map = painting();
    const point = at && { x: at.x * map.width, y: at.y * map.height };
    const { kind, size, chosen } = look.tool;
    const radius = (size * map.width) / of.photo().width / 2;
    if (kind === "fill") {
      if (phase === "start") fill(map, point, chosen);
    } else if (phase !== "end") {
      stroke(map, phase === "start" || !last ? point : last, point, radius, kind === "eraser" ? IGNORE : chosen);
    }
    last = phase === "end" ? null : point;
    if (phase === "end") endStroke(map);
    if (phase === "end" || kind === "fill") changed();
    else drawn();
  }

  function grade() {
    const started = performance.now();
    const map = painting();
    const n = of.classes().names.length;
    scores.clear();
    const rows = (isEmpty(map) ? [] : of.networks()).map(({ id, name, layer: said }) => {
      const values = dice(confusion(said, map, n), n);
      const mean = meanDice(values);
      if (!Number.isNaN(mean)) scores.set(id, `mean Dice ${mean.toFixed(2)}`);
      return { name, dice: [...values], mean };
    });
    showGrades(rows, of.classes());
    gradesElement.dataset.milliseconds = (performance.now() - started).toFixed(1);
    show();
  }

  function show() {
    const map = painting();
    painter.update({
      ...look.tool,
      classes: of.classes(),
      networks: of.networks().map((network) => network.name),
      canUndo: map.past.length > 0,
      canRedo: map.future.length > 0,
      empty: isEmpty(map),
    });
  }

  // The digest under which the painting is a layer like any other.
  function layer() {
    const map = painting();
    return keep(`painting-${of.photo().digest}`, map.version, map);
  }

  return { draw, grade, show, layer, undo: () => edit(undo), redo: () => edit(redo), scores: () => scores };
}

async function toBase64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
