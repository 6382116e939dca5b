// One panel painted: what lies at the bottom, what over it.

/** @import { Classes, Closable, GreyMap, Panel, Photo, Picture, Scene, Size, Style, View, Way } from "./types" */
/** @import { Lines } from "./tint.js" */
/** @typedef {{ left: number, top: number } & Size} Frame where the whole picture lies, in pixels of the canvas */
/**
 * What makes up a panel.
 * @typedef {object} Layers
 * @property {"picture" | "faint" | null} base
 * @property {number} baseAlpha
 * @property {ImageBitmap | null} top
 * @property {number} topAlpha
 * @property {GreyMap | null} grid the map whose pixels are told apart by lines when they are large
 * @property {Outlines} [lines]
 */
/**
 * The outlines of a map: pictures of them, and lines.
 * @typedef {object} Outlines
 * @property {Size} labels
 * @property {string[]} styles
 * @property {Uint8Array} shown
 * @property {(factor: number) => Picture} picture
 * @property {() => { across: Lines, down: Lines }} borders
 * @property {() => void} close
 */

import { contextOf } from "../dom.js";
import { mapOf } from "./decode.js";
import { bordersOf, tintClasses, tintConfidence, tintErrors, tintOutlines } from "./tint.js";
import { scaleOf } from "./view.js";

const SMOOTH_PHOTO_BELOW = 3;
const FAINT = 0.35;
// In CSS pixels for each pixel of the map.
const GRID_FROM = 12;
const LINES_FROM = 3.5;
const LINES_FROM_LARGE = 1.7;
const LARGE = 800; // pixels across, of a map whose outlines at twice its size would take too much memory
const MOST_LINES = 6000;
const DARK = "rgb(0 0 0 / 47%)";

/** @type {(panel: Panel, look: Way, scene: Scene) => Layers} */
export function layersOf(panel, look, scene) {
  if (panel.role === "photo") return { base: "picture", baseAlpha: 1, top: null, topAlpha: 0, grid: null };
  /** @type {Layers} */
  const bare = { base: "faint", baseAlpha: FAINT, top: null, topAlpha: 0, grid: null };
  const labels = mapOf(panel.labels);
  if (panel.state !== "ready" || !labels) return bare;
  /** @type {(base: Layers["base"], top: ImageBitmap | null, topAlpha?: number) => Layers} */
  const over = (base, top, topAlpha = 1) => ({ base, baseAlpha: 1, top, topAlpha, grid: labels });
  /** @type {<T extends Closable>(name: string, make: () => T) => T} */
  const tinted = (name, make) => tint(panel, name, look, scene, make);
  const isReference = panel.id === scene.referenceId;
  if (look.mode === "photo") return over("picture", null);
  if (look.mode === "mask") return over(null, tinted("mask", () => tintClasses(labels, scene.classes, look, 255, 40)));
  if (look.mode === "outlines") {
    return { ...over("faint", null), lines: tinted("outlines", () => createOutlines(labels, scene.classes, look)) };
  }
  if (look.mode === "errors" && !isReference) {
    const reference = mapOf(scene.reference);
    if (!reference) return over("faint", null);
    return over(
      "faint",
      tinted(`errors ${scene.reference}`, () => tintErrors(labels, reference, scene.classes, look)),
    );
  }
  if (look.mode === "confidence" && panel.role !== "truth") {
    const confidence = mapOf(panel.confidence);
    if (!confidence) return bare;
    const top = tinted(`confidence ${panel.confidence}`, () => tintConfidence(confidence, labels, look));
    return over(look.alone === null ? null : "faint", top);
  }
  const top = tinted("overlay", () => tintClasses(labels, scene.classes, look, 0, 0));
  return over(look.alone === null ? "picture" : "faint", top, look.opacity);
}

/**
 * A panel keeps its last coloured map: panning and zooming only draw it again.
 * @template {Closable} T
 * @param {Panel} panel
 * @param {string} name
 * @param {Way} look
 * @param {Scene} scene
 * @param {() => T} make
 * @returns {T}
 */
