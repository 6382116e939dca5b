// Label and confidence maps become coloured pictures of their own size, drawn over the photo later.

/** @import { Classes, Colour, GreyMap, Point, Size, Style } from "./types" */

import { contextOf } from "../dom.js";

export const IGNORE = 255;
const UNKNOWN = 255;
const GREY = [128, 128, 128];
// Opacities, of 255
const HALO = 120;
const ERROR = 235;
const FAINT_ERROR = 45;

// Cividis at every eighth, from 0 to 100 %: doubts glow, what is sure keeps quiet. It looks the same to all common
// colour visions.
const DOUBT = [
  [254, 232, 56],
  [219, 202, 86],
  [185, 172, 108],
  [153, 145, 117],
  [124, 123, 120],
  [98, 93, 110],
  [71, 72, 108],
  [28, 53, 108],
  [0, 34, 78],
];

/**
 * All tables hold one number a colour, as a canvas on a little-endian machine stores it.
 * @type {(colour: Colour, alpha?: number) => number}
 */
function packed([r, g, b], alpha = 255) {
  return ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** @type {(share: number) => Colour} */
export function doubtColour(share) {
  const at = Math.min(Math.max(share, 0), 1) * (DOUBT.length - 1);
  const low = Math.min(Math.floor(at), DOUBT.length - 2);
  return DOUBT[low].map((value, i) => Math.round(value + (DOUBT[low + 1][i] - value) * (at - low)));
}

export function doubtGradient() {
  return `linear-gradient(to right, ${DOUBT.map((colour) => `rgb(${colour})`).join(", ")})`;
}

/**
 * Where each pixel of a map of another size looks, one number a column and one a row.
 * @type {(from: Size, to: Size) => { columns: Uint32Array, rows: Uint32Array }}
 */
function lookup(from, to) {
  const columns = Uint32Array.from({ length: to.width }, (_, x) => Math.floor(((x + 0.5) * from.width) / to.width));
  const rows = Uint32Array.from({ length: to.height }, (_, y) => Math.floor(((y + 0.5) * from.height) / to.height));
  return { columns, rows };
}

/**
 * A map at another size, nearest neighbour.
 * @type {(from: GreyMap, to: Size) => Uint8Array}
 */
export function resampled(from, to) {
  if (from.width === to.width && from.height === to.height) return from.data;
  const { columns, rows } = lookup(from, to);
  const data = new Uint8Array(to.width * to.height);
  for (let y = 0, i = 0; y < to.height; y++) {
    const row = rows[y] * from.width;
    for (let x = 0; x < to.width; x++) data[i++] = from.data[row + columns[x]];
  }
  return data;
}

/** @type {(width: number, height: number, fill: (pixels: Uint32Array) => void) => ImageBitmap} */
function pictureOf(width, height, fill) {
  const canvas = new OffscreenCanvas(width, height);
  const context = contextOf(canvas);
  const image = context.createImageData(width, height);
  fill(new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
  return canvas.transferToImageBitmap();
}

/**
 * A second cue beside the colour, repeated every `step` pixels: which of them get the class's other shade.
 * @type {((x: number, y: number, size: { step: number, half: number, line: number }) => boolean)[]}
 */
const PATTERNS = [
  () => false,
  (x, y, { line }) => y < line,
  (x, y, { line }) => x < line,
  (x, y, { line, step }) => (x + step - y) % step < line,
  (x, y, { line, step }) => (x + y) % step < line,
  (x, y, { line }) => x < line || y < line,
  (x, y, { half, step }) => Math.hypot(x + 0.5 - half, y + 0.5 - half) < step * 0.3,
  (x, y, { half }) => (x < half) === (y < half),
  (x, y, { line, half, step }) => (x + step - y) % step < line || (x + y + half) % step < line,
  (x, y, { line, half }) => y % half < line && (x < half) === (y < half),
  (x, y, { line, half, step }) => (y + step - Math.abs(x - half)) % step < line,
  (x, y, { line, half, step }) => isRing(x + 0.5 - half, y + 0.5 - half, step * 0.3, line),
];
const PATTERNS_ACROSS = 48;
export const PATTERN_STEP = 8;

/** @type {(x: number, y: number, radius: number, line: number) => boolean} */
function isRing(x, y, radius, line) {
  return Math.abs(Math.max(Math.abs(x), Math.abs(y)) - radius) < line / 2 + 0.01;
}

/**
 * 1 where a class's pattern has the other shade, row by row, of one tile of `step` × `step` pixels; `step` is even.
 * @type {(id: number, step: number) => Uint8Array}
 */
export function patternTile(id, step) {
  const hit = PATTERNS[id % PATTERNS.length];
  const size = { step, half: step / 2, line: Math.max(1, Math.round(step / 6)) };
  return Uint8Array.from({ length: step * step }, (_, i) => (hit(i % step, Math.floor(i / step), size) ? 1 : 0));
}

/**
 * The shade of a colour that its pattern is drawn in.
 * @type {(colour: Colour) => Colour}
 */
export function patternColour([r, g, b]) {
  const light = 0.299 * r + 0.587 * g + 0.114 * b;
  const shade = light > 110 ? [r * 0.4, g * 0.4, b * 0.4] : [r, g, b].map((part) => part + (255 - part) * 0.6);
  return shade.map(Math.round);
}

/**
 * A square of a class's pattern for a legend, over what is there.
 * @param {CanvasRenderingContext2D} context
 * @param {number} id
 * @param {Colour} colour
 * @param {number} x
 * @param {number} y
 * @param {number} side
 */
export function drawPattern(context, id, colour, x, y, side) {
  const tile = patternTile(id, PATTERN_STEP);
  context.fillStyle = `rgb(${patternColour(colour)})`;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const i = (row % PATTERN_STEP) * PATTERN_STEP + (column % PATTERN_STEP);
      if (tile[i]) context.fillRect(x + column, y + row, 1, 1);
    }
  }
}

