// The view that all panels share: what lies where, and how far it goes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { clampView, panBy, scaleOf, toBox, toPicture, WHOLE, zoomAt } from "../../../../seg/app/components/viewer/view.js";

const BOX = { width: 240, height: 180 };
const PICTURE = { width: 480, height: 360 };

const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("the whole picture fits its box", () => {
  assert.equal(scaleOf(WHOLE, BOX, PICTURE), 0.5);
  assert.deepEqual(toBox(WHOLE, BOX, PICTURE, { x: 0, y: 0 }), { x: 0, y: 0 });
  assert.deepEqual(toBox(WHOLE, BOX, PICTURE, { x: 1, y: 1 }), { x: 240, y: 180 });
});

test("box and picture are each other's way back", () => {
  const view = { zoom: 3.7, x: 0.31, y: 0.66 };
  for (const at of [{ x: 0, y: 0 }, { x: 17.5, y: 160 }, { x: 240, y: 3 }]) {
    const there = toBox(view, BOX, PICTURE, toPicture(view, BOX, PICTURE, at));
    near(there.x, at.x);
    near(there.y, at.y);
  }
});

test("what lies under the pointer stays there while zooming", () => {
  const at = { x: 90, y: 100 };
  let view = zoomAt(WHOLE, BOX, PICTURE, at, 2);
  const before = toPicture(view, BOX, PICTURE, at);
  view = zoomAt(view, BOX, PICTURE, at, 1.7);
  near(toPicture(view, BOX, PICTURE, at).x, before.x);
  near(toPicture(view, BOX, PICTURE, at).y, before.y);
});

test("no view shows what is beyond the picture's edges", () => {
  for (const [dx, dy] of [[1e5, 1e5], [-1e5, -1e5]]) {
    const view = panBy({ zoom: 2, x: 0.5, y: 0.5 }, BOX, PICTURE, dx, dy);
    const [first, last] = [{ x: 0, y: 0 }, { x: 240, y: 180 }].map((at) => toPicture(view, BOX, PICTURE, at));
    assert.ok(first.x >= 0 && first.y >= 0 && last.x <= 1 && last.y <= 1);
  }
});

test("a picture narrower than its box stays in the middle", () => {
  const view = panBy({ zoom: 1, x: 0.5, y: 0.5 }, BOX, { width: 100, height: 360 }, 50, 0);
  assert.equal(view.x, 0.5);
});

test("zoom has its ends", () => {
  assert.equal(clampView({ zoom: 0.2, x: 0.5, y: 0.5 }, BOX, PICTURE).zoom, 1);
  const most = clampView({ zoom: 1e9, x: 0.5, y: 0.5 }, BOX, PICTURE);
  assert.equal(scaleOf(most, BOX, PICTURE), 48);
  // A tiny picture, whose pixels are that large from the start, can be magnified all the same.
  assert.equal(clampView({ zoom: 1e9, x: 0.5, y: 0.5 }, BOX, { width: 4, height: 3 }).zoom, 8);
});

test("boxes of another size but the same shape show the same part of the picture", () => {
  const view = { zoom: 2.5, x: 0.4, y: 0.7 };
  const small = toPicture(view, { width: 120, height: 90 }, PICTURE, { x: 30, y: 45 });
  const large = toPicture(view, { width: 960, height: 720 }, PICTURE, { x: 240, y: 360 });
  near(small.x, large.x);
  near(small.y, large.y);
});
