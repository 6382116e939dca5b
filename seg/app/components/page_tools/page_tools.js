// The component: what can be done with any page as it stands: its link, and the page without its controls.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @typedef {{ presenting: boolean, stays: string }} Message  stays: what a link cannot take along, in a sentence */

import { SAY_NOW } from "../address.js";
import { find, setText } from "../dom.js";

const SHOWN = 8000;

/** @param {HTMLElement} root */
function createTools(root) {
  const [said, field] = [find(root, ".said"), find(root, ".link", HTMLInputElement)];
  const present = find(root, ".present");
  /** @type {Message} */
  let data = { presenting: false, stays: "" };
  /** @type {(presenting: boolean) => void} */
  let choose = () => {};
  let timer = 0;

  find(root, ".copy").onclick = copy;
  present.onclick = () => choose(!data.presenting);
  /** @param {KeyboardEvent} event */
  const leave = (event) => {
    if (event.key === "Escape" && data.presenting && !event.defaultPrevented) choose(false);
  };

  async function copy() {
    document.dispatchEvent(new Event(SAY_NOW));
    field.value = location.href;
    let copied = true;
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      copied = false; // not allowed, or no secure page: then by hand
    }
    field.hidden = copied;
    if (!copied) field.select();
    tell(`${copied ? "Copied." : "Copy this link:"} ${data.stays}`.trim(), copied);
  }

  /** @type {(text: string, goes: boolean) => void} */
  function tell(text, goes) {
    setText(said, text);
    clearTimeout(timer);
    if (goes) timer = setTimeout(() => setText(said, ""), SHOWN);
  }

  /** @type {(message: Message, emit: (presenting: boolean) => void) => void} */
  function update(message, emit) {
    data = message;
    choose = emit;
    root.toggleAttribute("data-presenting", data.presenting);
    setText(find(present, "span"), data.presenting ? "Leave (Esc)" : "Present");
    document.addEventListener("keydown", leave);
  }

  return { update, rest: () => document.removeEventListener("keydown", leave) };
}

/** @type {WeakMap<Element, ReturnType<typeof createTools>>} */
const all = new WeakMap();

/** @param {FrontendRendererArgs<{ present: boolean }, Message>} args */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".page-tools");
  const tools = all.get(root) ?? createTools(root);
  all.set(root, tools);
  tools.update(data, (presenting) => setTriggerValue("present", presenting));
  return tools.rest;
}
