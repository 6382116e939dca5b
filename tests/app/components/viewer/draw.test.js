// What a panel is made of, and what of it is drawn at which zoom.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

let pictures = 0;
const calls = [];

// A canvas that keeps what it is asked to draw.
function contextOf(canvas) {
  return {
    canvas,
    fillStyle: "",
    globalAlpha: 1,
    clearRect() {},
    save: () => calls.push(["save"]),
    restore: () => calls.push(["restore"]),
    beginPath() {},
    rect: (...box) => calls.push(["clip to", ...box]),
    clip() {},
    createImageData: (width, height) => ({ data: new Uint8ClampedArray(4 * width * height) }),
    putImageData() {},
    fillRect(...box) {
      calls.push(["fill", this.fillStyle, ...box]);
    },
    drawImage(source, ...box) {
      calls.push(["draw", source, this.globalAlpha, ...box]);
    },
  };
}

globalThis.window = { devicePixelRatio: 1 };
globalThis.OffscreenCanvas = class {
  constructor(width, height) {
    Object.assign(this, { width, height });
  }
  getContext() {
    return contextOf(this);
  }
  transferToImageBitmap() {
    pictures++;
    return { width: this.width, height: this.height, close() {} };
  }
};

const { keep } = await import("../../../../seg/app/components/viewer/decode.js");
const { layersOf, outlineFactor, paint, paintSwipe } = await import("../../../../seg/app/components/viewer/draw.js");

const COLOURS = [
  [255, 0, 0],
  [0, 255, 0],
];
const CLASSES = { names: ["a", "b"], colours: COLOURS, ignoreColour: [9, 9, 9], wrongColour: [0, 0, 9] };
const WHOLE = { zoom: 1, x: 0.5, y: 0.5 };
const shown = new Uint8Array(256).fill(1, 0, 2);
const look = (mode, more) => ({ mode, opacity: 0.6, patterns: false, shown, alone: null, ...more });

const width = 32;
const height = 24;
const data = Uint8Array.from({ length: width * height }, (_, i) => (i % width < 16 ? 0 : 1));
const labels = keep("labels", 1, { ready: true, width, height, data });
const truth = keep("truth", 1, { ready: true, width, height, data });
const confidence = keep("confidence", 1, { ready: true, width, height, data });
const scene = { classes: CLASSES, classesKey: "k", shownKey: "11", reference: truth, referenceId: "truth" };

const NETWORK = { id: "network x", role: "network", state: "ready", labels, confidence, tint: null };
const panelOf = (more) => ({ ...NETWORK, ...more });
const photoOf = (side) => {
  const size = { width: side, height: side * 0.75 };
  return { ...size, picture: { ...size }, faint: { ...size } };
};
const canvasOf = () => {
  const canvas = { width: 0, height: 0 };
  const context = contextOf(canvas);
  return Object.assign(canvas, { getContext: () => context });
};

function painted(layers, view, box = { width: 320, height: 240 }, photo = photoOf(32)) {
  calls.length = 0;
  paint(canvasOf(), layers, view, box, photo, { width: 32, height: 24 });
  return calls;
}

beforeEach(() => {
  calls.length = 0;
});

test("what lies where in each way to look", () => {
  const parts = (mode, panel = panelOf(), more = {}) => {
    const { base, top, topAlpha, lines } = layersOf(panel, look(mode, more), scene);
    return [base, Boolean(top), Boolean(lines), top ? topAlpha : null];
  };
  assert.deepEqual(parts("overlay"), ["picture", true, false, 0.6]);
  assert.deepEqual(parts("overlay", panelOf(), { alone: 0 }), ["faint", true, false, 0.6]);
  assert.deepEqual(parts("mask"), [null, true, false, 1]);
  assert.deepEqual(parts("outlines").slice(1), [false, true, null]);
  assert.deepEqual(parts("confidence"), [null, true, false, 1]);
  assert.deepEqual(parts("errors"), ["faint", true, false, 1]);
  assert.deepEqual(parts("photo"), ["picture", false, false, null]);
  assert.deepEqual(parts("mask", panelOf({ id: "photo", role: "photo" })), ["picture", false, false, null]);
  assert.deepEqual(parts("errors", panelOf({ id: "truth", role: "truth" })), ["picture", true, false, 0.6]);
});

test("a panel that is not ready, or has no confidence, shows only the faint photo", () => {
  assert.equal(layersOf(panelOf({ state: "waiting" }), look("mask"), scene).base, "faint");
  const layers = layersOf(panelOf({ confidence: null }), look("confidence"), scene);
  assert.deepEqual([layers.base, layers.top], ["faint", null]);
});

test("nothing is coloured again while the same is looked at", () => {
  for (const mode of ["overlay", "mask", "outlines", "confidence", "errors"]) {
    const panel = panelOf();
    painted(layersOf(panel, look(mode), scene), WHOLE);
    const made = pictures;
    for (const x of [0.3, 0.5, 0.7]) {
      painted(layersOf(panel, look(mode, { opacity: x }), scene), { ...WHOLE, zoom: 1, x });
    }
    assert.equal(pictures, made, mode);
  }
});

