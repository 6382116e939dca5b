// Maps into colours, pixel by pixel, and borders into lines.

import assert from "node:assert/strict";
import { test } from "node:test";

// Only what tint.js asks of a canvas: a picture's pixels, as numbers 0xAABBGGRR.
globalThis.OffscreenCanvas = class {
  constructor(width, height) {
    Object.assign(this, { width, height });
  }
  getContext() {
    const createImageData = (width, height) => ({ data: new Uint8ClampedArray(4 * width * height) });
    return { createImageData, putImageData: (image) => (this.image = image) };
  }
  transferToImageBitmap() {
    const { width, height } = this;
    return { width, height, pixels: new Uint32Array(this.image.data.buffer), close() {} };
  }
};

const { bordersOf, patternColour, patternTile, percentAt, valueAt, ...tint } = await import(
  "../../../../seg/app/components/viewer/tint.js"
);
const { tintClasses, tintConfidence, tintErrors, tintOutlines } = tint;

const RED = [255, 0, 0];
const GREEN = [0, 255, 0];
const CLASSES = {
  names: ["a", "b"],
  colours: [RED, GREEN],
  ignoreColour: [9, 9, 9],
  wrongColour: [0, 0, 255],
  foundColour: [1, 2, 3],
  missedColour: [4, 5, 6],
  inventedColour: [7, 8, 9],
};
const CLEAR = 0;

const layer = (width, height, ...data) => ({ width, height, data: Uint8Array.from(data) });
const packed = ([r, g, b], alpha = 255) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
const showing = (...ids) => ({ shown: Uint8Array.from({ length: 256 }, (_, id) => (ids.includes(id) ? 1 : 0)) });
const pixels = (picture) => [...picture.pixels];

test("classes have their colours, hidden ones the opacity asked for, and pixels without a class theirs", () => {
  const map = layer(3, 1, 0, 1, 255);
  const all = tintClasses(map, CLASSES, showing(0, 1), 255, 40);
  assert.deepEqual(pixels(all), [packed(RED), packed(GREEN), packed([9, 9, 9])]);
  const one = tintClasses(map, CLASSES, showing(1), 0, 0);
  assert.deepEqual(pixels(one).map((pixel) => pixel >>> 24), [0, 255, 0]);
});

test("every one of twelve classes has a pattern of its own, which no shift makes into another", () => {
  const step = 8;
  const shifted = (tile, dx, dy) =>
    tile.map((_, i) => tile[((Math.floor(i / step) + dy) % step) * step + ((i + dx) % step)]).join("");
  const tiles = Array.from({ length: 12 }, (_, id) => patternTile(id, step));
  tiles.forEach((tile, id) => {
    const share = tile.reduce((sum, hit) => sum + hit, 0) / tile.length;
    assert.ok(id === 0 ? share === 0 : share > 0.1 && share < 0.6, `pattern ${id} covers ${share}`);
    tiles.slice(0, id).forEach((other, earlier) => {
      for (let i = 0; i < step * step; i++) {
        assert.notEqual(shifted(tile, i % step, Math.floor(i / step)), other.join(""), `${id} is like ${earlier}`);
      }
    });
  });
});

test("patterns draw only on the classes shown, in another shade", () => {
  const map = layer(96, 8, ...new Uint8Array(96 * 8).fill(1));
  const shade = packed(patternColour(GREEN));
  const drawn = new Set(pixels(tintClasses(map, CLASSES, { ...showing(1), patterns: true }, 0, 0)));
  assert.deepEqual(drawn, new Set([shade, packed(GREEN)]));
  const hidden = new Set(pixels(tintClasses(map, CLASSES, { ...showing(0), patterns: true }, 0, 0)));
  assert.equal(hidden.size, 1);
});

test("outlines colour both sides of a border, darken what lies beside and leave the rest clear", () => {
  const map = layer(6, 1, 0, 0, 0, 1, 1, 1);
  const [far, dark, left, right, ...rest] = pixels(tintOutlines(map, CLASSES, showing(0, 1), map));
  assert.deepEqual([far, left, right], [CLEAR, packed(RED), packed(GREEN)]);
  assert.ok(dark >>> 24 > 0 && dark >>> 24 < 255);
  assert.deepEqual(rest, [dark, CLEAR]);
});

test("outlines know nothing of hidden classes and of pixels without a class but their edge", () => {
  const map = layer(4, 1, 0, 0, 1, 1);
  const [, edge, beside, far] = pixels(tintOutlines(map, CLASSES, showing(0), map));
  assert.equal(edge, packed(RED));
  assert.ok(beside >>> 24 < 255);
  assert.equal(far, CLEAR);
  const none = tintOutlines(map, CLASSES, showing(), map);
  assert.deepEqual(pixels(none), [CLEAR, CLEAR, CLEAR, CLEAR]);
});

