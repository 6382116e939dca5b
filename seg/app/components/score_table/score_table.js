// The component: scores of every network, class by class; a class is a button that shows it alone.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @typedef {{ name: string, cells: string[], best: boolean[], colour: string }} Row */
/** @typedef {{ columns: string[], rows: Row[], label: string, chooses: boolean }} Message */

import { find, make, setText } from "../dom.js";

const ALL = "All classes";

/** @param {HTMLElement} scroller */
function createScoreTable(scroller) {
  const table = find(scroller, "table", HTMLTableElement);
  /** @type {(name: string) => void} */
  let choose = () => {};
  let shape = "";

  // Made anew when columns or rows change their names; new scores only change the text, so that the focus stays.
  /** @param {Message} message */
  function build({ columns, rows, chooses }) {
    const corner = make("th", { scope: "col" });
    if (chooses) corner.append(button(ALL, ""));
    const head = make("thead", {}, make("tr", {}, corner, ...columns.map(heading)));
    const lines = rows.map((row, i) => {
      const name = make("th", { scope: "row" });
      name.append(row.colour && chooses ? button(row.name, row.name, row.colour) : row.name);
      const line = make("tr", {}, name, ...columns.map(() => make("td")));
      line.toggleAttribute("data-last-mean", !row.colour && Boolean(rows[i + 1]?.colour));
      return line;
    });
    table.replaceChildren(head, make("tbody", {}, ...lines));
  }

  // A long name may break where a person would break it.
  /** @param {string} name */
  function heading(name) {
    const parts = name.split(/(?<=[/-])|(?<=[a-z])(?=[A-Z][a-z])/);
    return make("th", { scope: "col" }, ...parts.flatMap((part, i) => (i ? [make("wbr"), part] : [part])));
  }

  /** @type {(text: string, name: string, colour?: string) => HTMLButtonElement} */
  function button(text, name, colour) {
    const made = make("button", { type: "button", onclick: () => choose(name) }, text);
    made.title = name ? `See ${name} alone` : "See all classes";
    if (!colour) return made;
    const swatch = make("i");
    swatch.style.background = colour;
    made.prepend(swatch);
    return made;
  }

  /** @type {(message: Message, emit: (name: string) => void) => void} */
  function update(message, emit) {
    choose = emit;
    scroller.setAttribute("aria-label", message.label);
    const { columns, rows, chooses } = message;
    const wanted = JSON.stringify([columns, rows.map((row) => [row.name, row.colour]), chooses]);
    if (wanted !== shape) build(message);
    shape = wanted;
    rows.forEach((row, y) => {
      const cells = table.tBodies[0].rows[y].cells;
      row.cells.forEach((text, x) => {
        setText(cells[x + 1], text);
        cells[x + 1].toggleAttribute("data-best", row.best[x]);
      });
    });
  }

  return { update };
}

/** @type {WeakMap<Element, ReturnType<typeof createScoreTable>>} */
const tables = new WeakMap();

/** @param {FrontendRendererArgs<{ chosen: string }, Message>} args */
export default function ({ data, parentElement, setTriggerValue }) {
  const scroller = find(parentElement, ".scroller");
  const table = tables.get(scroller) ?? createScoreTable(scroller);
  tables.set(scroller, table);
  table.update(data, (name) => setTriggerValue("chosen", name));
}
