// The component: numbered steps in a row, one of them stood on, and the ways to the one before and the one after.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @typedef {{ titles: string[], at: number, label: string }} Message */

import { find, make } from "../dom.js";

/** @param {HTMLElement} root */
function createSteps(root) {
  const list = find(root, "ol");
  const back = find(root, ".back", HTMLButtonElement);
  const on = find(root, ".on", HTMLButtonElement);
  let at = 0;
  let count = 0;
  /** @type {(step: number) => void} */
  let send = () => {};

  back.onclick = () => go(at - 1);
  on.onclick = () => go(at + 1);

  /** @param {number} step */
  function go(step) {
    if (step >= 1 && step <= count && step !== at) send(step);
  }

  /** @type {(title: string, index: number) => HTMLElement} */
  function itemOf(title, index) {
    const button = make("button", { type: "button", textContent: String(index + 1), title });
    button.setAttribute("aria-label", `Step ${index + 1}: ${title}`);
    button.onclick = () => go(index + 1);
    const item = make("li");
    item.append(button);
    return item;
  }

  /** @type {(data: Message, choose: (step: number) => void) => void} */
  function update(data, choose) {
    send = choose;
    root.setAttribute("aria-label", data.label);
    if (list.children.length !== data.titles.length) list.replaceChildren(...data.titles.map(itemOf));
    count = data.titles.length;
    const buttons = [...list.querySelectorAll("button")];
    buttons.forEach((button, index) => {
      button.toggleAttribute("data-past", index + 1 < data.at);
      if (index + 1 === data.at) button.setAttribute("aria-current", "step");
      else button.removeAttribute("aria-current");
    });
    back.setAttribute("aria-disabled", String(data.at === 1));
    on.setAttribute("aria-disabled", String(data.at === count));
    const cameElsewhere = at !== 0 && at !== data.at && !root.matches(":focus-within");
    at = data.at;
    if (cameElsewhere) {
      root.scrollIntoView({ block: "start" });
      buttons[at - 1].focus({ preventScroll: true });
    }
  }

  return { update };
}

/** @type {WeakMap<Element, ReturnType<typeof createSteps>>} */
const rows = new WeakMap();

/** @param {FrontendRendererArgs<{ chosen: number }, Message>} args */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".steps");
  const row = rows.get(root) ?? createSteps(root);
  rows.set(root, row);
  row.update(data, (step) => setTriggerValue("chosen", step));
}