function tint(panel, name, look, scene, make) {
  const wanted = `${name} ${scene.shownKey} ${look.patterns} ${panel.labels} ${scene.classesKey}`;
  if (panel.tint?.wanted !== wanted) {
    panel.tint?.picture.close();
    panel.tint = { wanted, picture: make() };
  }
  return /** @type {T} */ (panel.tint.picture);
}

/** @type {(canvas: HTMLCanvasElement, layers: Layers, view: View, box: Size, photo: Photo | Size, picture: Size) => void} */
export function paint(canvas, layers, view, box, photo, picture) {
  const context = cleared(canvas, box);
  drawLayers(context, layers, view, box, photo, picture);
}

/**
 * Two panels in one: the first left of the divider, the second right of it.
 * @param {HTMLCanvasElement} canvas
 * @param {Layers} left
 * @param {Layers} right
 * @param {number} at the divider, from 0 to 1, a share of the box
 * @param {View} view
 * @param {Size} box
 * @param {Photo | Size} photo
 * @param {Size} picture
 */
export function paintSwipe(canvas, left, right, at, view, box, photo, picture) {
  const context = cleared(canvas, box);
  const { width, height } = canvas;
  const x = Math.round(at * width);
  for (const { layers, from, to } of [
    { layers: left, from: 0, to: x },
    { layers: right, from: x, to: width },
  ]) {
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, height);
    context.clip();
    drawLayers(context, layers, view, box, photo, picture);
    context.restore();
  }
  context.fillStyle = "rgb(0 0 0 / 60%)";
  context.fillRect(x - 2, 0, 4, height);
  context.fillStyle = "#fff";
  context.fillRect(x - 1, 0, 2, height);
}

/** @type {(canvas: HTMLCanvasElement, box: Size) => CanvasRenderingContext2D} */
function cleared(canvas, box) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(box.width * ratio));
  const height = Math.max(1, Math.round(box.height * ratio));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = contextOf(canvas);
  context.clearRect(0, 0, width, height);
  return context;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Layers} layers
 * @param {View} view
 * @param {Size} box
 * @param {Photo | Size} photo its size alone where it cannot be decoded
 * @param {Size} picture
 */
function drawLayers(context, layers, view, box, photo, picture) {
  const { width, height } = context.canvas;
  const ratio = width / box.width;
  const scale = scaleOf(view, box, picture) * ratio;
  const frame = {
    left: width / 2 - view.x * picture.width * scale,
    top: height / 2 - view.y * picture.height * scale,
    width: picture.width * scale,
    height: picture.height * scale,
  };
  if (layers.base && "picture" in photo) {
    const source = levelFor(photo, layers.base, frame.width);
    const magnified = frame.width / source.width;
    drawPart(context, source, frame, magnified < SMOOTH_PHOTO_BELOW, layers.baseAlpha);
  }
  if (layers.top) {
    // Made smaller, thin things would break into dots; made larger, every pixel has its edges.
    drawPart(context, layers.top, frame, frame.width < layers.top.width, layers.topAlpha);
  }
  if (layers.lines) drawOutlines(context, layers.lines, frame, ratio);
  const cells = layers.grid ?? photo;
  if (frame.width / cells.width >= GRID_FROM * ratio) drawGrid(context, cells, frame);
}

/**
 * The photo, or its grey twin, at the smallest of its halvings that still has a pixel for every pixel of the screen.
 * @type {(photo: Photo, name: "picture" | "faint", width: number) => Picture}
 */
function levelFor(photo, name, width) {
  photo.levels ??= {};
  const levels = (photo.levels[name] ??= [photo[name]]);
  for (let last = levels[levels.length - 1]; last.width >= 2 * width && last.width > 1; ) {
    last = halved(last);
    levels.push(last);
  }
  return levels.findLast((level) => level.width >= width) ?? levels[0];
}