/**
 * The classes in their colours.
 * @param {GreyMap} labels
 * @param {Classes} classes
 * @param {Style} style
 * @param {number} ignored opacity of pixels without a class, from 0 to 255
 * @param {number} others opacity of the classes that are not shown
 */
export function tintClasses(labels, classes, { shown, patterns }, ignored, others) {
  const table = new Uint32Array(256);
  classes.colours.forEach((colour, id) => (table[id] = shown[id] ? packed(colour) : packed(GREY, others)));
  table[IGNORE] = packed(classes.ignoreColour, ignored);
  const { data, width, height } = labels;
  return pictureOf(width, height, (out) => {
    for (let i = 0; i < data.length; i++) out[i] = table[data[i]];
    if (patterns) drawPatterns(out, labels, classes, shown);
  });
}

/** @type {(out: Uint32Array, labels: GreyMap, classes: Classes, shown: Uint8Array) => void} */
function drawPatterns(out, { data, width, height }, classes, shown) {
  const step = 2 * Math.max(3, Math.round(width / PATTERNS_ACROSS / 2));
  const tile = step * step;
  const tiles = new Uint8Array(256 * tile);
  const table = new Uint32Array(256);
  classes.colours.forEach((colour, id) => {
    if (shown[id]) tiles.set(patternTile(id, step), id * tile);
    table[id] = packed(patternColour(colour));
  });
  for (let y = 0, i = 0; y < height; y++) {
    const row = (y % step) * step;
    for (let x = 0; x < width; x++, i++) {
      const id = data[i];
      if (tiles[id * tile + row + (x % step)]) out[i] = table[id];
    }
  }
}

/**
 * Borders alone, in a picture of another size: the pixel on each side in the colour of its class if that is shown, and
 * a dark one beside.
 * @type {(labels: GreyMap, classes: Classes, style: Style, size: Size) => ImageBitmap}
 */
export function tintOutlines(labels, classes, { shown }, size) {
  const { width, height } = size;
  const data = resampled(labels, size);
  const table = classes.colours.map((colour) => packed(colour));
  const halo = packed([0, 0, 0], HALO);
  return pictureOf(width, height, (out) => {
    /** @type {(i: number, j: number) => void} */
    const touch = (i, j) => {
      if (data[i] === data[j]) return;
      if (shown[data[i]]) out[i] = table[data[i]];
      if (shown[data[j]]) out[j] = table[data[j]];
    };
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (x > 0) touch(i - 1, i);
        if (y > 0) touch(i - width, i);
      }
    }
    /** @type {(i: number) => boolean} */
    const coloured = (i) => out[i] >>> 24 === 255;
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (out[i]) continue;
        const beside = (x > 0 && coloured(i - 1)) || (x < width - 1 && coloured(i + 1));
        if (beside || (y > 0 && coloured(i - width)) || (y < height - 1 && coloured(i + width))) out[i] = halo;
      }
    }
  });
}

