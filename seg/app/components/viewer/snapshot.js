// The view as one picture, as a report needs it: every panel with its name, what is under it, and the legend.

import { doubtColour, drawPattern } from "./tint.js";

const SCALE = 2;
const WIDTH = 360;
const GUTTER = 16;
const MARGIN = 20;
const TITLE = 30;
const CAPTION = 40;
const LINE = 24;
const SWATCH = 14;
const FONT = "system-ui, sans-serif";
const INK = "#111";
const FAINT_INK = "#555";

// `title`: a line on how one looks; `panels`, `columns`, `aspect`, `mode` and `patterns` as on the screen; `shown` has 1
// for the ids that are; `scores`: Map of panel id to a text; `drawPanel(canvas, panel, size)` paints a panel into a
// canvas of its own.
export async function snapshot(wanted) {
  const { title, panels, columns, aspect, scores, drawPanel } = wanted;
  const width = panels.length === 1 ? 2 * WIDTH : WIDTH;
  const height = Math.round(width / aspect);
  const across = Math.min(columns, panels.length);
  const rows = Math.ceil(panels.length / across);
  const full = 2 * MARGIN + across * width + (across - 1) * GUTTER;
  const canvas = document.createElement("canvas");
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
    write(context, panel.name, x, y + 14, `600 14px ${FONT}`, INK, width);
    const below = [scores.get(panel.id), panel.caption].filter(Boolean).join(" · ");
    write(context, below, x, y + 31, `12px ${FONT}`, FAINT_INK, width);
    const part = document.createElement("canvas");
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
    const done = (blob) => (blob ? resolve(blob) : reject(new Error("This browser could not make the PNG.")));
    canvas.toBlob(done, "image/png");
  });
}

function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser refuses a canvas of this size.");
  return context;
}

// What the colours mean: {text, draw(context, x, y)}, of the classes or of the way to look.
function keyOf({ classes, shown, mode = "", patterns = false }) {
  const plain = (colour) => (context, x, y) => square(context, x, y, `rgb(${colour})`);
  if (mode === "photo") return [];
  if (mode === "errors") {
    const unlabelled = [165, 165, 165];
    return [
      { text: "wrong", draw: plain(classes.wrongColour) },
      { text: "not labelled", draw: plain(unlabelled) },
    ];
  }
  if (mode === "confidence") {
    return [0, 25, 50, 75, 100].map((percent) => ({
      text: percent === 0 ? "unsure: 0 %" : percent === 100 ? "100 %: sure" : `${percent} %`,
      draw: plain(doubtColour(percent / 100)),
    }));
  }
  const entries = classes.names.map((text, id) => ({
    text,
    draw: (context, x, y) => {
      square(context, x, y, `rgb(${classes.colours[id]})`);
      if (patterns) drawPattern(context, id, classes.colours[id], x, y, SWATCH);
    },
  }));
  return entries.filter((_, id) => shown[id]);
}

function square(context, x, y, style) {
  context.fillStyle = style;
  context.fillRect(x, y, SWATCH, SWATCH);
  context.strokeStyle = "#0004";
  context.strokeRect(x + 0.5, y + 0.5, SWATCH - 1, SWATCH - 1);
}

function write(context, text, x, y, font, colour, most) {
  context.font = font;
  context.fillStyle = colour;
  context.fillText(fitted(text, most, (part) => context.measureText(part).width), x, y);
}

// As much of a text as `most` pixels have room for.
export function fitted(text, most, widthOf) {
  if (widthOf(text) <= most) return text;
  const letters = [...text];
  while (letters.length && widthOf(`${letters.join("")}…`) > most) letters.pop();
  return `${letters.join("")}…`;
}

// The entries in lines as long as fit: each with its x and y, and the height of all.
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
