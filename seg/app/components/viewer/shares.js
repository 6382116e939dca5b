// How much of every map each class covers, worked out only while it is to be seen.

/** @import { Classes, GreyMap } from "./types" */
/** @typedef {{ name: string, shares: Float64Array }} Shares of a map */

import { find, make } from "../dom.js";
import { IGNORE } from "./tint.js";

/**
 * Pixels of every id, as shares of the whole map.
 * @type {(map: GreyMap) => Float64Array}
 */
export function sharesOf({ data }) {
  const counts = new Uint32Array(256);
  for (let i = 0; i < data.length; i++) counts[data[i]]++;
  return Float64Array.from(counts, (count) => count / data.length);
}

/** @param {HTMLDetailsElement} details */
export function createShares(details) {
  const table = find(details, "table", HTMLTableElement);
  let shown = "";
  let fill = () => {};
  details.ontoggle = () => fill();

  /** @type {(classes: Classes, maps: Shares[]) => void} */
  function show(classes, maps) {
    const rows = classes.names.map((name, id) => ({ name, id }));
    if (maps.some((map) => map.shares[IGNORE] > 0)) rows.push({ name: "not labelled", id: IGNORE });
    const cells = rows.map(({ id }) => maps.map((map) => shareText(map.shares[id])));
    const key = JSON.stringify([rows, maps.map((map) => map.name), cells]);
    if (shown === key) return;
    shown = key;
    table.replaceChildren();
    const head = table.createTHead().insertRow();
    head.append(make("td"), ...maps.map((map) => headerOf(map.name, "col")));
    const body = table.createTBody();
    rows.forEach(({ name }, i) => {
      const row = body.insertRow();
      row.append(headerOf(name, "row"));
      for (const text of cells[i]) row.insertCell().textContent = text;
    });
  }

  /** @type {(classes: Classes, maps: () => Shares[]) => void} */
  return function update(classes, maps) {
    fill = () => details.open && show(classes, maps());
    fill();
  };
}

/**
 * A class of a few pixels is not one that is missing.
 * @type {(share: number) => string}
 */
export function shareText(share) {
  if (share === 0) return "–";
  return share < 0.0005 ? "< 0.1 %" : `${(share * 100).toFixed(1)} %`;
}

/** @type {(text: string, scope: string) => HTMLElement} */
const headerOf = (text, scope) => make("th", { scope, textContent: text });
