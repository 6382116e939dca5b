// How a viewer is looked at, as an address says it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { State } from "../../../../seg/app/components/viewer/state.js";

let keys = 0;
const NAMES = ["cat, or dog", "<b>cow</b>", "sky"];
const messageOf = () => ({
  key: `said ${keys++}`,
  photo: { digest: "photo-1", width: 8, height: 6, sentWidth: 8, sentHeight: 6 },
  truth: { name: "Truth", labels: "" },
  panels: [{ name: "U-Net" }, { name: "FCN-8s, own" }],
  classes: { names: NAMES, colours: [[1, 1, 1], [2, 2, 2], [3, 3, 3]] },
  layers: {},
});

function stateOf(asked = "") {
  const message = messageOf();
  const state = new State(message, () => {});
  state.receive(message, asked);
  return state;
}

test("everything that is looked at comes back from what is said of it", () => {
  const state = stateOf();
  assert.equal(state.said(), "");
  Object.assign(state.look, { mode: "errors", opacity: 0.25, patterns: true, against: "FCN-8s, own", only: "<b>cow</b>" });
  Object.assign(state.look, { enlarged: "network U-Net", order: ["truth", "network U-Net", "photo"] });
  state.look.hidden.add("cat, or dog");
  state.look.colours.set("sky", [10, 20, 255]);
  state.look.swipe = { left: "truth", right: "network FCN-8s, own", at: 0.25 };
  state.look.views.set("photo-1", { zoom: 2.5, x: 0.25, y: 0.75 });
  state.pin("network U-Net", { x: 0.5, y: 0.125 });
  const other = stateOf(state.said());
  for (const name of ["mode", "opacity", "patterns", "against", "only", "enlarged", "order", "hidden", "colours", "swipe"])
    assert.deepEqual(other.look[name], state.look[name], name);
  assert.deepEqual(other.view(), state.view());
  assert.deepEqual(other.pointed, state.look.pinned && { id: "network U-Net", x: 0.5, y: 0.125 });
  assert.equal(other.said(), state.said());
});

test("what there is not, what is out of bounds and what is no number is as usual", () => {
  for (const asked of [
    "way=<img>&opacity=900&against=nobody&alone=horse&hidden=horse&colour=zzzzzz sky&colour=0a0b0c horse&order=nobody",
    "large=nobody&left=truth&right=nobody&view=0 0 0&cross=2 2&patterns=yes",
    "view=1e9 0.5 0.5&cross=NaN 0&opacity=&divider=7",
    "view=2 0.5&cross=0.5&%%%&=&;DROP",
  ])
    assert.equal(stateOf(asked).said(), "", asked);
});

test("a crosshair that is kept is let go by a second click, by Escape, and by another photo", () => {
  const state = stateOf();
  state.pin("photo", { x: 0.5, y: 0.5 });
  state.setPoint(null, null);
  assert.equal(state.pointed?.x, 0.5);
  state.pin("photo", { x: 0.505, y: 0.5 });
  state.setPoint(null, null);
  assert.equal(state.pointed, null);
  state.pin("photo", { x: 0.5, y: 0.5 });
  state.back();
  assert.equal(state.pointed, null);
  state.pin("photo", { x: 0.5, y: 0.5 });
  const message = messageOf();
  state.receive({ ...message, photo: { ...message.photo, digest: "photo-2" } });
  assert.equal(state.pointed, null);
});
