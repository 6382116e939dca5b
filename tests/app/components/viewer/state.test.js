// What Python and the visitor ask for, and what follows from it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { keep } from "../../../../seg/app/components/viewer/decode.js";
import { stroke } from "../../../../seg/app/components/viewer/painting.js";
import { State } from "../../../../seg/app/components/viewer/state.js";

let keys = 0;
const CLASSES = { names: ["cat", "dog", "cow"], colours: [[1, 1, 1], [2, 2, 2], [3, 3, 3]] };
const messageOf = () => ({
  key: `state ${keys++}`,
  photo: { digest: "photo-1", width: 8, height: 6, sentWidth: 8, sentHeight: 6 },
  truth: null,
  panels: [],
  classes: CLASSES,
  layers: {},
});

function stateOf() {
  const message = messageOf();
  const state = new State(message, () => {});
  return { state, say: (wish) => state.receive({ ...message, wish: { alone: null, swipe: null, ...wish } }) };
}

test("a wish of the page is followed once, and the visitor goes on from there", () => {
  const { state, say } = stateOf();
  say({ number: 1, alone: "dog" });
  assert.equal(state.look.only, "dog");
  state.choose("cat");
  say({ number: 1, alone: "dog" });
  assert.equal(state.look.only, "cat");
  say({ number: 2, alone: "dog" });
  assert.equal(state.look.only, "dog");
  say({ number: 3, swipe: ["a", "b"] });
  assert.equal(state.look.only, "dog");
  assert.deepEqual(state.look.swipe, { left: "network a", right: "network b", at: 0.5 });
  say({ number: 4, alone: "" });
  assert.equal(state.look.only, null);
});

test("a class alone is known by its id, and the class under the pointer goes before it", () => {
  const { state, say } = stateOf();
  say({ number: 1, alone: "cow" });
  assert.equal(state.shown().alone, 2);
  state.pointAtClass("cat");
  assert.equal(state.shown().alone, 0);
  say({ number: 2, alone: "unicorn" });
  state.pointAtClass(null);
  assert.equal(state.shown().alone, null);
});

test("the class that stands alone is the one to paint with, and another one brings all of them back", () => {
  const { state } = stateOf();
  state.choose("dog");
  state.togglePaint();
  assert.equal(state.look.tool.chosen, 1);
  state.setTool({ size: 30, chosen: 1 });
  assert.equal(state.look.only, "dog");
  state.setTool({ chosen: 2 });
  assert.equal(state.look.only, null);
});

test("a class that is hidden is seen again once it is painted with", () => {
  const { state } = stateOf();
  state.hide("cow");
  state.togglePaint();
  assert.equal(state.look.hidden.size, 1);
  state.setTool({ chosen: 2 });
  assert.equal(state.look.hidden.size, 0);
});

function painterOf(more = {}) {
  const message = { ...messageOf(), paint: "mug 1", ...more };
  const state = new State(message, () => {});
  const say = (change) => state.receive({ ...message, ...change });
  say({});
  return { state, say };
}

test("a viewer that is there to be painted in is always painted in, without the photo, until it is beside a network", () => {
  const { state, say } = painterOf();
  const names = () => state.panels.map((panel) => panel.name);
  assert.deepEqual(names(), ["Your painting"]);
  assert.equal(state.look.enlarged, "truth");
  assert.equal(state.look.tool.chosen, 1);
  state.back();
  state.togglePaint();
  assert.equal(state.look.painting, true);
  say({ panels: [{ name: "Network" }] });
  assert.deepEqual(names(), ["Your painting", "Network"]);
  assert.equal(state.look.enlarged, null);
  state.enlarge("truth");
  say({ panels: [{ name: "Network" }] });
  assert.equal(state.look.enlarged, "truth");
});

test("every painting has its own map, which begins with the truth that there is once that is decoded", () => {
  const start = { width: 8, height: 6, data: new Uint8Array(48).fill(2) };
  const truth = { name: "Truth", labels: "start 1" };
  const { state, say } = painterOf({ truth });
  assert.equal(state.painting().data[0], 255);
  const before = state.paintedDigest();
  keep("start", 1, start);
  assert.deepEqual(state.painting().data, start.data);
  assert.notEqual(state.paintedDigest(), before);
  stroke(state.painting(), { x: 0, y: 0 }, { x: 0, y: 0 }, 1, 0);
  assert.equal(state.painting().data[0], 0);
  assert.equal(start.data[0], 2);
  say({ paint: "mug 2", truth: null });
  assert.equal(state.painting().data[0], 255);
  say({ paint: "mug 1", truth });
  assert.equal(state.painting().data[0], 0);
});
