// The component: what can be done with any page as it stands: its link, its pictures, a handout, and the page without its
// controls.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @import { Piece } from "./gather.js" */
/**
 * stays: what a link cannot take along, in a sentence; made: the last handout asked for, once it is there.
 * @typedef {{ presenting: boolean, stays: string, made: { number: number, name: string, html: string } | null }} Message
 * @typedef {{ present: boolean, handout: { link: string, pieces: object[] } | null }} Told
 *   null once it is saved
 * @typedef {<N extends keyof Told>(name: N, value: Told[N]) => void} Tell
 */

import { SAY_NOW } from "../address.js";
import { find, make, setText } from "../dom.js";
import { drawn, pngOf, svgOf } from "../picture.js";
import { inDaylight, onPaper } from "../paper.js";
import { piecesOfPage } from "./gather.js";
import { keepReaching } from "./reach.js";

const UNPRINTABLE = "[data-testid=stPlotlyChart]";
const PRINTED = "seg-printed";
const SHOWN = 8000;
const SMALL = 240; // CSS pixels: such pictures stand side by side on paper, too

/** @param {HTMLElement} root */
function createTools(root) {
  const [said, field] = [find(root, ".said"), find(root, ".link", HTMLInputElement)];
  const present = find(root, ".present");
  /** @type {Message} */
  let data = { presenting: false, stays: "", made: null };
  /** @type {Tell} */
  let emit = () => {};
  let timer = 0;
  /** @type {number | null} */
  let taken = null; // the last handout
  /** @type {(() => void) | null} */
  let endReaching = null;
  const [pictures, list] = [find(root, ".pictures", HTMLDetailsElement), find(root, "ul")];

  find(root, ".copy").onclick = copy;
  find(root, ".handout").onclick = () => {
    try {
      handOut();
    } catch (error) {
      failed(error);
    }
  };
  pictures.ontoggle = () => pictures.open && offer();
  present.onclick = () => emit("present", !data.presenting);
  /** @param {KeyboardEvent} event */
  const leave = (event) => {
    if (event.key === "Escape" && data.presenting && !event.defaultPrevented) emit("present", false);
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

  // A list of what is on the page now: it may change while the list is open.
  function offer() {
    const found = figuresOf(piecesOfPage());
    list.replaceChildren(...found.map(({ title, element }) => {
      /** @type {(kind: "SVG" | "PNG") => HTMLElement} */
      const button = (kind) => make("button", { textContent: kind, ariaLabel: `${title} as ${kind}`, onclick: () => save(title, element, kind).catch(failed) });
      return make("li", {}, make("span", { textContent: title }), button("SVG"), button("PNG"));
    }));
    if (!found.length) list.append(make("li", { textContent: "There is no picture on this page yet." }));
  }

  /** @type {(title: string, element: Element, kind: "SVG" | "PNG") => Promise<void>} */
  async function save(title, element, kind) {
    if (!element.isConnected) return offer(); // the page has been drawn anew meanwhile
    const { svg, width, height } = svgOf(element);
    const file = kind === "SVG" ? new Blob([svg], { type: "image/svg+xml" }) : await pngOf(svg, width, height);
    takeFile(file, `${title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60)}.${kind.toLowerCase()}`);
  }

  function handOut() {
    document.dispatchEvent(new Event(SAY_NOW));
    tell("Writing the handout …", false);
    const pieces = inDaylight(() => piecesOfPage().map((piece) => {
      if (piece.kind !== "figure") return piece;
      const { svg, width } = svgOf(piece.element, true);
      return { kind: "figure", title: piece.title, svg, small: width <= SMALL };
    }));
    emit("handout", { link: location.href, pieces });
  }

  /** @param {unknown} error */
  function failed(error) {
    console.error("Nothing can be taken along:", error);
    tell("This browser could not draw that: try again when the page stands still.", true);
  }

  /** @type {(text: string, goes: boolean) => void} */
  function tell(text, goes) {
    setText(said, text);
    clearTimeout(timer);
    if (goes) timer = setTimeout(() => setText(said, ""), SHOWN);
  }

  /** @type {(message: Message, told: Tell) => void} */
  function update(message, told) {
    data = message;
    emit = told;
    if (data.made && taken !== null && data.made.number > taken) {
      takeFile(new Blob([data.made.html], { type: "text/html" }), data.made.name);
      emit("handout", null);
      tell(`${data.made.name} is written. ${data.stays}`.trim(), true);
    }
    taken = data.made?.number ?? 0;
    root.toggleAttribute("data-presenting", data.presenting);
    setText(find(present, "span"), data.presenting ? "Leave (Esc)" : "Present");
    document.addEventListener("keydown", leave);
    window.addEventListener("beforeprint", freeze);
    window.addEventListener("afterprint", thaw);
    endReaching ??= keepReaching();
  }

  function rest() {
    endReaching?.();
    endReaching = null;
    document.removeEventListener("keydown", leave);
    window.removeEventListener("beforeprint", freeze);
    window.removeEventListener("afterprint", thaw);
  }

  return { update, rest };
}

// Charts that are laid out by script do not follow the paper: it gets them as pictures, as wide as it is.
function freeze() {
  thaw();
  for (const element of document.querySelectorAll(UNPRINTABLE)) {
    if (!element.checkVisibility()) continue;
    const { svg } = drawn(element);
    onPaper(svg, element);
    svg.classList.add(PRINTED);
    element.append(svg);
  }
}

function thaw() {
  for (const picture of document.querySelectorAll(`.${PRINTED}`)) picture.remove();
}

/** @type {(pieces: Piece[]) => { title: string, element: Element }[]} */
const figuresOf = (pieces) => pieces.flatMap((piece) => (piece.kind === "figure" ? [piece] : []));

/** @type {(file: Blob, name: string) => void} */
function takeFile(file, name) {
  const link = make("a", { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), SHOWN);
}

/** @type {WeakMap<Element, ReturnType<typeof createTools>>} */
const all = new WeakMap();

/** @param {FrontendRendererArgs<Told, Message>} args */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".page-tools");
  const tools = all.get(root) ?? createTools(root);
  all.set(root, tools);
  tools.update(data, (name, value) => setTriggerValue(name, value));
  return tools.rest;
}
