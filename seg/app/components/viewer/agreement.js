// How far maps agree when nobody knows the truth.

/** @import { GreyMap } from "./types" */

import { resampled } from "./tint.js";

const NONE = 255;

/**
 * What most maps say at every pixel, at the size of the first; 255 where no label has more than one vote, and more than
 * any other.
 * @type {(maps: GreyMap[]) => GreyMap}
 */
export function majorityOf(maps) {
  const { width, height } = maps[0];
  const votes = maps.map((map) => resampled(map, maps[0]));
  const counts = new Uint8Array(256);
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    let [best, most, tied] = [NONE, 1, false];
    for (const labels of votes) {
      const label = labels[i];
      const count = ++counts[label];
      if (label === NONE || count < most) continue;
      tied = count === most && label !== best;
      if (count > most) [best, most] = [label, count];
    }
    data[i] = tied ? NONE : best;
    for (const labels of votes) counts[labels[i]] = 0;
  }
  return { width, height, data };
}

/**
 * The share of all pixels at which a map says what most say, where there is such a label. Of one class: of the pixels
 * that either calls so, the share of those that both do; null where neither does.
 * @type {(map: GreyMap, majority: GreyMap, id?: number | null) => number | null}
 */
export function agreementOf(map, majority, id = null) {
  const [said, most] = [resampled(map, majority), majority.data];
  let [both, either] = [0, 0];
  for (let i = 0; i < most.length; i++) {
    if (id === null) {
      if (said[i] === most[i] && most[i] !== NONE) both++;
    } else if (said[i] === id || most[i] === id) {
      either++;
      if (said[i] === most[i]) both++;
    }
  }
  const of = id === null ? most.length : either;
  return of ? both / of : null;
}
