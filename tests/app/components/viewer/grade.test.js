import assert from "node:assert/strict";
import { test } from "node:test";

import { confusion, dice, meanDice } from "../../../../seg/app/components/viewer/grade.js";

const layer = (width, height, ...data) => ({ width, height, data: Uint8Array.from(data) });

test("rows are the truth, columns the map, ignored pixels of either are left out", () => {
  const truth = layer(3, 2, 0, 0, 1, 1, 255, 2);
  const map = layer(3, 2, 0, 1, 1, 255, 0, 2);
  assert.deepEqual([...confusion(map, truth, 3)], [1, 1, 0, 0, 1, 0, 0, 0, 1]);
});

test("Dice by hand, not-a-number for a class in neither", () => {
  const values = dice(confusion(layer(4, 1, 0, 0, 1, 1), layer(4, 1, 0, 1, 1, 1), 3), 3);
  assert.equal(values[0], 2 / 3);
  assert.equal(values[1], 4 / 5);
  assert.ok(Number.isNaN(values[2]));
  assert.equal(meanDice(values), (2 / 3 + 4 / 5) / 2);
  assert.ok(Number.isNaN(meanDice([NaN])));
});

test("a map of another size answers with its nearest pixels", () => {
  const truth = layer(4, 2, 0, 0, 1, 1, 0, 0, 1, 1);
  assert.deepEqual([...confusion(layer(2, 1, 0, 1), truth, 2)], [4, 0, 0, 4]);
});
