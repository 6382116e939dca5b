// Two panels on top of each other in one box, with a divider between them.

/** @import { Description, Swipe } from "./types" */

import { make } from "../dom.js";

export const SWIPE = "swipe";

/**
 * The two to begin with: the truth, or the photo, and the network looked at.
 * @type {(panels: Description[], looked?: string | null) => Swipe}
 */
export function firstPair(panels, looked) {
  const networks = panels.filter((panel) => panel.role === "network");
  const left = panels.find((panel) => panel.role === "truth") ?? panels[0];
  const right = networks.find((panel) => panel.id === looked) ?? networks.at(-1) ?? panels[0];
  return { left: left.id, right: right.id, at: 0.5 };
}

/**
 * The panel description that stands for both, once one of each is there.
 * @type {(swipe: Swipe, panels: Description[]) => Description | null}
 */
export function swipePanel(swipe, panels) {
  /** @param {string} id */
  const of = (id) => panels.find((panel) => panel.id === id);
  const [left, right] = [of(swipe.left), of(swipe.right)];
  if (!left || !right) return null;
  return {
    ...right,
    id: SWIPE,
    role: SWIPE,
    name: `${left.name} | ${right.name}`,
    caption: "Drag the divider",
    state: "ready",
    sentence: "",
    note: "",
  };
}

/** @param {{ move: (step: number) => void }} act */
export function createDivider({ move }) {
  const element = make("div", { className: "divider", tabIndex: 0 });
  element.dataset.divider = "";
  element.setAttribute("role", "slider");
  element.setAttribute("aria-label", "Divider: arrow keys move it");
  element.setAttribute("aria-valuemin", "0");
  element.setAttribute("aria-valuemax", "100");
  element.onkeydown = (event) => {
    const step = event.key === "ArrowLeft" ? -0.02 : event.key === "ArrowRight" ? 0.02 : 0;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    move(step);
  };

  /** @type {(box: HTMLElement, at: number) => void} */
  return function place(box, at) {
    if (element.parentElement !== box) box.append(element);
    element.style.left = `${at * 100}%`;
    element.setAttribute("aria-valuenow", String(Math.round(at * 100)));
  };
}

/**
 * Fills a list with the panels; text only.
 * @type {(select: HTMLSelectElement, panels: Pick<Description, "id" | "name">[], chosen: string) => void}
 */
export function offer(select, panels, chosen) {
  const wanted = panels.map((panel) => `${panel.id}\n${panel.name}`).join("\n");
  if (select.dataset.wanted !== wanted) {
    select.dataset.wanted = wanted;
    select.replaceChildren(...panels.map((panel) => new Option(panel.name, panel.id)));
  }
  select.value = chosen;
}
