// The grid of panels: made, renamed, put in order and laid out; nothing of what is inside the pictures.

/** @import { Description, Panel, Size } from "./types" */
/** @typedef {{ reorder: (ids: string[]) => void, enlarge: (id: string | null) => void }} Act */

import { find, setText, targetOf } from "../dom.js";
import { moved, ordered } from "./order.js";

const GAP = 12;
const NARROWEST = 200;
const NARROWEST_PORTRAIT = 150;
const SMALL = 160;
const MOST_COLUMNS = 6;
const MOST_SMALL = 10;
/** Of the window's height, what a panel may take: a whole one is to be seen below the pictures and the tools. */
const SHARE = 0.5;
const DRAG_PIXELS = 6;
const LONG_PRESS_MS = 350;

/**
 * As many columns as fit, but rows of nearly equal length; on very wide screens larger panels instead of more columns,
 * but where few panels would be taller than `tallest`, more columns than panels.
 * @type {(count: number, width: number, aspect: number, tallest?: number) => number}
 */
export function columnsFor(count, width, aspect, tallest = Infinity) {
  const narrowest = aspect < 1 ? NARROWEST_PORTRAIT : NARROWEST;
  const least = Math.max(narrowest, (width + GAP) / MOST_COLUMNS - GAP - 1);
  const most = Math.max(2, Math.floor((width + GAP) / (least + GAP)));
  const low = Math.ceil((width + GAP) / (tallest * aspect + GAP));
  return Math.max(2, Math.ceil(count / Math.ceil(count / most)), Math.min(low, most));
}

/**
 * Columns for the small panels below an enlarged one.
 * @type {(width: number) => number}
 */
export function columnsBelow(width) {
  return Math.min(Math.max(2, Math.floor((width + GAP) / (SMALL + GAP))), MOST_SMALL);
}

/**
 * `act` has reorder(ids), told the order that a visitor has made, and enlarge(id), null for none; panels stay where they
 * are without it.
 * @param {HTMLElement} grid
 * @param {HTMLTemplateElement} template
 * @param {Act | null} act
 */
export function createPanels(grid, template, act = null) {
  /** @type {Map<string, Panel>} */
  const byId = new Map();
  /** @type {Panel[]} */
  let list = [];
  /** @type {string[]} */
  let known = []; // the order of all panels ever put in order, those not shown now among them
  /** @type {string | null} */
  let large = null;

  if (act) {
    listenToCaptions(grid, {
      ids: () => list.map((panel) => panel.id),
      panelOf: (element) => list.find((panel) => panel.element.contains(element)),
      get: (id) => byId.get(id),
      reorder,
      enlarge: (id) => act.enlarge(large === id ? null : id),
    });
  }

  /** @type {(description: Description) => Panel} */
  function create(description) {
    const element = find(document.importNode(template.content, true), ".panel");
    const box = find(element, ".box");
    box.dataset.id = description.id;
    return {
      ...description,
      refusal: "",
      element,
      box,
      canvas: find(box, "canvas", HTMLCanvasElement),
      parts: { name: find(element, ".name"), caption: find(element, ".caption"), sentence: find(element, ".sentence") },
      tint: null,
      size: { width: 0, height: 0 },
    };
  }

  /**
   * Panels not wanted go.
   * @param {Description[]} wanted
   * @param {string[]} [order] the ids in the visitor's order, perhaps with others among them
   */
  function update(wanted, order = []) {
    const fresh = wanted.map((description) => {
      const panel = byId.get(description.id) ?? create(description);
      byId.set(description.id, panel);
      Object.assign(panel, description, { refusal: "" });
      setText(panel.parts.name, panel.name);
      setText(panel.parts.caption, panel.caption);
      setText(panel.parts.sentence, panel.sentence);
      panel.parts.caption.title = panel.caption;
      panel.parts.name.title = act ? `${panel.name}: enlarge (E), drag or Ctrl+← → to move` : panel.name;
      Object.assign(panel.element.dataset, { panel: panel.name, role: panel.role, state: panel.state });
      return panel;
    });
    for (const [id, panel] of byId) {
      if (fresh.includes(panel)) continue;
      panel.element.remove();
      panel.tint?.picture.close();
      byId.delete(id);
    }
    known = order;
    place(ordered(fresh.map((panel) => panel.id), order));
  }

  /**
   * Why a panel cannot be drawn now, "" when it can again.
   * @param {Panel} panel
   * @param {string} refusal
   */
  function refuse(panel, refusal) {
    if (panel.refusal === refusal) return;
    panel.refusal = refusal;
    setText(panel.parts.sentence, refusal || panel.sentence);
    panel.element.dataset.state = refusal ? "failed" : panel.state;
  }

  /** @param {string[]} ids */
  function place(ids) {
    list = ids.flatMap((id) => byId.get(id) ?? []);
    list.forEach((panel, i) => {
      if (grid.children[i] !== panel.element) grid.insertBefore(panel.element, grid.children[i] ?? null);
    });
  }

  /** @param {string[]} ids */
  function reorder(ids) {
    known = ordered([...known, ...ids.filter((id) => !known.includes(id))], ids);
    place(ids);
    act?.reorder(known);
  }

  /**
   * Sets columns and the shape of the boxes, all of one shape. Returns the size of the box to look at, the enlarged one
   * or any, null while nothing is to be seen; every panel has its own `size`.
   * @type {(picture: Size, enlarged?: string | null) => Size | null}
   */
  function fit(picture, enlarged = null) {
    const width = grid.getBoundingClientRect().width;
    if (!width || !list.length) return null;
    const aspect = Math.min(Math.max(picture.width / picture.height, 0.6), 2.5);
    large = enlarged && byId.has(enlarged) ? enlarged : null;
    const count = large ? columnsBelow(width) : columnsFor(list.length, width, aspect, window.innerHeight * SHARE);
    grid.style.setProperty("--columns", String(count));
    grid.style.setProperty("--aspect", String(aspect));
    grid.toggleAttribute("data-enlarged", large !== null);
    for (const panel of list) {
      panel.element.toggleAttribute("data-large", panel.id === large);
      if (act) panel.parts.name.setAttribute("aria-pressed", String(panel.id === large));
    }
    /** @type {(panel: Panel) => Size} */
    const sizeOf = (panel) => {
      const { width: w, height: h } = panel.box.getBoundingClientRect();
      return { width: w, height: h };
    };
    const main = (large && byId.get(large)) || list[0];
    const other = list.find((panel) => panel !== main);
    const [size, small] = [sizeOf(main), large && other ? sizeOf(other) : null];
    for (const panel of list) panel.size = panel === main || !small ? size : small;
    return size;
  }

  /** @type {(id: string) => Panel | undefined} */
  const get = (id) => byId.get(id);

  return { update, fit, refuse, all: () => list, get };
}

