// Scores of a map against a truth, counted as `seg.scores.metrics` counts them.

/** @import { GreyMap, Scores } from "./types" */

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
 * Dice, 2·|A∩B| / (|A|+|B|), precision and recall of every class, null where there is nothing to divide by, and the
 * mean Dice of the classes that have one.
 * @type {(matrix: Uint32Array, classes: number) => Scores}
 */
export function scoresOf(matrix, classes) {
  /** @type {Scores} */
  const out = { mean: null, dice: [], precision: [], recall: [] };
  for (let id = 0; id < classes; id++) {
    let [truth, said] = [0, 0];
    for (let other = 0; other < classes; other++) {
      truth += matrix[id * classes + other];
      said += matrix[other * classes + id];
    }
    const hits = matrix[id * classes + id];
    out.dice.push(share(2 * hits, truth + said));
    out.precision.push(share(hits, said));
    out.recall.push(share(hits, truth));
  }
  const known = out.dice.filter((value) => value !== null);
  out.mean = share(known.reduce((sum, value) => sum + value, 0), known.length);
  return out;
}

/** @type {(part: number, whole: number) => number | null} */
const share = (part, whole) => (whole ? part / whole : null);
