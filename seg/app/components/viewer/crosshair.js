// The point looked at: the lines across every panel, and what its networks say there.

/** @import { createPanels } from "./panels.js" */
/** @import { Readout } from "./readout.js" */
/** @import { State } from "./state.js" */
/** @import { Panel, Reading } from "./types" */

import { find } from "../dom.js";
import { mapOf, photoOf } from "./decode.js";
import { colourAt, dissenters, showReading } from "./readout.js";
import { SWIPE } from "./swipe.js";
import { IGNORE, percentAt, valueAt } from "./tint.js";
import { toBox } from "./view.js";

const LOW = 0.7; // of the box: below, a reading at its lower edge would cover what is looked at

/**
 * @param {HTMLElement} root
 * @param {State} state
 * @param {ReturnType<typeof createPanels>} panels
 * @param {Readout} readout
 */
export function createCrosshair(root, state, panels, readout) {
  // Under the divider, the panel on the pointer's side of it.
  /** @type {(panel: Panel) => Panel | undefined} */
  function panelRead(panel) {
    const { swipe } = state.look;
    if (panel.role !== SWIPE || !swipe) return panel;
    const at = state.pointed ? toBox(state.view(), panel.size, state.data.photo, state.pointed).x / panel.size.width : 0;
    return panels.get(at < swipe.at ? swipe.left : swipe.right);
  }

  /** @type {(panel: Panel) => Reading | null} */
  function readingOf(panel) {
    const read = panelRead(panel);
    const map = read && read.role !== "photo" && read.state === "ready" ? mapOf(read.labels) : null;
    if (!state.pointed || !read || !map) return null;
    const label = valueAt(map, state.pointed);
    const known = label !== IGNORE;
    const confidence = mapOf(read.confidence);
    return {
      id: read.id,
      role: read.role,
      label,
      name: known ? state.classes.names[label] : "not labelled",
      colour: known ? state.classes.colours[label] : state.classes.ignoreColour,
      percent: confidence && percentAt(confidence, state.pointed),
    };
  }

  // The polygon that is being drawn, and its next side up to the pointer.
  /** @param {Panel} panel */
  function showOutline(panel) {
    const svg = find(panel.box, ".outline", SVGElement);
    const corners = state.pointed && state.outline.length ? [...state.outline, state.pointed] : state.outline;
    const points = corners.map((corner) => toBox(state.view(), panel.size, state.data.photo, corner));
    const path = points.length ? `M${points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}` : "";
    for (const line of svg.querySelectorAll("path")) if (line.getAttribute("d") !== path) line.setAttribute("d", path);
    const start = find(svg, "circle", SVGCircleElement);
    start.setAttribute("r", points.length ? "5" : "0");
    if (!points.length) return;
    start.setAttribute("cx", String(points[0].x));
    start.setAttribute("cy", String(points[0].y));
  }

  return function show() {
    const { pointed, data } = state;
    const readings = new Map(panels.all().map((panel) => [panel.id, readingOf(panel)]));
    const swiped = readings.get(SWIPE) ?? null;
    readings.delete(SWIPE);
    const dissent = dissenters(readings);
    const photo = photoOf(data.photo.digest);
    const position = pointed && [pointed.x * data.photo.width, pointed.y * data.photo.height].map(Math.floor).join(", ");
    readout.show(position, readings, pointed && photo ? colourAt(photo, pointed) : null, dissent);
    root.toggleAttribute("data-pointing", Boolean(pointed));
    for (const panel of panels.all()) {
      showOutline(panel);
      const at = pointed && toBox(state.view(), panel.size, data.photo, pointed);
      const reading = panel.id === pointed?.id ? (panel.role === SWIPE ? swiped : readings.get(panel.id)) : null;
      panel.box.toggleAttribute("data-reading", Boolean(reading));
      if (!at) continue;
      panel.box.style.setProperty("--cross-x", `${at.x}px`);
      panel.box.style.setProperty("--cross-y", `${at.y}px`);
      if (!reading) continue;
      showReading(find(panel.box, ".reading"), reading, dissent.ids.includes(reading.id) ? dissent.against : "");
      panel.box.toggleAttribute("data-reading-on-top", at.y > panel.size.height * LOW);
    }
  };
}
