// The grid of panels: made, renamed, put in order and laid out; nothing of what is inside the pictures.

const GAP = 12;
const NARROWEST = 200;
const NARROWEST_PORTRAIT = 150;
const SMALL = 160;
const MOST_COLUMNS = 6;
const MOST_SMALL = 10;
const DRAG_PIXELS = 6;
const LONG_PRESS_MS = 350;

// As many columns as fit, but rows of nearly equal length; on very wide screens larger panels instead of more columns.
export function columnsFor(count, width, aspect) {
  const narrowest = aspect < 1 ? NARROWEST_PORTRAIT : NARROWEST;
  const least = Math.max(narrowest, (width + GAP) / MOST_COLUMNS - GAP - 1);
  const most = Math.max(2, Math.floor((width + GAP) / (least + GAP)));
  return Math.max(2, Math.ceil(count / Math.ceil(count / most)));
}

// Columns for the small panels below an enlarged one.
export function columnsBelow(width) {
  return Math.min(Math.max(2, Math.floor((width + GAP) / (SMALL + GAP))), MOST_SMALL);
}

// `ids` as `order` has them; one that `order` does not know stays behind the one before it in `ids`.
export function ordered(ids, order) {
  const out = order.filter((id) => ids.includes(id));
  ids.forEach((id, i) => {
    if (!out.includes(id)) out.splice(i > 0 ? out.indexOf(ids[i - 1]) + 1 : 0, 0, id);
  });
  return out;
}

// `ids` with one of them at the place `to`, as near to it as there is.
export function moved(ids, id, to) {
  const rest = ids.filter((other) => other !== id);
  rest.splice(Math.min(Math.max(to, 0), rest.length), 0, id);
  return rest;
}

