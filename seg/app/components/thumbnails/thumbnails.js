// The component: pictures in a row, each a button. One of them is chosen, and one is the row's tab stop.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @typedef {{ key: string, name: string, image: string }} Picture */
/** @typedef {{ pictures: Picture[], chosen: string | null, label: string, wrap: boolean }} Message */

import { find, make, targetOf } from "../dom.js";

// How much of the next picture stays in sight beside the chosen one, in CSS pixels.
const PEEK = 40;

/** @type {Record<string, (at: number, count: number) => number>} */
const STEPS = {
  ArrowRight: (at, count) => Math.min(at + 1, count - 1),
  ArrowLeft: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** @param {HTMLElement} row */
function createThumbnails(row) {
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();
  /** @type {(key: string) => void} */
  let send = () => {};
  /** @type {string | null} */
  let shown = null;
  /** @type {string | null} */
  let revealed = null;
  // The picture that is chosen, as the server knows; another may have been asked for and be on its way.
  /** @type {string | null} */
  let known = null;

  row.onclick = (event) => {
    const button = targetOf(event).closest("button");
    if (!button) return;
    mark(button.value);
    row.ariaBusy = String(shown !== known);
    send(button.value);
  };
  row.onkeydown = (event) => {
    const all = [...buttons.values()];
    const at = all.findIndex((button) => button.matches(":focus"));
    const step = STEPS[event.key];
    if (!step || at < 0) return;
    event.preventDefault();
    const next = all[step(at, all.length)];
    stop(next);
    next.focus({ preventScroll: true });
    reveal(next);
  };

  /** @param {Picture} picture */
  function buttonOf({ key, name, image }) {
    const button = buttons.get(key) ?? make("button", { type: "button", value: key, tabIndex: -1 });
    if (!button.firstChild) button.append(make("img", { alt: "", draggable: false }));
    button.title = name;
    button.setAttribute("aria-label", name);
    button.toggleAttribute("data-waiting", !image);
    const source = image && `data:image/jpeg;base64,${image}`;
    const img = button.querySelector("img");
    if (source && img && img.src !== source) img.src = source;
    return button;
  }

  /** @param {string | null} key */
  function mark(key) {
    for (const [other, button] of buttons) button.setAttribute("aria-pressed", String(other === key));
    const button = buttons.get(key ?? "");
    if (button && key !== revealed) {
      stop(button);
      reveal(button);
    }
    shown = revealed = key;
  }

  /** @param {HTMLButtonElement} button */
  function stop(button) {
    for (const other of buttons.values()) other.tabIndex = other === button ? 0 : -1;
  }

  // Scrolls the row alone, never the page.
  /** @param {HTMLElement} button */
  function reveal({ offsetLeft, offsetWidth }) {
    const left = Math.min(row.scrollLeft, offsetLeft - PEEK);
    row.scrollLeft = Math.max(left, offsetLeft + offsetWidth + PEEK - row.clientWidth);
  }

  /** @type {(message: Message, choose: (key: string) => void) => void} */
  function update({ pictures, chosen, label, wrap }, choose) {
    send = choose;
    row.setAttribute("aria-label", label);
    row.toggleAttribute("data-wrap", wrap);
    const wanted = pictures.map((picture) => ({ key: picture.key, button: buttonOf(picture) }));
    if (wanted.some(({ button }, i) => row.children[i] !== button) || row.children.length !== wanted.length) {
      row.replaceChildren(...wanted.map(({ button }) => button));
      revealed = null;
    }
    buttons.clear();
    for (const { key, button } of wanted) buttons.set(key, button);
    const waits = row.ariaBusy === "true" && chosen === known && buttons.has(shown ?? "");
    known = chosen;
    row.ariaBusy = String(waits);
    mark(waits ? shown : chosen);
    const all = [...buttons.values()];
    if (all.length && !all.some((button) => button.tabIndex === 0)) stop(all[0]);
  }

  return { update };
}

/** @type {WeakMap<Element, ReturnType<typeof createThumbnails>>} */
const rows = new WeakMap();

/** @param {FrontendRendererArgs<{ chosen: string }, Message>} args */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".thumbnails");
  const row = rows.get(root) ?? createThumbnails(root);
  rows.set(root, row);
  row.update(data, (key) => setTriggerValue("chosen", key));
}
