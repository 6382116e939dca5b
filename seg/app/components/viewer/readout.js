// What lies under the crosshair: one cell for the position, the photo's colour, the truth, each network, and for who
// disagrees, always all of them, so that nothing moves while the pointer does.

import { setText } from "./panels.js";

const UNLABELLED = 255;

// Who says something else than the truth or, without one, than most networks: {against, ids, of}. `readings` has
// {role, label} or null for the id of every panel; against is "" where there is nothing to disagree with.
export function dissenters(readings) {
  const votes = [...readings].filter(([, reading]) => reading?.role === "network");
  const truth = [...readings.values()].find((reading) => reading?.role === "truth")?.label ?? UNLABELLED;
  const right = truth === UNLABELLED ? majority(votes.map(([, { label }]) => label)) : truth;
  if (right === null || !votes.length) return { against: "", ids: [], of: votes.length };
  const ids = votes.filter(([, { label }]) => label !== right).map(([id]) => id);
  return { against: truth === UNLABELLED ? "majority" : "truth", ids, of: votes.length };
}

// What more than one says, and more than say anything else; null where there is no such label.
function majority(labels) {
  const counts = new Map();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [first, second] = [...counts].sort(([, a], [, b]) => b - a);
  return first?.[1] > 1 && first[1] > (second?.[1] ?? 0) ? first[0] : null;
}

let probe = null;

// The photo's colour at a point of the picture, both coordinates from 0 to 1: [r, g, b].
export function colourAt(photo, point) {
  probe ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const x = Math.min(Math.floor(point.x * photo.width), photo.width - 1);
  const y = Math.min(Math.floor(point.y * photo.height), photo.height - 1);
  probe.drawImage(photo.picture, x, y, 1, 1, 0, 0, 1, 1);
  return [...probe.getImageData(0, 0, 1, 1).data.subarray(0, 3)];
}

export function createReadout(element, template) {
  let cells = [];
  let made = "";
  let names = new Map();

  function create({ id, name }) {
    const cell = template.content.firstElementChild.cloneNode(true);
    cell.dataset.id = id;
    cell.dataset.readout = name;
    setText(cell.querySelector(".name"), name);
    cell.querySelector(".name").title = name;
    return cell;
  }

  // `panels`: {id, role, name}, in the order of the grid.
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

  // `position`: a text, `colour`: [r, g, b], both null away from the picture; `readings` has {role, label, name, colour,
  // percent} or null for the id of every panel.
  function show(position, readings, colour = null, dissent = dissenters(readings)) {
    for (const cell of cells) {
      const { id } = cell.dataset;
      if (id === "position") showReading(cell, position && { name: position });
      else if (id === "colour") showReading(cell, colour && { name: colour.join(", "), colour });
      else if (id === "dissent") showDissent(cell, dissent);
      else showReading(cell, readings.get(id), dissent.ids.includes(id) ? dissent.against : "");
    }
  }

  function showDissent(cell, { against, ids, of }) {
    setText(cell.querySelector(".name"), against ? `Disagree with the ${against}` : "Disagree");
    const who = ids.map((id) => names.get(id)).join(", ");
    const words = ids.length ? `${ids.length} of ${of}: ${who}` : "none";
    showReading(cell, against ? { name: words } : null);
    cell.title = against ? words : "";
  }

  return { setPanels, show };
}

// `against`: "truth" or "majority" for a reading that disagrees with it.
export function showReading(element, reading, against = "") {
  setText(element.querySelector(".class"), reading ? reading.name : "–");
  setText(element.querySelector(".confidence"), reading && reading.percent != null ? `${reading.percent} %` : "");
  const swatch = element.querySelector(".swatch");
  swatch.hidden = !reading?.colour;
  if (reading?.colour) swatch.style.background = `rgb(${reading.colour})`;
  element.toggleAttribute("data-wrong", against === "truth");
  element.toggleAttribute("data-odd", against === "majority");
  element.title = { truth: "Not what the truth says", majority: "Not what most networks say" }[against] ?? "";
}
