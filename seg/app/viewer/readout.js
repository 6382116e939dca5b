// What lies under the crosshair: one cell for the position and one for the truth and each network, always all of them,
// so that nothing moves while the pointer does.

import { setText } from "./panels.js";

export function createReadout(element, template) {
  let cells = [];

  function create(id, name) {
    const cell = template.content.firstElementChild.cloneNode(true);
    cell.dataset.id = id;
    cell.dataset.readout = name;
    setText(cell.querySelector(".name"), name);
    cell.querySelector(".name").title = name;
    return cell;
  }

  function setPanels(panels) {
    const wanted = [{ id: "position", name: "Pixel" }, ...panels.filter((panel) => panel.role !== "photo")];
    if (wanted.map((panel) => panel.id).join("\n") !== cells.map((cell) => cell.dataset.id).join("\n")) {
      cells = wanted.map((panel) => create(panel.id, panel.name));
      element.replaceChildren(...cells);
    }
  }

  // `position` is a text; `readings` has {name, colour, percent, wrong} or null for the id of every panel.
  function show(position, readings) {
    for (const cell of cells) {
      const isPosition = cell.dataset.id === "position";
      showReading(cell, isPosition ? position && { name: position } : readings.get(cell.dataset.id));
    }
  }

  return { setPanels, show };
}

export function showReading(element, reading) {
  setText(element.querySelector(".class"), reading ? reading.name : "–");
  setText(element.querySelector(".confidence"), reading && reading.percent != null ? `${reading.percent} %` : "");
  const swatch = element.querySelector(".swatch");
  swatch.hidden = !reading?.colour;
  if (reading?.colour) swatch.style.background = `rgb(${reading.colour})`;
  element.toggleAttribute("data-wrong", Boolean(reading?.wrong));
  element.title = reading?.wrong ? "Not what the truth says" : "";
}
