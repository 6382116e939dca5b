// What stands on the page as one SVG that needs nothing else: charts, our own drawings, pictures and the viewer alike.

/** @typedef {{ x: number, y: number, width: number, height: number }} Place */

import { contextOf } from "./dom.js";
import { onPaper } from "./paper.js";
import { create, written } from "./svg.js";

const TOOLS =
  "template, style, script, dialog, [hidden], .toolbar:not(.player .toolbar), .modes, .pair, .painter, .keep, .cut, .transport, .cross," +
  " .modebar-container, [data-action=patterns], .viewer:not([data-pointing]) .readout, details:not([open]), [data-testid=stElementToolbar], [data-testid=stHeaderActionElements]";
const STYLED = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap",
  "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight", "text-anchor", "dominant-baseline",
  "paint-order", "visibility",
]; // prettier-ignore
const CLEAR = "rgba(0, 0, 0, 0)";

/**
 * The element on the ground that it stands on.
 * @type {(element: Element) => { svg: SVGSVGElement, width: number, height: number }}
 */
export function drawn(element) {
  const svg = /** @type {SVGSVGElement} */ (create("svg", { xmlns: "http://www.w3.org/2000/svg" }, ...partsOf(element)));
  const { x, y, width, height } = extentOf(svg, element);
  const [wide, high] = [Math.max(1, Math.ceil(width)), Math.max(1, Math.ceil(height))];
  for (const [name, value] of Object.entries({ width: wide, height: high, viewBox: `${x} ${y} ${wide} ${high}` }))
    svg.setAttribute(name, String(value));
  svg.prepend(create("rect", { x, y, width: wide, height: high, fill: groundOf(element) }));
  return { svg, width: wide, height: high };
}

/**
 * The same as the text of a file; for paper, where it is to be printed.
 * @type {(element: Element, forPaper?: boolean) => { svg: string, width: number, height: number }}
 */
export function svgOf(element, forPaper = false) {
  const { svg, width, height } = drawn(element);
  if (forPaper) onPaper(svg, element);
  return { svg: new XMLSerializer().serializeToString(svg), width, height };
}

// Where something is drawn: what is left out leaves no gap above, and what has to be scrolled to is seen.
/** @type {(svg: SVGSVGElement, element: Element) => Place} */
function extentOf(svg, element) {
  const whole = element.getBoundingClientRect();
  svg.setAttribute("style", "position: fixed; visibility: hidden");
  document.body.append(svg);
  const drawn = svg.getBBox();
  svg.remove();
  svg.removeAttribute("style");
  const [left, top] = [Math.min(whole.left, drawn.x), Math.max(whole.top, drawn.y)];
  const right = Math.max(whole.right, drawn.x + drawn.width);
  return { x: left, y: top, width: right - left, height: Math.min(whole.bottom, drawn.y + drawn.height) - top };
}

/** @type {(svg: string, width: number, height: number, ratio?: number) => Promise<Blob>} */
export async function pngOf(svg, width, height, ratio = 2) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: width * ratio, height: height * ratio });
  contextOf(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, refused) => canvas.toBlob((blob) => (blob ? done(blob) : refused(new Error("no PNG"))), "image/png"));
}

/** @type {(element: Element) => string} */
function groundOf(element) {
  for (let at = /** @type {Element | null} */ (element); at; at = parentOf(at)) {
    const { backgroundColor } = getComputedStyle(at);
    if (backgroundColor !== CLEAR) return backgroundColor;
  }
  return "#fff";
}

/** @type {(element: Element) => Element | null} */
function parentOf(element) {
  const root = element.getRootNode();
  return element.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
}

/** @type {(node: Node) => Node[]} */
function partsOf(node) {
  if (node instanceof Text) return linesOf(node);
  if (node instanceof ShadowRoot) return [...node.childNodes].flatMap(partsOf);
  if (!(node instanceof Element) || node.matches(TOOLS)) return [];
  const style = getComputedStyle(node);
  if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0") return [];
  const place = node.getBoundingClientRect();
  const box = boxOf(style, place);
  if (node instanceof SVGSVGElement) return [...box, drawingOf(node, place)];
  if (node instanceof HTMLCanvasElement || node instanceof HTMLImageElement) return [...box, ...pictureOf(node, place)];
  if (node instanceof HTMLInputElement) return [...box, ...valueOf(node, style, place)];
  const inside = [...(node.shadowRoot ? partsOf(node.shadowRoot) : []), ...[...node.childNodes].flatMap(partsOf)];
  if (!inside.length || !["hidden", "clip"].includes(style.overflowX) || !place.width || !place.height) return [...box, ...inside];
  const { x, y, width, height } = place;
  return [...box, create("svg", { x, y, width, height, viewBox: `${x} ${y} ${width} ${height}` }, ...inside)];
}

