// A map of class ids that the visitor paints, with its history.

/** @import { GreyMap, Point, Size } from "./types" */
/** @typedef {Point & Size} Box */
/** @typedef {{ box: Box, old: Uint8Array, new: Uint8Array }} Change */
/**
 * One id a pixel, 255 where nothing is painted; the version tells changes, `before` is the map as the stroke began.
 * @typedef {GreyMap & { version: number, past: Change[], future: Change[], before: Uint8Array | null }} Painting
 */

const UNPAINTED = 255;
const HISTORY_BYTES = 32 * 2 ** 20;

/** @type {(width: number, height: number, ids?: Iterable<number> | null) => Painting} */
export function createPainting(width, height, ids = null) {
  const data = ids ? Uint8Array.from(ids) : new Uint8Array(width * height).fill(UNPAINTED);
  return { width, height, data, version: 0, past: [], future: [], before: null };
}

/** @type {(painting: Painting) => boolean} */
export const isEmpty = (painting) => painting.data.every((id) => id === UNPAINTED);

/**
 * Paints a line of round ends between two points, in pixels of the map; 255 erases. A stroke may have many of them until
 * `endStroke`, and is undone as one.
 * @type {(painting: Painting, from: Point, to: Point, radius: number, id: number) => void}
 */
export function stroke(painting, from, to, radius, id) {
  begin(painting);
  const { width, height, data } = painting;
  const reach = Math.max(radius, 0.5);
  const x0 = Math.max(0, Math.floor(Math.min(from.x, to.x) - reach));
  const x1 = Math.min(width - 1, Math.ceil(Math.max(from.x, to.x) + reach));
  const y0 = Math.max(0, Math.floor(Math.min(from.y, to.y) - reach));
  const y1 = Math.min(height - 1, Math.ceil(Math.max(from.y, to.y) + reach));
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const [px, py] = [x + 0.5 - from.x, y + 0.5 - from.y];
      const share = length ? Math.min(Math.max((px * dx + py * dy) / length, 0), 1) : 0;
      const [ex, ey] = [px - share * dx, py - share * dy];
      if (ex * ex + ey * ey <= reach * reach) data[y * width + x] = id;
    }
  }
  painting.version++;
}

/**
 * Ends what began with the last `stroke`: from here it is one step of the history.
 * @param {Painting} painting
 */
export function endStroke(painting) {
  const { before, data, width, height } = painting;
  painting.before = null;
  if (!before) return;
  const box = changedBox(before, data, width, height);
  if (!box) return;
  painting.past.push({ box, old: cut(before, width, box), new: cut(data, width, box) });
  painting.future = [];
  let bytes = 0;
  let kept = painting.past.length;
  while (kept > 0 && (bytes += 2 * painting.past[kept - 1].old.length) <= HISTORY_BYTES) kept--;
  painting.past.splice(0, Math.min(kept, painting.past.length - 1));
}

/**
 * Gives the whole region of one id around a point another id; a region ends where four neighbours differ.
 * @type {(painting: Painting, at: Point, id: number) => void}
 */
export function fill(painting, at, id) {
  const { data } = painting;
  const seed = pixelAt(painting, at);
  if (seed === null || data[seed] === id) return;
  const old = data[seed];
  paintRegion(painting, regionAround(painting, seed, (i) => data[i] === old), id);
}

/**
 * The magic wand: paints what touches a point and looks like it. No channel of a pixel may be further than `tolerance`
 * from the mean of the point and its neighbours.
 * @param {Painting} painting
 * @param {Uint8ClampedArray} colours four numbers for each of its pixels: red, green, blue, opacity
 * @param {Point} at
 * @param {number} tolerance from 0 to 255
 * @param {number} id
 */
export function wand(painting, colours, at, tolerance, id) {
  const seed = pixelAt(painting, at);
  if (seed === null) return;
  const [red, green, blue] = meanColour(painting, colours, seed);
  const alike = (/** @type {number} */ i) =>
    i === seed ||
    (Math.abs(colours[4 * i] - red) <= tolerance &&
      Math.abs(colours[4 * i + 1] - green) <= tolerance &&
      Math.abs(colours[4 * i + 2] - blue) <= tolerance);
  paintRegion(painting, regionAround(painting, seed, alike), id);
}

/** @type {(size: Size, colours: Uint8ClampedArray, seed: number) => number[]} */
function meanColour({ width, height }, colours, seed) {
  const [x, y] = [seed % width, Math.floor(seed / width)];
  const sums = [0, 0, 0, 0];
  for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
    for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
      const i = 4 * (row * width + column);
      for (let channel = 0; channel < 3; channel++) sums[channel] += colours[i + channel];
      sums[3]++;
    }
  }
  return sums.slice(0, 3).map((sum) => sum / sums[3]);
}

