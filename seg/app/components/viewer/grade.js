// Dice of a map against a truth, counted as `seg.scores.metrics` counts it.

/** @import { GreyMap } from "./types" */

const IGNORED = 255;

/**
 * Pixel counts, a row a class of the truth, a column a class of the map, at the truth's size: a map of another size
 * answers with the pixel nearest to each of the truth's. What is ignored in either is left out.
 * @type {(map: GreyMap, truth: GreyMap, classes: number) => Uint32Array}
 */
export function confusion(map, truth, classes) {
  const counts = new Uint32Array(256 * 256);
  const { width, height, data } = truth;
  if (map.width === width && map.height === height) {
    const other = map.data;
    for (let i = 0; i < data.length; i++) counts[(data[i] << 8) | other[i]]++;
  } else {
    const columns = Uint32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * map.width) / width));
    for (let y = 0, i = 0; y < height; y++) {
      const row = Math.floor(((y + 0.5) * map.height) / height) * map.width;
      for (let x = 0; x < width; x++, i++) {
        if (data[i] !== IGNORED) counts[(data[i] << 8) | map.data[row + columns[x]]]++;
      }
    }
  }
  const out = new Uint32Array(classes * classes);
  for (let right = 0; right < classes; right++) {
    for (let said = 0; said < classes; said++) out[right * classes + said] = counts[(right << 8) | said];
  }
  return out;
}

/**
 * 2·|A∩B| / (|A|+|B|) of every class; not-a-number for a class in neither.
 * @type {(matrix: Uint32Array, classes: number) => Float64Array}
 */
export function dice(matrix, classes) {
  return Float64Array.from({ length: classes }, (_, id) => {
    let sum = 0;
    for (let other = 0; other < classes; other++) sum += matrix[id * classes + other] + matrix[other * classes + id];
    return sum ? (2 * matrix[id * classes + id]) / sum : NaN;
  });
}

/** @type {(values: Iterable<number>) => number} */
export function meanDice(values) {
  const known = [...values].filter((value) => !Number.isNaN(value));
  return known.length ? known.reduce((a, b) => a + b, 0) / known.length : NaN;
}