/** @type {(style: CSSStyleDeclaration, place: Place) => Node[]} */
function boxOf(style, { x, y, width, height }) {
  const line = Number.parseFloat(style.borderTopWidth) || 0;
  const rx = Number.parseFloat(style.borderTopLeftRadius) || 0;
  const found = [];
  if (style.backgroundColor !== CLEAR && width && height)
    found.push(create("rect", { x, y, width, height, rx, fill: style.backgroundColor }));
  // Frames that lie inside of their element, as those of numbers do.
  for (const [, colour, wide] of style.boxShadow.matchAll(/(rgba?\([^)]*\)) 0px 0px 0px ([\d.]+)px inset/g)) {
    const spread = Number(wide);
    const inner = { x: x + spread / 2, y: y + spread / 2, width: Math.max(0, width - spread), height: Math.max(0, height - spread) };
    found.push(create("rect", { ...inner, fill: "none", stroke: colour, "stroke-width": spread }));
  }
  const isFramed = line > 0 && Number.parseFloat(style.borderLeftWidth) > 0;
  if (isFramed) {
    const stroke = { fill: "none", stroke: style.borderTopColor, "stroke-width": line };
    found.push(create("rect", { x: x + line / 2, y: y + line / 2, width: Math.max(0, width - line), height: Math.max(0, height - line), rx, ...stroke }));
  } else if (Number.parseFloat(style.borderBottomWidth) > 0) {
    const low = y + height;
    const stroke = { stroke: style.borderBottomColor, "stroke-width": style.borderBottomWidth };
    found.push(create("line", { x1: x, x2: x + width, y1: low, y2: low, ...stroke }));
  }
  return found;
}

// A copy that needs no style sheet.
/** @type {(svg: SVGSVGElement, place: Place) => Node} */
function drawingOf(svg, { x, y, width, height }) {
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const [from, to] = [[svg, ...svg.querySelectorAll("*")], [copy, ...copy.querySelectorAll("*")]];
  from.forEach((element, i) => {
    const style = getComputedStyle(element);
    if (style.display === "none") return to[i].setAttribute("display", "none");
    for (const name of STYLED) to[i].setAttribute(name, style.getPropertyValue(name));
    to[i].removeAttribute("class");
    to[i].removeAttribute("style");
    if (i) to[i].removeAttribute("tabindex");
  });
  for (const hidden of copy.querySelectorAll("[display=none]")) hidden.remove();
  for (const [name, value] of Object.entries({ x, y, width, height })) copy.setAttribute(name, String(value));
  copy.setAttribute("overflow", "visible");
  return copy;
}

/** @type {(picture: HTMLCanvasElement | HTMLImageElement, place: Place) => Node[]} */
function pictureOf(picture, { x, y, width, height }) {
  const natural = picture instanceof HTMLImageElement ? picture.naturalWidth : picture.width;
  if (!natural || !width || !height) return [];
  let canvas = picture;
  if (picture instanceof HTMLImageElement) {
    canvas = Object.assign(document.createElement("canvas"), { width: picture.naturalWidth, height: picture.naturalHeight });
    contextOf(canvas).drawImage(picture, 0, 0);
  }
  const href = /** @type {HTMLCanvasElement} */ (canvas).toDataURL("image/png");
  return [create("image", { href, preserveAspectRatio: "none", x, y, width, height })];
}

/** @type {(input: HTMLInputElement, style: CSSStyleDeclaration, place: Place) => Node[]} */
function valueOf(input, style, { x, y, width, height }) {
  if (!["text", "number"].includes(input.type)) return [];
  const middle = { x: x + width / 2, y: y + height / 2, "text-anchor": "middle", "dominant-baseline": "central" };
  return [written({ ...middle, ...fontOf(style) }, input.value)];
}

/** @type {(style: CSSStyleDeclaration) => Record<string, string>} */
const fontOf = (style) => ({
  fill: style.color,
  "font-family": style.fontFamily,
  "font-size": style.fontSize,
  "font-weight": style.fontWeight,
});

// A text has a line wherever its words stand on one.
/** @type {(text: Text) => Node[]} */
function linesOf(text) {
  const parent = text.parentElement;
  if (!parent || !text.data.trim()) return [];
  const style = getComputedStyle(parent);
  /** @type {{ words: string[], left: number, right: number, top: number, bottom: number }[]} */
  const lines = [];
  for (const { 0: word, index } of text.data.matchAll(/\S+/g)) {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    const { left, right, top, bottom, width } = range.getBoundingClientRect();
    if (!width) continue;
    const line = lines.at(-1);
    if (line && Math.abs(line.top - top) < 2) Object.assign(line, { words: [...line.words, word], right });
    else lines.push({ words: [word], left, right, top, bottom });
  }
  return lines.map(({ words, left, right, top, bottom }) => {
    const baseline = top + (bottom - top) * ASCENT;
    const fitted = { textLength: (right - left).toFixed(1), lengthAdjust: "spacingAndGlyphs" };
    return written({ x: left, y: baseline, ...fitted, ...fontOf(style) }, words.join(" "));
  });
}

const ASCENT = 0.78; // of a line of text, from its top to what the letters stand on