// `act` has reorder(ids), told the order that a visitor has made, and enlarge(id), null for none; panels stay where they
// are without it.
export function createPanels(grid, template, act = null) {
  const byId = new Map();
  let list = [];
  let known = []; // the order of all panels ever put in order, those not shown now among them
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

  function create(id) {
    const element = template.content.firstElementChild.cloneNode(true);
    const find = (selector) => element.querySelector(selector);
    const panel = { id, element, tint: null, size: null };
    panel.box = find(".box");
    panel.canvas = find("canvas");
    panel.parts = { name: find(".name"), caption: find(".caption"), note: find(".note"), sentence: find(".sentence") };
    panel.reading = find(".reading");
    panel.box.dataset.id = id;
    return panel;
  }

  // `wanted`: {id, role, name, caption, state, sentence, labels, confidence, note}; panels not in it go. `order`: the
  // ids in the visitor's order, perhaps with others among them.
  function update(wanted, order = []) {
    const fresh = wanted.map((description) => {
      const panel = byId.get(description.id) ?? create(description.id);
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

  // Why a panel cannot be drawn now, "" when it can again.
  function refuse(panel, refusal) {
    if (panel.refusal === refusal) return;
    panel.refusal = refusal;
    setText(panel.parts.sentence, refusal || panel.sentence);
    panel.element.dataset.state = refusal ? "failed" : panel.state;
  }

  function place(ids) {
    list = ids.map((id) => byId.get(id));
    list.forEach((panel, i) => {
      if (grid.children[i] !== panel.element) grid.insertBefore(panel.element, grid.children[i] ?? null);
    });
  }

  function reorder(ids) {
    known = ordered([...known, ...ids.filter((id) => !known.includes(id))], ids);
    place(ids);
    act.reorder(known);
  }

  // Sets columns and the shape of the boxes, all of one shape. Returns the size of the box to look at, the enlarged one
  // or any, null while nothing is to be seen; every panel has its own `size`.
  function fit(picture, enlarged = null) {
    const width = grid.getBoundingClientRect().width;
    if (!width || !list.length) return null;
    const aspect = Math.min(Math.max(picture.width / picture.height, 0.6), 2.5);
    large = byId.has(enlarged) ? enlarged : null;
    const count = large ? columnsBelow(width) : columnsFor(list.length, width, aspect);
    grid.style.setProperty("--columns", count);
    grid.style.setProperty("--aspect", aspect);
    grid.toggleAttribute("data-enlarged", large !== null);
    for (const panel of list) {
      panel.element.toggleAttribute("data-large", panel.id === large);
      if (act) panel.parts.name.setAttribute("aria-pressed", String(panel.id === large));
    }
    const sizeOf = (panel) => {
      const { width: w, height: h } = panel.box.getBoundingClientRect();
      return { width: w, height: h };
    };
    const main = byId.get(large) ?? list[0];
    const other = list.find((panel) => panel !== main);
    const [size, small] = [sizeOf(main), large && other ? sizeOf(other) : null];
    for (const panel of list) panel.size = panel === main || !small ? size : small;
    return size;
  }

  return { update, fit, refuse, all: () => list, get: (id) => byId.get(id) };
}

// A panel goes where its caption is dragged, by a finger after a long press, or where Ctrl with an arrow key sends it; a
// click on its name enlarges it. The new order shows at once, by style, and is made real when the panel is let go: an
// element that moves in the document would lose the pointer.
function listenToCaptions(grid, { ids, panelOf, get, reorder, enlarge }) {
  let held = null;
  let swallow = false;

  function begin() {
    clearTimeout(held.timer);
    held.order = ids();
    grid.setPointerCapture(held.pointer);
    get(held.id).element.toggleAttribute("data-dragged", true);
  }

  function end(keep) {
    const { id, order, timer } = held;
    clearTimeout(timer);
    held = null;
    if (!order) return;
    for (const other of ids()) get(other).element.style.order = "";
    get(id)?.element.removeAttribute("data-dragged");
    if (keep && order.join("\n") !== ids().join("\n")) reorder(order);
  }

  // The panels may have changed since.
  const lost = () => ids().length !== held.order.length || held.order.some((id) => !get(id));

  function drag(event) {
    if (lost()) return end(false);
    const over = held.order.find((id) => {
      const { left, right, top, bottom } = get(id).element.getBoundingClientRect();
      return event.clientX >= left && event.clientX < right && event.clientY >= top && event.clientY < bottom;
    });
    if (!over || over === held.id) return;
    held.order = moved(held.order, held.id, held.order.indexOf(over));
    held.order.forEach((id, i) => (get(id).element.style.order = String(i)));
  }

  grid.addEventListener("pointerdown", (event) => {
    const panel = event.target.closest("figcaption") && panelOf(event.target);
    if (!panel || held || event.button !== 0 || panel.element.hasAttribute("data-large")) return;
    held = { id: panel.id, pointer: event.pointerId, x: event.clientX, y: event.clientY, order: null, timer: 0 };
    if (event.pointerType === "touch") held.timer = setTimeout(begin, LONG_PRESS_MS);
  });
  grid.addEventListener("pointermove", (event) => {
    if (held?.pointer !== event.pointerId) return;
    const far = Math.hypot(event.clientX - held.x, event.clientY - held.y) > DRAG_PIXELS;
    if (!held.order && far && event.pointerType === "touch") return end(false); // it scrolls the page
    if (!held.order && far) begin();
    if (held.order) drag(event);
  });
  grid.addEventListener("pointerup", (event) => {
    if (held?.pointer !== event.pointerId) return;
    swallow = Boolean(held.order);
    setTimeout(() => (swallow = false));
    end(!held.order || !lost());
  });
  grid.addEventListener("pointercancel", (event) => held?.pointer === event.pointerId && end(false));
  grid.addEventListener("touchmove", (event) => held?.order && event.preventDefault(), { passive: false });
  grid.addEventListener("contextmenu", (event) => held && event.preventDefault());

  grid.addEventListener("click", (event) => {
    const name = event.target.closest(".name");
    if (name && !swallow) enlarge(panelOf(name).id);
  });

  grid.addEventListener("keydown", (event) => {
    if (held?.order && event.key === "Escape") {
      end(false);
      event.stopPropagation();
    }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const name = event.target.closest(".name");
    if (!step || !name || !event.ctrlKey) return;
    event.preventDefault();
    event.stopPropagation();
    const { id } = panelOf(name);
    const to = ids().indexOf(id) + step;
    if (to >= 0 && to < ids().length) reorder(moved(ids(), id, to));
    name.focus();
  });
}

// Leaves unchanged text alone, so that screen readers do not announce it again.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
