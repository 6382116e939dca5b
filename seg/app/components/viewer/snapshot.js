// The view as one picture, as a report needs it: every panel with its name, what is under it, and the legend.

/** @import { Classes, Colour, Panel, Size } from "./types" */
/**
 * @typedef {object} Wanted
 * @property {string} title a line on how one looks
 * @property {Panel[]} panels
 * @property {number} columns
 * @property {number} aspect width by height of a panel
 * @property {string} [mode]
 * @property {boolean} [patterns]
 * @property {Classes} classes
 * @property {Uint8Array} shown 1 for the ids that are
 * @property {number | null} alone the id that stands alone
 * @property {Map<string, string>} scores by panel id
 * @property {(canvas: HTMLCanvasElement, panel: Panel, size: Size) => void} drawPanel into a canvas of its own
 */
/** @typedef {{ text: string, draw: (context: CanvasRenderingContext2D, x: number, y: number) => void }} Entry of the legend */

import { contextOf, make } from "../dom.js";
import { doubtColour, drawPattern } from "./tint.js";

const SCALE = 2;
const WIDTH = 360;
const GUTTER = 16;
const MARGIN = 20;
const TITLE = 30;
const CAPTION = 58;
const LINE = 24;
const SWATCH = 14;
const FONT = "system-ui, sans-serif";
const INK = "#111";
const FAINT_INK = "#555";

/** @type {(wanted: Wanted) => Promise<Blob>} */
export async function snapshot(wanted) {
  const { title, panels, columns, aspect, scores, drawPanel } = wanted;
  const width = panels.length === 1 ? 2 * WIDTH : WIDTH;
  const height = Math.round(width / aspect);
  const across = Math.min(columns, panels.length);
  const rows = Math.ceil(panels.length / across);
  const full = 2 * MARGIN + across * width + (across - 1) * GUTTER;
  const canvas = make("canvas");
  const context = contextOf(canvas);
  context.font = `13px ${FONT}`;
  const key = placed(keyOf(wanted), full - 2 * MARGIN, (text) => context.measureText(text).width);
  const top = MARGIN + TITLE;
  const bottom = top + rows * (CAPTION + height + GUTTER);
  canvas.width = full * SCALE;
  canvas.height = (bottom + key.height + MARGIN) * SCALE;
  context.scale(SCALE, SCALE);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  write(context, title, MARGIN, MARGIN + 12, `13px ${FONT}`, FAINT_INK, full - 2 * MARGIN);
  for (const [i, panel] of panels.entries()) {
    const x = MARGIN + (i % across) * (width + GUTTER);
    const y = top + Math.floor(i / across) * (CAPTION + height + GUTTER);
    write(context, panel.tag ? `${panel.name} (${panel.tag})` : panel.name, x, y + 14, `600 14px ${FONT}`, INK, width);
    write(context, scores.get(panel.id) ?? "", x, y + 32, `13px ${FONT}`, INK, width);
    write(context, panel.caption, x, y + 49, `12px ${FONT}`, FAINT_INK, width);
    const part = make("canvas");
    const ratio = SCALE / (devicePixelRatio || 1);
    drawPanel(part, panel, { width: width * ratio, height: height * ratio });
    context.drawImage(part, x, y + CAPTION, width, height);
    if (panel.state !== "ready") {
      const sentence = panel.sentence || "waiting";
      write(context, sentence, x + 12, y + CAPTION + height / 2, `13px ${FONT}`, INK, width - 24);
    }
  }
  for (const { x, y, text, draw } of key.entries) {
    draw(context, MARGIN + x, bottom + y);
    write(context, text, MARGIN + x + SWATCH + 6, bottom + y + 12, `13px ${FONT}`, INK, full - 2 * MARGIN - SWATCH - 6);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("This browser could not make the PNG."));
    }, "image/png");
  });
}

/**
 * What the colours mean, of the classes or of the way to look.
 * @type {(wanted: Wanted) => Entry[]}
 */
function keyOf({ classes, shown, alone, mode = "", patterns = false }) {
  /** @type {(colour: Colour) => Entry["draw"]} */
  const plain = (colour) => (context, x, y) => square(context, x, y, `rgb(${colour})`);
  if (mode === "photo") return [];
  if (mode === "errors") {
    const entries = [{ text: "not labelled", draw: plain([165, 165, 165]) }];
    if (alone === null) {
      const said = classes.names.map((text, id) => ({ text: `wrong: ${text} said`, draw: plain(classes.colours[id]) }));
      return [...said, ...entries];
    }
    const { foundColour, missedColour, inventedColour } = classes;
    const outcomes = Object.entries({ found: foundColour, missed: missedColour, invented: inventedColour });
    const name = classes.names[alone];
    return [...outcomes.map(([text, colour]) => ({ text: `${name} ${text}`, draw: plain(colour) })), ...entries];
  }
  if (mode === "confidence") {
    return [0, 25, 50, 75, 100].map((percent) => ({
      text: percent === 0 ? "unsure: 0 %" : percent === 100 ? "100 %: sure" : `${percent} %`,
      draw: plain(doubtColour(percent / 100)),
    }));
  }
  const entries = classes.names.map((text, id) => ({
    text,
    /** @type {Entry["draw"]} */
    draw: (context, x, y) => {
      square(context, x, y, `rgb(${classes.colours[id]})`);
      if (patterns) drawPattern(context, id, classes.colours[id], x, y, SWATCH);
    },
  }));
  return entries.filter((_, id) => shown[id]);
}

/** @type {(context: CanvasRenderingContext2D, x: number, y: number, style: string) => void} */
function square(context, x, y, style) {
  context.fillStyle = style;
  context.fillRect(x, y, SWATCH, SWATCH);
  context.strokeStyle = "#0004";
  context.strokeRect(x + 0.5, y + 0.5, SWATCH - 1, SWATCH - 1);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {string} font
 * @param {string} colour
 * @param {number} most pixels of the text
 */
function write(context, text, x, y, font, colour, most) {
  context.font = font;
  context.fillStyle = colour;
  context.fillText(fitted(text, most, (part) => context.measureText(part).width), x, y);
}

/**
 * As much of a text as `most` pixels have room for.
 * @type {(text: string, most: number, widthOf: (text: string) => number) => string}
 */
export function fitted(text, most, widthOf) {
  if (widthOf(text) <= most) return text;
  const letters = [...text];
  while (letters.length && widthOf(`${letters.join("")}…`) > most) letters.pop();
  return `${letters.join("")}…`;
}

/**
 * The entries in lines as long as fit: each with its x and y, and the height of all.
 * @template {{ text: string }} T
 * @param {T[]} entries
 * @param {number} width
 * @param {(text: string) => number} widthOf
 */
export function placed(entries, width, widthOf) {
  let [x, y] = [0, 0];
  const out = entries.map((entry) => {
    const wide = SWATCH + 22 + widthOf(entry.text);
    if (x > 0 && x + wide > width) [x, y] = [0, y + LINE];
    const at = { ...entry, x, y };
    x += wide;
    return at;
  });
  return { entries: out, height: entries.length ? y + LINE : 0 };
}