/**
 * Line n, which runs before row or column n, has the pieces `start[n]` to `start[n + 1]`, each from one place `from` to
 * another `to`, with one id `before` it and another `after` it.
 * @typedef {{ start: Uint32Array, from: number[], to: number[], before: number[], after: number[] }} Lines
 */

/**
 * The same borders as lines, for when the pixels of the map are large: those between one row and the next, and those
 * between columns.
 * @type {(labels: GreyMap) => { across: Lines, down: Lines }}
 */
export function bordersOf({ data, width, height }) {
  return { across: pieces(data, height, width, width, 1), down: pieces(data, width, height, 1, width) };
}

/** @type {(data: Uint8Array, lines: number, length: number, step: number, along: number) => Lines} */
function pieces(data, lines, length, step, along) {
  const start = new Uint32Array(lines + 1);
  /** @type {number[][]} */
  const [from, to, before, after] = [[], [], [], []];
  for (let line = 1; line < lines; line++) {
    start[line] = from.length;
    for (let i = 0, at = line * step; i < length; ) {
      const [one, other] = [data[at - step], data[at]];
      const begin = i;
      do {
        i++;
        at += along;
      } while (i < length && data[at - step] === one && data[at] === other);
      if (one === other) continue;
      from.push(begin);
      to.push(i);
      before.push(one);
      after.push(other);
    }
  }
  start[lines] = from.length;
  return { start, from, to, before, after };
}

/**
 * What is wrong, over clear pixels where all is right, hatched where the truth has no class. A wrong pixel has the colour
 * of the class that was said instead; errors that have nothing to do with the classes shown stay faint. With a class
 * alone, it is found, missed or invented.
 * @type {(labels: GreyMap, truth: GreyMap, classes: Classes, style: Style) => ImageBitmap}
 */
export function tintErrors(labels, truth, classes, { shown, alone = null }) {
  const { width, height, data } = labels;
  const right = resampled(truth, labels);
  const hatch = [packed([225, 225, 225]), packed([105, 105, 105])];
  const colour = alone === null ? errorColours(classes, shown) : outcomeColours(classes, alone);
  return pictureOf(width, height, (out) => {
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        out[i] = right[i] === IGNORE ? hatch[(x + y) % 8 < 3 ? 0 : 1] : colour[(right[i] << 8) | data[i]];
      }
    }
  });
}

// Both tables have 256 colours for every class of the truth, one for each that may be said.

/** @type {(classes: Classes, shown: Uint8Array) => Uint32Array} */
function errorColours({ names, colours, ignoreColour }, shown) {
  const table = new Uint32Array(256 * 256);
  for (let right = 0; right < names.length; right++) {
    for (let said = 0; said < 256; said++) {
      const opacity = shown[said] || shown[right] ? ERROR : FAINT_ERROR;
      if (said !== right) table[(right << 8) | said] = packed(colours[said] ?? ignoreColour, opacity);
    }
  }
  return table;
}

/** @type {(classes: Classes, id: number) => Uint32Array} */
function outcomeColours({ names, foundColour, missedColour, inventedColour }, id) {
  const table = new Uint32Array(256 * 256);
  names.forEach((_, right) => (table[(right << 8) | id] = packed(inventedColour, ERROR)));
  table.fill(packed(missedColour, ERROR), id << 8, (id + 1) << 8);
  table[(id << 8) | id] = packed(foundColour, ERROR);
  return table;
}

/** @type {(confidence: GreyMap, labels: GreyMap, style: Style) => ImageBitmap} */
export function tintConfidence(confidence, labels, { shown }) {
  const table = new Uint32Array(256);
  for (let percent = 0; percent <= 100; percent++) table[percent] = packed(doubtColour(percent / 100));
  table[UNKNOWN] = 0;
  const ids = resampled(labels, confidence);
  const { data } = confidence;
  return pictureOf(confidence.width, confidence.height, (out) => {
    for (let i = 0; i < data.length; i++) out[i] = shown[ids[i]] ? table[data[i]] : 0;
  });
}

/**
 * The value of a map at a point of the picture, both coordinates from 0 to 1.
 * @type {(map: GreyMap, point: Point) => number}
 */
export function valueAt(map, point) {
  const x = Math.min(Math.floor(point.x * map.width), map.width - 1);
  const y = Math.min(Math.floor(point.y * map.height), map.height - 1);
  return map.data[y * map.width + x];
}

/**
 * The same for a confidence, in per cent; null where there is none.
 * @type {(map: GreyMap, point: Point) => number | null}
 */
export function percentAt(map, point) {
  const value = valueAt(map, point);
  return value === UNKNOWN ? null : value;
}
