import assert from "node:assert/strict";
import { test } from "node:test";

import {
  clear,
  createPainting,
  endStroke,
  fill,
  isEmpty,
  polygon,
  redo,
  startFrom,
  stroke,
  undo,
  wand,
} from "../../../../seg/app/components/viewer/painting.js";

const NONE = 255;
const count = (painting, id) => painting.data.filter((one) => one === id).length;

function painted(...strokes) {
  const painting = createPainting(40, 30);
  for (const [from, to, radius, id] of strokes) {
    stroke(painting, from, to, radius, id);
    endStroke(painting);
  }
  return painting;
}

test("a stroke is a line with round ends of the asked width", () => {
  const painting = painted([{ x: 10, y: 15 }, { x: 30, y: 15 }, 4, 2]);
  const area = 20 * 8 + Math.PI * 16;
  assert.ok(Math.abs(count(painting, 2) - area) < 12, `${count(painting, 2)} pixels, not ${area}`);
  assert.equal(painting.data[15 * 40 + 20], 2);
  assert.equal(painting.data[15 * 40 + 35], NONE);
  assert.equal(painting.data[11 * 40 + 6], NONE);
});

test("a stroke over the edge stays in the map, and the finest paints a pixel", () => {
  const painting = painted([{ x: -5, y: -5 }, { x: 3, y: 3 }, 3, 1], [{ x: 20.5, y: 20.5 }, { x: 20.5, y: 20.5 }, 0.2, 4]);
  assert.equal(painting.data[0], 1);
  assert.equal(painting.data[39], NONE);
  assert.equal(count(painting, 4), 1);
});