test("outlines may be larger or smaller than the map", () => {
  const map = layer(2, 2, 0, 1, 0, 1);
  const large = tintOutlines(map, CLASSES, showing(0, 1), { width: 8, height: 2 });
  assert.deepEqual([large.width, large.height], [8, 2]);
  assert.deepEqual(pixels(large).slice(3, 5), [packed(RED), packed(GREEN)]);
  assert.equal(pixels(large)[0], CLEAR);
});

test("borders become lines, each piece with the ids on both sides", () => {
  const { across, down } = bordersOf(layer(3, 2, 0, 0, 1, 2, 0, 1));
  assert.deepEqual([...across.start], [0, 0, 1]);
  assert.deepEqual([across.from, across.to, across.before, across.after], [[0], [1], [0], [2]]);
  assert.deepEqual([...down.start], [0, 0, 1, 2]);
  assert.deepEqual([down.from, down.to, down.before, down.after], [[1, 0], [2, 2], [2, 0], [0, 1]]);
});

test("one border of many pixels is one piece, and a map of one class has none", () => {
  const { across, down } = bordersOf(layer(4, 2, 0, 0, 0, 0, 1, 1, 1, 1));
  assert.deepEqual([across.from, across.to], [[0], [4]]);
  assert.equal(down.from.length, 0);
  assert.equal(bordersOf(layer(1, 1, 5)).across.from.length, 0);
});

test("an error has the colour of what was said instead, right pixels are clear, left out ones hatched", () => {
  const truth = layer(5, 1, 0, 0, 1, 0, 255);
  const [right, one, other, none, out] = pixels(tintErrors(layer(5, 1, 0, 1, 0, 255, 0), truth, CLASSES, showing(0, 1)));
  assert.equal(right, CLEAR);
  assert.deepEqual([one, other, none].map((pixel) => pixel & 0xffffff), [GREEN, RED, [9, 9, 9]].map((c) => packed(c, 0)));
  assert.equal(out >>> 24, 255);
  const [, faint] = pixels(tintErrors(layer(5, 1, 0, 1, 0, 255, 0), truth, CLASSES, showing()));
  assert.ok(faint >>> 24 < one >>> 24);
});

test("a class alone is found, missed or invented", () => {
  const truth = layer(6, 1, 1, 1, 0, 0, 255, 1);
  const said = layer(6, 1, 1, 0, 1, 0, 1, 255);
  const picture = tintErrors(said, truth, CLASSES, { ...showing(1), alone: 1 });
  const { foundColour, missedColour, inventedColour } = CLASSES;
  const colours = pixels(picture).map((pixel) => pixel & 0xffffff);
  const [found, missed, invented] = [foundColour, missedColour, inventedColour].map((colour) => packed(colour, 0));
  assert.deepEqual([...colours.slice(0, 4), colours[5]], [found, missed, invented, 0, missed]);
  assert.equal(pixels(picture)[3], CLEAR);
  assert.notEqual(colours[4], invented);
});

test("errors against a truth of another size look at its nearest pixels", () => {
  const picture = tintErrors(layer(4, 1, 0, 0, 0, 1), layer(2, 1, 0, 1), CLASSES, showing(0, 1));
  assert.deepEqual(pixels(picture).map((pixel) => pixel > 0), [false, false, true, false]);
});

test("confidence shows where its class is shown and is known", () => {
  const shown = tintConfidence(layer(3, 1, 0, 100, 255), layer(3, 1, 0, 0, 0), showing(0));
  assert.deepEqual(pixels(shown).map((pixel) => pixel >>> 24), [255, 255, 0]);
  const hidden = tintConfidence(layer(3, 1, 0, 100, 255), layer(3, 1, 1, 1, 0), showing(0));
  assert.deepEqual(pixels(hidden), [CLEAR, CLEAR, CLEAR]);
});

test("a point of the picture reads the pixel it falls into", () => {
  const map = layer(2, 2, 1, 2, 3, 255);
  assert.equal(valueAt(map, { x: 0, y: 0 }), 1);
  assert.equal(valueAt(map, { x: 0.999, y: 0.49 }), 2);
  assert.equal(percentAt(map, { x: 0.2, y: 0.8 }), 3);
  assert.equal(percentAt(map, { x: 1, y: 1 }), null);
});
