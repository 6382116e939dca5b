// A drawing of the dark theme as it is to lie on white paper.

import { make } from "./dom.js";

// As in .streamlit/config.toml.
const LIGHT = `[data-testid="stBidiComponentIsolated"] {
  --st-text-color: #10191d !important; --st-background-color: #fff !important;
  --st-secondary-background-color: #f4f6f7 !important; --st-border-color: #dde3e6 !important;
  --st-primary-color: #0b6e8a !important; color: #10191d !important;
}`;
const NIGHT = 128;
const NEUTRAL = 60; // by how much red, green and blue of a colour without a meaning of its own differ at most

/**
 * What components draw follows the light theme while this runs.
 * @template T
 * @param {() => T} draw
 * @returns {T}
 */
export function inDaylight(draw) {
  const style = make("style", { textContent: LIGHT });
  document.head.append(style);
  try {
    return draw();
  } finally {
    style.remove();
  }
}

/**
 * Of a component, drawn `inDaylight`, the ground is white. In a chart light and dark change places in all that is grey:
 * grounds, lines and text. Colours that say something stay, and so do pictures, with what is written over them.
 * @type {(svg: SVGSVGElement, element: Element) => void} svg: whose first part is the ground; element: drawn in it
 */
export function onPaper(svg, element) {
  const first = svg.querySelector("rect");
  const ground = channelsOf(first?.getAttribute("fill"));
  if (!first || !ground || Math.max(...ground.slice(0, 3)) >= NIGHT) return;
  if (element.getRootNode() instanceof ShadowRoot) return first.setAttribute("fill", "#fff");
  document.body.append(svg); // places are known of what is shown alone
  const pictures = [...svg.querySelectorAll("image")].map((one) => one.getBoundingClientRect());
  const turned = [...svg.querySelectorAll("*")].filter((one) => !(one instanceof SVGTextElement && liesOver(one, pictures)));
  svg.remove();
  for (const one of turned)
    for (const name of ["fill", "stroke"]) {
      const colour = turnedRound(one.getAttribute(name), ground);
      if (colour) one.setAttribute(name, colour);
    }
}

/** @type {(element: Element, pictures: DOMRect[]) => boolean} */
function liesOver(element, pictures) {
  const { left, top, width, height } = element.getBoundingClientRect();
  const [x, y] = [left + width / 2, top + height / 2];
  return pictures.some((one) => one.left < x && x < one.right && one.top < y && y < one.bottom);
}

// Red, green, blue from 0 to 255, and how much it covers, if less than all.
/** @type {(colour?: string | null) => number[] | null} */
function channelsOf(colour) {
  const found = colour?.match(/^(rgba?|color)\((?:srgb )?(.*)\)$/);
  if (!found) return null;
  const [red, green, blue, ...alpha] = found[2].split(/[\s,/]+/).map(Number);
  const most = found[1] === "color" ? 255 : 1;
  return [red * most, green * most, blue * most, ...alpha];
}

// The ground becomes white.
/** @type {(colour: string | null, ground: number[]) => string | null} */
function turnedRound(colour, ground) {
  const found = channelsOf(colour);
  if (!found || Math.max(...found.slice(0, 3)) - Math.min(...found.slice(0, 3)) > NEUTRAL) return null;
  const white = reversed(ground);
  const [red, green, blue] = reversed(found).map((value, i) => Math.min(255, Math.round((value * 255) / white[i])));
  return `rgba(${red}, ${green}, ${blue}, ${found[3] ?? 1})`;
}

// As light as it was dark, of the same hue.
/** @type {(channels: number[]) => number[]} */
function reversed([red, green, blue]) {
  const rgb = [red, green, blue];
  const ends = Math.min(...rgb) + Math.max(...rgb);
  return rgb.map((value) => 255 - ends + value);
}
