// What lies under the crosshair: one cell for the position, the photo's colour, the truth, each network, and for who
// disagrees, always all of them, so that nothing moves while the pointer does.

/** @import { Colour, Photo, Point, Reading, Role } from "./types" */
/** @typedef {{ against: "" | "truth" | "majority", ids: string[], of: number }} Dissent against nothing: "" */

/**
 * @typedef {object} Readout
 * @property {(panels: { id: string, role: Role, name: string }[]) => void} setPanels in the order of the grid
 * @property {(position: string | null, readings: Map<string, Reading | null>, colour: Colour | null, dissent: Dissent) => void} show
 *   position and colour are null away from the photo, readings are those of the panels, by their ids
 */

import { contextOf, find, setText } from "../dom.js";

const UNLABELLED = 255;

/**
 * Who says something else than the truth or, without one, than most networks.
 * @type {(readings: Map<string, Pick<Reading, "role" | "label"> | null>) => Dissent}
 */
export function dissenters(readings) {
  const votes = [...readings].flatMap(([id, reading]) => (reading?.role === "network" ? [{ id, label: reading.label }] : []));
  const truth = [...readings.values()].find((reading) => reading?.role === "truth")?.label ?? UNLABELLED;
  const right = truth === UNLABELLED ? majority(votes.map(({ label }) => label)) : truth;
  if (right === null || !votes.length) return { against: "", ids: [], of: votes.length };
  const ids = votes.filter(({ label }) => label !== right).map(({ id }) => id);
  return { against: truth === UNLABELLED ? "majority" : "truth", ids, of: votes.length };
}

/**
 * What more than one says, and more than say anything else; null where there is no such label.
 * @type {(labels: number[]) => number | null}
 */
function majority(labels) {
  const counts = new Map();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [first, second] = [...counts].sort(([, a], [, b]) => b - a);
  return first?.[1] > 1 && first[1] > (second?.[1] ?? 0) ? first[0] : null;
}

/** @type {OffscreenCanvasRenderingContext2D | null} */
let probe = null;

/**
 * The photo's colour at a point of the picture, both coordinates from 0 to 1.
 * @type {(photo: Photo, point: Point) => Colour}
 */
export function colourAt(photo, point) {
  probe ??= contextOf(new OffscreenCanvas(1, 1), { willReadFrequently: true });
  const x = Math.min(Math.floor(point.x * photo.width), photo.width - 1);
  const y = Math.min(Math.floor(point.y * photo.height), photo.height - 1);
  probe.drawImage(photo.picture, x, y, 1, 1, 0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data.subarray(0, 3)];
}

/** @type {(element: HTMLElement, template: HTMLTemplateElement) => Readout} */
export function createReadout(element, template) {
  /** @type {HTMLElement[]} */
  let cells = [];
  let made = "";
  /** @type {Map<string, string>} */
  let names = new Map();

  /** @type {(panel: { id: string, name: string }) => HTMLElement} */
  function create({ id, name }) {
    const cell = find(document.importNode(template.content, true), ".cell");
    cell.dataset.id = id;
    cell.dataset.readout = name;
    const title = find(cell, ".name");
    setText(title, name);
    title.title = name;
    return cell;
  }

  /** @type {Readout["setPanels"]} */
  function setPanels(panels) {
    const rest = panels.filter((panel) => panel.role === "truth" || panel.role === "network");
    const fixed = [
      { id: "position", name: "Pixel" },
      { id: "colour", name: "Photo" },
    ];
    const wanted = [...fixed, ...rest, { id: "dissent", name: "Disagree" }];
    const key = wanted.map(({ id, name }) => `${id}\n${name}`).join("\n");
    if (made === key) return;
    made = key;
    names = new Map(rest.map(({ id, name }) => [id, name]));
    cells = wanted.map(create);
    element.replaceChildren(...cells);
  }

  /** @type {Readout["show"]} */
  function show(position, readings, colour, dissent) {
    for (const cell of cells) {
      const { id = "" } = cell.dataset;
      if (id === "position") showReading(cell, position === null ? null : { name: position });
      else if (id === "colour") showReading(cell, colour && { name: colour.join(", "), colour });
      else if (id === "dissent") showDissent(cell, dissent);
      else showReading(cell, readings.get(id), dissent.ids.includes(id) ? dissent.against : "");
    }
  }

  /** @type {(cell: HTMLElement, dissent: Dissent) => void} */
  function showDissent(cell, { against, ids, of }) {
    setText(find(cell, ".name"), against ? `Disagree with the ${against}` : "Disagree");
    const who = ids.map((id) => names.get(id)).join(", ");
    const words = ids.length ? `${ids.length} of ${of}: ${who}` : "none";
    showReading(cell, against ? { name: words } : null);
    cell.title = against ? words : "";
  }

  return { setPanels, show };
}

/**
 * @param {HTMLElement} element
 * @param {{ name: string, colour?: Colour, percent?: number | null } | null | undefined} reading
 * @param {Dissent["against"]} [against] what the reading disagrees with
 */
export function showReading(element, reading, against = "") {
  setText(find(element, ".class"), reading ? reading.name : "–");
  setText(find(element, ".confidence"), reading?.percent == null ? "" : `${reading.percent} %`);
  const swatch = find(element, ".swatch");
  swatch.hidden = !reading?.colour;
  if (reading?.colour) swatch.style.background = `rgb(${reading.colour})`;
  element.toggleAttribute("data-wrong", against === "truth");
  element.toggleAttribute("data-odd", against === "majority");
  element.title = { truth: "Not what the truth says", majority: "Not what most networks say", "": "" }[against];
}