/**
 * Paints the pixels whose middles lie within a polygon, by the even-odd rule.
 * @type {(painting: Painting, corners: Point[], id: number) => void}
 */
export function polygon(painting, corners, id) {
  begin(painting);
  const { width, height, data } = painting;
  for (let y = 0; y < height; y++) {
    const crossed = crossings(corners, y + 0.5);
    for (let n = 0; n + 1 < crossed.length; n += 2) {
      const first = Math.max(0, Math.ceil(crossed[n] - 0.5));
      const last = Math.min(width - 1, Math.ceil(crossed[n + 1] - 0.5) - 1);
      if (first <= last) data.fill(id, y * width + first, y * width + last + 1);
    }
  }
  painting.version++;
  endStroke(painting);
}

/**
 * Where the sides of a polygon cross a row, from left to right.
 * @type {(corners: Point[], y: number) => number[]}
 */
function crossings(corners, y) {
  const crossed = corners.flatMap((from, i) => {
    const to = corners[(i + 1) % corners.length];
    if (from.y <= y === to.y <= y) return [];
    return [from.x + ((y - from.y) / (to.y - from.y)) * (to.x - from.x)];
  });
  return crossed.sort((one, other) => one - other);
}

/** @type {(size: Size, at: Point) => number | null} */
function pixelAt({ width, height }, at) {
  const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
  return x < 0 || y < 0 || x >= width || y >= height ? null : y * width + x;
}

/**
 * 1 for the pixels that are joined to the seed by alike ones, side by side.
 * @type {(size: Size, seed: number, alike: (i: number) => boolean) => Uint8Array}
 */
function regionAround({ width, height }, seed, alike) {
  const region = new Uint8Array(width * height);
  const fits = (/** @type {number} */ i) => !region[i] && alike(i);
  const waiting = [seed];
  for (let start = waiting.pop(); start !== undefined; start = waiting.pop()) {
    if (!fits(start)) continue;
    const row = start - (start % width);
    let left = start;
    let right = start;
    while (left > row && fits(left - 1)) left--;
    while (right < row + width - 1 && fits(right + 1)) right++;
    region.fill(1, left, right + 1);
    for (const next of [-width, width]) {
      if (row + next < 0 || row + next >= region.length) continue;
      for (let i = left; i <= right; i++) if (fits(i + next) && (i === right || !fits(i + next + 1))) waiting.push(i + next);
    }
  }
  return region;
}

/** @type {(painting: Painting, region: Uint8Array, id: number) => void} */
function paintRegion(painting, region, id) {
  begin(painting);
  for (let i = 0; i < region.length; i++) if (region[i]) painting.data[i] = id;
  painting.version++;
  endStroke(painting);
}

/**
 * Takes over a whole map, of any size.
 * @type {(painting: Painting, map: GreyMap) => void}
 */
export function startFrom(painting, map) {
  begin(painting);
  const { width, height, data } = painting;
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * map.height) / height) * map.width;
    for (let x = 0; x < width; x++) data[i++] = map.data[row + Math.floor(((x + 0.5) * map.width) / width)];
  }
  painting.version++;
  endStroke(painting);
}

/** @param {Painting} painting */
export function clear(painting) {
  begin(painting);
  painting.data.fill(UNPAINTED);
  painting.version++;
  endStroke(painting);
}

/** @type {(painting: Painting) => void} */
export const undo = (painting) => step(painting, painting.past, painting.future, "old");
/** @type {(painting: Painting) => void} */
export const redo = (painting) => step(painting, painting.future, painting.past, "new");

/** @type {(painting: Painting, from: Change[], to: Change[], side: "old" | "new") => void} */
function step(painting, from, to, side) {
  endStroke(painting);
  const change = from.pop();
  if (!change) return;
  const { x, y, width, height } = change.box;
  for (let row = 0; row < height; row++) {
    const part = change[side].subarray(row * width, (row + 1) * width);
    painting.data.set(part, (y + row) * painting.width + x);
  }
  to.push(change);
  painting.version++;
}

/** @param {Painting} painting */
function begin(painting) {
  painting.before ??= painting.data.slice();
}

/** @type {(before: Uint8Array, after: Uint8Array, width: number, height: number) => Box | null} */
function changedBox(before, after, width, height) {
  let [x0, y0, x1, y1] = [width, height, -1, -1];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (before[i] === after[i]) continue;
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      y1 = y;
    }
  }
  return y1 < 0 ? null : { x: x0, y: y0, width: x1 - x0 + 1, height: y1 - y0 + 1 };
}

/** @type {(data: Uint8Array, width: number, box: Box) => Uint8Array} */
function cut(data, width, box) {
  const out = new Uint8Array(box.width * box.height);
  for (let row = 0; row < box.height; row++) {
    const start = (box.y + row) * width + box.x;
    out.set(data.subarray(start, start + box.width), row * box.width);
  }
  return out;
}