test("another choice of classes, other colours or another map are coloured anew, and the old picture goes", () => {
  const changes = [
    (panel) => layersOf(panel, look("mask"), { ...scene, shownKey: "10" }),
    (panel) => layersOf(panel, look("mask"), { ...scene, classesKey: "other" }),
    (panel) => layersOf(panel, look("mask", { patterns: true }), scene),
    (panel) => layersOf(Object.assign(panel, { labels: truth }), look("mask"), scene),
  ];
  for (const change of changes) {
    const panel = panelOf();
    layersOf(panel, look("mask"), scene);
    let closed = 0;
    panel.tint.picture.close = () => closed++;
    change(panel);
    assert.equal(closed, 1);
  }
});

test("lines tell the map's pixels apart once they are large, and only inside the picture", () => {
  const layers = layersOf(panelOf(), look("mask"), scene);
  const lines = (view, box) => painted(layers, view, box).filter(([kind]) => kind === "fill");
  assert.equal(lines(WHOLE).length, 0);
  const seen = lines({ ...WHOLE, zoom: 2 });
  assert.ok(seen.length >= 16 + 12 && seen.length <= 18 + 14);
  const narrow = lines({ ...WHOLE, zoom: 1 }, { width: 640, height: 2000 });
  for (const [, , , y, , tall] of narrow) assert.ok(y >= 760 && y + tall <= 1241);
});

test("outlines are as thin at every zoom", () => {
  const factors = (width) => [0.2, 0.4, 0.85, 1.7, 6].map((scale) => outlineFactor(scale, width));
  assert.deepEqual(factors(480), [0.25, 0.5, 1, 2, 2]);
  assert.deepEqual(factors(1200), [0.25, 0.5, 1, 1, 1]);
  const panel = panelOf();
  const layers = layersOf(panel, look("outlines"), scene);
  const isBar = ([kind, style]) => kind === "fill" && !style.includes("/ 35%");
  const bars = (zoom) => painted(layers, { ...WHOLE, zoom }).filter(isBar);
  for (const zoom of [1, 4]) {
    const [dark, ...sides] = bars(zoom).map(([, style, x, , wide]) => [style, x, wide]);
    assert.deepEqual(dark.slice(1), [158, 4]);
    assert.deepEqual(sides, [
      ["rgb(255,0,0)", 159, 1],
      ["rgb(0,255,0)", 160, 1],
    ]);
  }
});

test("a map with more borders than can be drawn in a frame comes as a picture instead", () => {
  const side = 128;
  const noise = Uint8Array.from({ length: side * side }, (_, i) => (i + Math.floor(i / side)) % 2);
  const noisy = keep("noisy", 1, { ready: true, width: side, height: side, data: noise });
  const layers = layersOf(panelOf({ labels: noisy }), look("outlines"), scene);
  const box = { width: 640, height: 480 };
  assert.ok(painted(layers, WHOLE, box).every(([kind]) => kind === "draw"));
  assert.ok(painted(layers, { ...WHOLE, zoom: 4 }, box).some(([kind]) => kind === "fill"));
});

test("a large photo is drawn from the smallest halving that still fills the screen, made once", () => {
  const photo = photoOf(1600);
  const draw = (zoom) => {
    painted(layersOf(panelOf(), look("photo"), scene), { ...WHOLE, zoom }, { width: 320, height: 240 }, photo);
    return calls.findLast(([kind]) => kind === "draw")[1].width;
  };
  assert.equal(draw(1), 400);
  const made = pictures;
  assert.equal(draw(2), 800);
  assert.equal(draw(4), 1600);
  assert.equal(draw(1), 400);
  assert.equal(pictures, made);
});

test("only the part of a picture that is seen is drawn", () => {
  const photo = photoOf(32);
  painted(layersOf(panelOf(), look("photo"), scene), { zoom: 4, x: 0.5, y: 0.5 }, { width: 320, height: 240 }, photo);
  const [, , , x, y, wide, tall] = calls.find(([kind]) => kind === "draw");
  assert.deepEqual([x, y, wide, tall], [12, 9, 8, 6]);
});

test("a swipe draws each panel on its side of the divider", () => {
  const layers = ["mask", "photo"].map((mode) => layersOf(panelOf(), look(mode), scene));
  paintSwipe(canvasOf(), ...layers, 0.25, WHOLE, { width: 320, height: 240 }, photoOf(32), { width: 32, height: 24 });
  const clips = calls.filter(([kind]) => kind === "clip to").map(([, ...box]) => box);
  assert.deepEqual(clips, [
    [0, 0, 80, 240],
    [80, 0, 240, 240],
  ]);
  assert.equal(calls.filter(([kind]) => kind === "save").length, calls.filter(([kind]) => kind === "restore").length);
});