/**
 * A panel goes where its caption is dragged, by a finger after a long press, or where Ctrl with an arrow key sends it; a
 * click on its name enlarges it. The new order shows at once, by style, and is made real when the panel is let go: an
 * element that moves in the document would lose the pointer.
 * @param {HTMLElement} grid
 * @param {object} on
 * @param {() => string[]} on.ids
 * @param {(element: Element) => Panel | undefined} on.panelOf
 * @param {(id: string) => Panel | undefined} on.get
 * @param {(ids: string[]) => void} on.reorder
 * @param {(id: string) => void} on.enlarge
 */
function listenToCaptions(grid, { ids, panelOf, get, reorder, enlarge }) {
  /** @typedef {{ id: string, pointer: number, x: number, y: number, order: string[] | null, timer: number }} Held */
  /** @type {Held | null} */
  let held = null;
  let swallow = false;

  /** @param {Held} panel */
  function begin(panel) {
    clearTimeout(panel.timer);
    panel.order = ids();
    grid.setPointerCapture(panel.pointer);
    get(panel.id)?.element.toggleAttribute("data-dragged", true);
  }

  /** @type {(panel: Held, keep: boolean) => void} */
  function end({ id, order, timer }, keep) {
    clearTimeout(timer);
    held = null;
    if (!order) return;
    for (const other of ids()) get(other)?.element.style.removeProperty("order");
    get(id)?.element.removeAttribute("data-dragged");
    if (keep && order.join("\n") !== ids().join("\n")) reorder(order);
  }

  /**
   * The panels may have changed since.
   * @param {string[]} order
   */
  const lost = (order) => ids().length !== order.length || order.some((id) => !get(id));

  /** @type {(panel: Held, order: string[], event: PointerEvent) => void} */
  function drag(panel, order, event) {
    if (lost(order)) return end(panel, false);
    const over = order.find((id) => {
      const { left, right, top, bottom } = /** @type {Panel} */ (get(id)).element.getBoundingClientRect();
      return event.clientX >= left && event.clientX < right && event.clientY >= top && event.clientY < bottom;
    });
    if (!over || over === panel.id) return;
    panel.order = moved(order, panel.id, order.indexOf(over));
    panel.order.forEach((id, i) => get(id)?.element.style.setProperty("order", String(i)));
  }

  grid.addEventListener("pointerdown", (event) => {
    const target = targetOf(event);
    const panel = target.closest("figcaption") && panelOf(target);
    if (!panel || held || event.button !== 0 || panel.element.hasAttribute("data-large")) return;
    held = { id: panel.id, pointer: event.pointerId, x: event.clientX, y: event.clientY, order: null, timer: 0 };
    if (event.pointerType === "touch") held.timer = setTimeout(begin, LONG_PRESS_MS, held);
  });
  grid.addEventListener("pointermove", (event) => {
    if (held?.pointer !== event.pointerId) return;
    const far = Math.hypot(event.clientX - held.x, event.clientY - held.y) > DRAG_PIXELS;
    if (!held.order && far && event.pointerType === "touch") return end(held, false); // it scrolls the page
    if (!held.order && far) begin(held);
    if (held.order) drag(held, held.order, event);
  });
  grid.addEventListener("pointerup", (event) => {
    if (held?.pointer !== event.pointerId) return;
    swallow = Boolean(held.order);
    setTimeout(() => (swallow = false));
    end(held, !held.order || !lost(held.order));
  });
  grid.addEventListener("pointercancel", (event) => {
    if (held?.pointer === event.pointerId) end(held, false);
  });
  grid.addEventListener("touchmove", (event) => held?.order && event.preventDefault(), { passive: false });
  grid.addEventListener("contextmenu", (event) => held && event.preventDefault());

  grid.addEventListener("click", (event) => {
    const name = targetOf(event).closest(".name");
    const panel = name && panelOf(name);
    if (panel && !swallow) enlarge(panel.id);
  });

  grid.addEventListener("keydown", (event) => {
    if (held?.order && event.key === "Escape") {
      end(held, false);
      event.stopPropagation();
    }
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    const panel = targetOf(event).closest(".name") && panelOf(targetOf(event));
    if (!step || !panel || !event.ctrlKey) return;
    event.preventDefault();
    event.stopPropagation();
    const to = ids().indexOf(panel.id) + step;
    if (to >= 0 && to < ids().length) reorder(moved(ids(), panel.id, to));
    panel.parts.name.focus();
  });
}
