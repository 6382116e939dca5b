import assert from "node:assert/strict";
import { test } from "node:test";

import { confusion, scoresOf } from "../../../../seg/app/components/viewer/grade.js";

const layer = (width, height, ...data) => ({ width, height, data: Uint8Array.from(data) });

test("rows are the truth, columns the map, ignored pixels of either are left out", () => {
  const truth = layer(3, 2, 0, 0, 1, 1, 255, 2);
  const map = layer(3, 2, 0, 1, 1, 255, 0, 2);
  assert.deepEqual([...confusion(map, truth, 3)], [1, 1, 0, 0, 1, 0, 0, 0, 1]);
});

test("Dice, precision and recall by hand, null for a class in neither", () => {
  const scores = scoresOf(confusion(layer(4, 1, 0, 0, 1, 1), layer(4, 1, 0, 1, 1, 1), 3), 3);
  assert.deepEqual(scores.dice, [2 / 3, 4 / 5, null]);
  assert.deepEqual(scores.precision, [1 / 2, 1, null]);
  assert.deepEqual(scores.recall, [1, 2 / 3, null]);
  assert.equal(scores.mean, (2 / 3 + 4 / 5) / 2);
  assert.equal(scoresOf(new Uint32Array(4), 2).mean, null);
});

test("what a network never says has no precision, what the truth lacks no recall", () => {
  const scores = scoresOf(confusion(layer(2, 1, 0, 0), layer(2, 1, 1, 1), 2), 2);
  assert.deepEqual([scores.precision, scores.recall, scores.dice], [[0, null], [null, 0], [0, 0]]);
});

test("a map of another size answers with its nearest pixels", () => {
  const truth = layer(4, 2, 0, 0, 1, 1, 0, 0, 1, 1);
  assert.deepEqual([...confusion(layer(2, 1, 0, 1), truth, 2)], [4, 0, 0, 4]);
});
