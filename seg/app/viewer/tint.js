// Label and confidence maps become coloured pictures of their own size, drawn over the photo later.

export const IGNORE = 255;
const UNKNOWN = 255;
const GREY = [128, 128, 128];

// Cividis at every eighth, from 0 to 100 %: doubts glow, what is sure keeps quiet. It looks the same to all common
// colour visions.
const DOUBT = [
  [254, 232, 56],
  [219, 202, 86],
  [185, 172, 108],
  [153, 145, 117],
  [124, 123, 120],
  [98, 93, 110],
  [71, 72, 108],
  [28, 53, 108],
  [0, 34, 78],
];

// All tables hold one number a colour, as a canvas on a little-endian machine stores it.
function packed([r, g, b], alpha = 255) {
  return ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

function doubtColour(share) {
  const at = Math.min(Math.max(share, 0), 1) * (DOUBT.length - 1);
  const low = Math.min(Math.floor(at), DOUBT.length - 2);
  return DOUBT[low].map((value, i) => Math.round(value + (DOUBT[low + 1][i] - value) * (at - low)));
}

export function doubtGradient() {
  return `linear-gradient(to right, ${DOUBT.map((colour) => `rgb(${colour})`).join(", ")})`;
}

// Where each pixel of a map of another size looks, one number a column and one a row.
function lookup(from, to) {
  const columns = Uint32Array.from({ length: to.width }, (_, x) => Math.floor(((x + 0.5) * from.width) / to.width));
  const rows = Uint32Array.from({ length: to.height }, (_, y) => Math.floor(((y + 0.5) * from.height) / to.height));
  return { columns, rows };
}

function resampled(from, to) {
  if (from.width === to.width && from.height === to.height) return from.data;
  const { columns, rows } = lookup(from, to);
  const data = new Uint8Array(to.width * to.height);
  for (let y = 0, i = 0; y < to.height; y++) {
    const row = rows[y] * from.width;
    for (let x = 0; x < to.width; x++) data[i++] = from.data[row + columns[x]];
  }
  return data;
}

function pictureOf(width, height, fill) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  fill(new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
  return canvas.transferToImageBitmap();
}

// The classes in their colours. `only` is the one class to see, or null; `others` the opacity of all the rest then.
export function tintClasses(labels, classes, only, ignored, others) {
  const table = new Uint32Array(256);
  classes.colours.forEach((colour, id) => {
    table[id] = only === null || only === id ? packed(colour) : packed(GREY, others);
  });
  table[IGNORE] = packed(classes.ignoreColour, ignored);
  const { data } = labels;
  return pictureOf(labels.width, labels.height, (out) => {
    for (let i = 0; i < data.length; i++) out[i] = table[data[i]];
  });
}

// Wrong pixels in the colour of errors, right ones clear, hatched where the truth has no class. With a class chosen,
// errors that have nothing to do with it are faint.
export function tintErrors(labels, truth, classes, only) {
  const { width, height, data } = labels;
  const right = resampled(truth, labels);
  const wrong = packed(classes.wrongColour, 235);
  const faint = packed(classes.wrongColour, 45);
  const hatch = [packed([225, 225, 225]), packed([105, 105, 105])];
  return pictureOf(width, height, (out) => {
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (right[i] === IGNORE) out[i] = hatch[(x + y) % 8 < 3 ? 0 : 1];
        else if (data[i] !== right[i]) {
          out[i] = only === null || data[i] === only || right[i] === only ? wrong : faint;
        }
      }
    }
  });
}

export function tintConfidence(confidence, labels, only) {
  const table = new Uint32Array(256);
  for (let percent = 0; percent <= 100; percent++) table[percent] = packed(doubtColour(percent / 100));
  table[UNKNOWN] = 0;
  const ids = only === null ? null : resampled(labels, confidence);
  const { data } = confidence;
  return pictureOf(confidence.width, confidence.height, (out) => {
    for (let i = 0; i < data.length; i++) out[i] = ids === null || ids[i] === only ? table[data[i]] : 0;
  });
}

// The value of a map at a point of the picture, both coordinates from 0 to 1.
export function valueAt(map, point) {
  const x = Math.min(Math.floor(point.x * map.width), map.width - 1);
  const y = Math.min(Math.floor(point.y * map.height), map.height - 1);
  return map.data[y * map.width + x];
}

// The same for a confidence, in per cent; null where there is none.
export function percentAt(map, point) {
  const value = valueAt(map, point);
  return value === UNKNOWN ? null : value;
}
