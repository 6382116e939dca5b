// The view as one picture, as a report needs it: every panel with its name, what is under it, and the legend.

const SCALE = 2;
const WIDTH = 360;
const GUTTER = 16;
const MARGIN = 20;
const TITLE = 30;
const CAPTION = 40;
const FONT = "system-ui, sans-serif";

// `panels`, `columns` and `aspect` as on the screen; `scores`: Map of panel id to a text; `drawPanel(canvas, panel, size)`
// paints a panel into a canvas of its own.
export async function snapshot({ title, panels, columns, aspect, classes, shown, scores, drawPanel }) {
  const width = panels.length === 1 ? 2 * WIDTH : WIDTH;
  const height = Math.round(width / aspect);
  const across = Math.min(columns, panels.length);
  const rows = Math.ceil(panels.length / across);
  const full = 2 * MARGIN + across * width + (across - 1) * GUTTER;
  const entries = classes.names.map((name, id) => ({ name, colour: classes.colours[id] })).filter((_, id) => shown[id]);
  const legend = placed(entries, full - 2 * MARGIN);
  const canvas = document.createElement("canvas");
  canvas.width = full * SCALE;
  const top = MARGIN + TITLE;
  const bottom = top + rows * (CAPTION + height + GUTTER);
  canvas.height = (bottom + legend.height + MARGIN) * SCALE;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser refuses a canvas of this size.");
  context.scale(SCALE, SCALE);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  write(context, title, MARGIN, MARGIN + 12, `13px ${FONT}`, "#555", full - 2 * MARGIN);
  for (const [i, panel] of panels.entries()) {
    const x = MARGIN + (i % across) * (width + GUTTER);
    const y = top + Math.floor(i / across) * (CAPTION + height + GUTTER);
    write(context, panel.name, x, y + 14, `600 14px ${FONT}`, "#111", width);
    const below = [panel.caption, scores.get(panel.id)].filter(Boolean).join(" · ");
    write(context, below, x, y + 31, `12px ${FONT}`, "#555", width);
    const part = document.createElement("canvas");
    drawPanel(part, panel, { width: (width * SCALE) / (devicePixelRatio || 1), height: (height * SCALE) / (devicePixelRatio || 1) });
    context.drawImage(part, x, y + CAPTION, width, height);
  }
  for (const { name, colour, x, y } of legend.entries) {
    context.fillStyle = `rgb(${colour})`;
    context.fillRect(MARGIN + x, bottom + y, 12, 12);
    context.strokeStyle = "#0004";
    context.strokeRect(MARGIN + x + 0.5, bottom + y + 0.5, 11, 11);
    write(context, name, MARGIN + x + 18, bottom + y + 11, `13px ${FONT}`, "#111", 200);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("This browser could not make the PNG."))), "image/png");
  });
}

function write(context, text, x, y, font, colour, most) {
  context.font = font;
  context.fillStyle = colour;
  let shown = text;
  while (shown && context.measureText(shown).width > most) shown = `${shown.slice(0, -2)}…`;
  context.fillText(shown, x, y);
}

// The legend's entries in lines as long as fit.
function placed(entries, width) {
  let [x, y] = [0, 0];
  const out = entries.map((entry) => {
    const wide = 34 + entry.name.length * 7.5;
    if (x > 0 && x + wide > width) [x, y] = [0, y + 22];
    const at = { ...entry, x, y };
    x += wide;
    return at;
  });
  return { entries: out, height: y + 22 };
}