test("a fill stops where another id begins, corners do not leak", () => {
  const painting = createPainting(4, 3, [0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  fill(painting, { x: 3.5, y: 0.5 }, 7);
  assert.deepEqual([...painting.data], [0, 1, 7, 7, 1, 7, 7, 7, 7, 7, 7, 7]);
  fill(painting, { x: 9, y: 9 }, 5);
  assert.equal(count(painting, 5), 0);
});

test("a fill of every shape finds what a plain search finds", () => {
  let seed = 1;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let round = 0; round < 20; round++) {
    const ids = Uint8Array.from({ length: 17 * 13 }, () => (random() < 0.6 ? 1 : 0));
    const at = { x: Math.floor(random() * 17), y: Math.floor(random() * 13) };
    const expected = ids.slice();
    const old = ids[at.y * 17 + at.x];
    const open = [[at.x, at.y]];
    while (open.length) {
      const [x, y] = open.pop();
      if (x < 0 || y < 0 || x >= 17 || y >= 13 || expected[y * 17 + x] !== old) continue;
      expected[y * 17 + x] = 9;
      open.push([x + 1, y], [x - 1, y], [x, y + 1], [x, y - 1]);
    }
    const painting = createPainting(17, 13, ids);
    fill(painting, { x: at.x + 0.5, y: at.y + 0.5 }, 9);
    assert.deepEqual(painting.data, expected);
  }
});

test("undo and redo go through strokes, fills, starts and clearing, to the empty map and back", () => {
  const painting = painted([{ x: 5, y: 5 }, { x: 9, y: 9 }, 2, 1]);
  const states = [createPainting(40, 30).data, painting.data.slice()];
  fill(painting, { x: 30, y: 20 }, 3);
  states.push(painting.data.slice());
  startFrom(painting, { width: 2, height: 1, data: Uint8Array.of(4, 5) });
  states.push(painting.data.slice());
  clear(painting);
  assert.ok(isEmpty(painting));
  states.push(painting.data.slice());
  for (const state of states.slice(0, -1).reverse()) {
    undo(painting);
    assert.deepEqual(painting.data, state);
  }
  undo(painting);
  for (const state of states.slice(1)) {
    redo(painting);
    assert.deepEqual(painting.data, state);
  }
});

// Grey pixels, four numbers each.
const greys = (...values) => Uint8ClampedArray.from(values.flatMap((value) => [value, value, value, 255]));

test("the wand takes what touches and looks like the point, as far as the tolerance goes", () => {
  const colours = greys(10, 10, 10, 20, 90, 10, 10, 10, 10, 10, 90, 10);
  const near = createPainting(6, 2);
  wand(near, colours, { x: 0.5, y: 0.5 }, 5, 3);
  assert.deepEqual([...near.data], [3, 3, 3, NONE, NONE, NONE, 3, 3, 3, 3, NONE, NONE]);
  const further = createPainting(6, 2);
  wand(further, colours, { x: 0.5, y: 0.5 }, 10, 3);
  assert.deepEqual([...further.data], [3, 3, 3, 3, NONE, NONE, 3, 3, 3, 3, NONE, NONE]);
  const all = createPainting(6, 2);
  wand(all, colours, { x: 0.5, y: 0.5 }, 80, 3);
  assert.equal(count(all, 3), 12);
});

test("the wand begins from the mean of the point and its neighbours, looks at each channel and takes away", () => {
  const noisy = createPainting(3, 1);
  wand(noisy, greys(0, 30, 60), { x: 1.5, y: 0.5 }, 29, 1);
  assert.deepEqual([...noisy.data], [NONE, 1, NONE]);
  const red = Uint8ClampedArray.from([200, 0, 0, 255, 200, 0, 0, 255, 200, 40, 0, 255]);
  const painting = createPainting(3, 1, [2, 2, 2]);
  wand(painting, red, { x: 0.5, y: 0.5 }, 20, NONE);
  assert.deepEqual([...painting.data], [NONE, NONE, 2]);
  undo(painting);
  assert.deepEqual([...painting.data], [2, 2, 2]);
});

test("a polygon holds the pixels whose middles are within it, whichever way round it goes", () => {
  const corners = [{ x: 1, y: 1 }, { x: 5, y: 1 }, { x: 5, y: 4 }, { x: 1, y: 4 }];
  for (const drawn of [corners, corners.toReversed()]) {
    const painting = createPainting(8, 6);
    polygon(painting, drawn, 7);
    assert.equal(count(painting, 7), 12);
    assert.equal(painting.data[1 * 8 + 1], 7);
    assert.equal(painting.data[4 * 8 + 1], NONE);
  }
});

test("a polygon that crosses itself leaves out what lies in it twice, and one over the edge is cut off", () => {
  const star = createPainting(20, 20);
  const points = [0, 2, 4, 1, 3].map((i) => {
    const angle = (2 * Math.PI * i) / 5 - Math.PI / 2;
    return { x: 10 + 9 * Math.cos(angle), y: 10 + 9 * Math.sin(angle) };
  });
  polygon(star, points, 1);
  assert.equal(star.data[10 * 20 + 10], NONE);
  assert.equal(star.data[3 * 20 + 10], 1);
  const over = createPainting(4, 4);
  polygon(over, [{ x: -5, y: -5 }, { x: 9, y: -5 }, { x: 9, y: 9 }, { x: -5, y: 9 }], 1);
  assert.equal(count(over, 1), 16);
  undo(over);
  assert.ok(isEmpty(over));
});

test("a new stroke forgets what was undone", () => {
  const painting = painted([{ x: 5, y: 5 }, { x: 9, y: 9 }, 2, 1]);
  undo(painting);
  stroke(painting, { x: 20, y: 20 }, { x: 20, y: 20 }, 2, 6);
  endStroke(painting);
  redo(painting);
  assert.equal(count(painting, 1), 0);
  assert.ok(count(painting, 6) > 0);
});

test("a start from a map of another size is its nearest pixels, half and half here", () => {
  const painting = createPainting(40, 30);
  startFrom(painting, { width: 2, height: 1, data: Uint8Array.of(4, 5) });
  assert.equal(count(painting, 4), 600);
  assert.equal(count(painting, 5), 600);
});

test("every change has a version of its own", () => {
  const painting = createPainting(40, 30);
  const versions = new Set([painting.version]);
  for (const change of [
    () => stroke(painting, { x: 5, y: 5 }, { x: 9, y: 9 }, 2, 1),
    () => fill(painting, { x: 30, y: 20 }, 3),
    () => undo(painting),
    () => redo(painting),
    () => clear(painting),
  ]) {
    change();
    assert.ok(!versions.has(painting.version));
    versions.add(painting.version);
  }
});