/** @type {(picture: Picture) => Picture} */
function halved(picture) {
  const canvas = new OffscreenCanvas(Math.ceil(picture.width / 2), Math.ceil(picture.height / 2));
  contextOf(canvas).drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.transferToImageBitmap();
}

/**
 * Outlines come as pictures a power of two larger or smaller than the map, each made when first needed, and as lines.
 * @type {(labels: GreyMap, classes: Classes, look: Style) => Outlines}
 */
function createOutlines(labels, classes, look) {
  /** @type {Map<number, ImageBitmap>} */
  const pictures = new Map();
  const styles = classes.colours.map((colour) => `rgb(${colour})`);
  /** @type {ReturnType<typeof bordersOf> | null} */
  let borders = null;

  /** @type {(factor: number) => ImageBitmap} */
  function picture(factor) {
    const [width, height] = [labels.width, labels.height].map((side) => Math.max(1, Math.round(side * factor)));
    const made = pictures.get(factor) ?? tintOutlines(labels, classes, look, { width, height });
    pictures.set(factor, made);
    return made;
  }

  function close() {
    for (const made of pictures.values()) made.close();
  }

  return { labels, styles, shown: look.shown, picture, borders: () => (borders ??= bordersOf(labels)), close };
}

/**
 * How much larger than the map a picture of outlines is, so that one of its pixels is about one CSS pixel wide.
 * @type {(scale: number, width: number) => number}
 */
export function outlineFactor(scale, width) {
  return 2 ** Math.min(Math.round(Math.log2(scale / 0.85)), width > LARGE ? 0 : 1);
}

/** @type {(context: CanvasRenderingContext2D, outlines: Outlines, frame: Frame, ratio: number) => void} */
function drawOutlines(context, outlines, frame, ratio) {
  const { width } = outlines.labels;
  const scale = frame.width / width / ratio;
  if (scale >= (width > LARGE ? LINES_FROM_LARGE : LINES_FROM) && drawBorders(context, outlines, frame, ratio)) return;
  const source = outlines.picture(outlineFactor(scale, width));
  drawPart(context, source, frame, frame.width / source.width < SMOOTH_PHOTO_BELOW, 1);
}

/**
 * @typedef {{ at: number, from: number, to: number, before: number, after: number }} Piece of a border, on the screen
 * @typedef {(at: number, from: number, wide: number, long: number) => void} Bar fills one
 * @typedef {{ start: number, step: number, end: number }} Axis of the screen
 */

/**
 * One CSS pixel of colour on each side of a border, and a dark one beyond. Returns false, with nothing drawn, where so
 * many borders are to be seen that it would take too long.
 * @type {(context: CanvasRenderingContext2D, outlines: Outlines, frame: Frame, ratio: number) => boolean}
 */
function drawBorders(context, { labels, styles, shown, borders }, frame, ratio) {
  const x = { start: frame.left, step: frame.width / labels.width, end: context.canvas.width };
  const y = { start: frame.top, step: frame.height / labels.height, end: context.canvas.height };
  const { across, down } = borders();
  const rows = seenPieces(across, y, x, shown);
  const columns = seenPieces(down, x, y, shown);
  if (rows.length + columns.length > MOST_LINES) return false;
  /** @type {Bar} */
  const lay = (at, from, wide, long) => context.fillRect(from, at, long, wide);
  /** @type {Bar} */
  const stand = (at, from, wide, long) => context.fillRect(at, from, wide, long);
  const thick = Math.max(1, Math.round(ratio));
  context.fillStyle = DARK;
  /** @type {(bar: Bar) => (piece: Piece) => void} */
  const dark = (bar) => (piece) => bar(piece.at - 2 * thick, piece.from, 4 * thick, piece.to - piece.from);
  rows.forEach(dark(lay));
  columns.forEach(dark(stand));
  /** @type {(bar: Bar, id: number, at: number, piece: Piece) => void} */
  const side = (bar, id, at, { from, to }) => {
    if (!shown[id]) return;
    context.fillStyle = styles[id];
    bar(at, from, thick, to - from);
  };
  /** @type {(bar: Bar) => (piece: Piece) => void} */
  const colour = (bar) => (piece) => {
    side(bar, piece.before, piece.at - thick, piece);
    side(bar, piece.after, piece.at, piece);
  };
  rows.forEach(colour(lay));
  columns.forEach(colour(stand));
  return true;
}

