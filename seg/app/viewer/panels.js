// The grid of panels: made, renamed, reordered and laid out; nothing of what is inside the pictures.

const GAP = 12;
const NARROWEST = 200;
const NARROWEST_PORTRAIT = 150;
const MOST_COLUMNS = 6;

// As many columns as fit, but rows of nearly equal length; on very wide screens larger panels instead of more columns.
export function columnsFor(count, width, aspect) {
  const narrowest = aspect < 1 ? NARROWEST_PORTRAIT : NARROWEST;
  const least = Math.max(narrowest, (width + GAP) / MOST_COLUMNS - GAP - 1);
  const most = Math.max(2, Math.floor((width + GAP) / (least + GAP)));
  return Math.max(2, Math.ceil(count / Math.ceil(count / most)));
}

export function createPanels(grid, template) {
  const byId = new Map();
  let list = [];

  function create(id) {
    const element = template.content.firstElementChild.cloneNode(true);
    const find = (selector) => element.querySelector(selector);
    const panel = { id, element, tint: null, readsBelow: true };
    panel.box = find(".box");
    panel.canvas = find("canvas");
    panel.parts = { name: find(".name"), caption: find(".caption"), note: find(".note"), sentence: find(".sentence") };
    panel.reading = find(".reading");
    panel.box.dataset.id = id;
    return panel;
  }

  // `wanted`: {id, role, name, caption, state, sentence, labels, confidence, note}; panels not in it go.
  function update(wanted) {
    list = wanted.map((description) => {
      const panel = byId.get(description.id) ?? create(description.id);
      byId.set(description.id, panel);
      Object.assign(panel, description);
      setText(panel.parts.name, panel.name);
      setText(panel.parts.caption, panel.caption);
      setText(panel.parts.sentence, panel.sentence);
      panel.parts.caption.title = panel.caption;
      panel.parts.name.title = panel.name;
      Object.assign(panel.element.dataset, { panel: panel.name, role: panel.role, state: panel.state });
      return panel;
    });
    for (const [id, panel] of byId) {
      if (list.includes(panel)) continue;
      panel.element.remove();
      panel.tint?.picture.close();
      byId.delete(id);
    }
    list.forEach((panel, i) => {
      if (grid.children[i] !== panel.element) grid.insertBefore(panel.element, grid.children[i] ?? null);
    });
  }

  // Sets columns and the shape of the boxes; returns the size of a box, null while nothing is to be seen.
  function fit(picture) {
    const width = grid.getBoundingClientRect().width;
    if (!width || !list.length) return null;
    const aspect = Math.min(Math.max(picture.width / picture.height, 0.6), 2.5);
    grid.style.setProperty("--columns", columnsFor(list.length, width, aspect));
    grid.style.setProperty("--aspect", aspect);
    const box = list[0].box.getBoundingClientRect();
    return { width: box.width, height: box.height };
  }

  return { update, fit, all: () => list, get: (id) => byId.get(id) };
}

// Leaves unchanged text alone, so that screen readers do not announce it again.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