/**
 * The pieces of border on the screen, in its pixels: the lines are counted along `over`, and run along `along`.
 * @type {(lines: Lines, over: Axis, along: Axis, shown: Uint8Array) => Piece[]}
 */
function seenPieces({ start, from, to, before, after }, over, along, shown) {
  /** @type {Piece[]} */
  const seen = [];
  const first = Math.max(0, Math.floor(-over.start / over.step));
  const last = Math.min(start.length - 2, Math.ceil((over.end - over.start) / over.step));
  /** @type {(axis: Axis, n: number) => number} */
  const place = (axis, n) => Math.round(axis.start + n * axis.step);
  for (let line = first; line <= last && seen.length <= MOST_LINES; line++) {
    const at = place(over, line);
    for (let i = start[line]; i < start[line + 1]; i++) {
      const [begin, end] = [place(along, from[i]), place(along, to[i])];
      if (end < 0 || begin > along.end || !(shown[before[i]] || shown[after[i]])) continue;
      seen.push({ at, from: begin, to: end, before: before[i], after: after[i] });
    }
  }
  return seen;
}

/**
 * Thin lines between the pixels of a map.
 * @type {(context: CanvasRenderingContext2D, cells: Size, frame: Frame) => void}
 */
function drawGrid(context, { width, height }, frame) {
  const columns = linesIn(frame.left, frame.width / width, width, context.canvas.width);
  const rows = linesIn(frame.top, frame.height / height, height, context.canvas.height);
  const [left, top] = [Math.round(frame.left), Math.round(frame.top)];
  context.fillStyle = "rgb(0 0 0 / 35%)";
  for (const x of columns) context.fillRect(x, top, 1, Math.round(frame.height));
  for (const y of rows) context.fillRect(left, y, Math.round(frame.width), 1);
}

/**
 * Where the lines between pixels fall that can be seen.
 * @type {(start: number, step: number, count: number, end: number) => number[]}
 */
function linesIn(start, step, count, end) {
  const first = Math.max(0, Math.ceil(-start / step));
  const last = Math.min(count, Math.floor((end - start) / step));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Math.round(start + (first + i) * step));
}

/**
 * Draws only the part of `source` that falls into the canvas: at high zoom the rest would cost most of the time.
 * @type {(context: CanvasRenderingContext2D, source: Picture, frame: Frame, smooth: boolean, alpha: number) => void}
 */
function drawPart(context, source, frame, smooth, alpha) {
  const { width, height } = context.canvas;
  const x0 = Math.max(0, Math.floor((-frame.left / frame.width) * source.width));
  const y0 = Math.max(0, Math.floor((-frame.top / frame.height) * source.height));
  const x1 = Math.min(source.width, Math.ceil(((width - frame.left) / frame.width) * source.width));
  const y1 = Math.min(source.height, Math.ceil(((height - frame.top) / frame.height) * source.height));
  if (x1 <= x0 || y1 <= y0) return;
  const stepX = frame.width / source.width;
  const stepY = frame.height / source.height;
  context.imageSmoothingEnabled = smooth;
  // Down to a half, looking at the four nearest pixels is enough, and much faster.
  context.imageSmoothingQuality = stepX > 0.5 ? "low" : "medium";
  context.globalAlpha = alpha;
  context.drawImage(
    source,
    x0,
    y0,
    x1 - x0,
    y1 - y0,
    frame.left + x0 * stepX,
    frame.top + y0 * stepY,
    (x1 - x0) * stepX,
    (y1 - y0) * stepY,
  );
  context.globalAlpha = 1;
}
