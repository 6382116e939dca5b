// How many columns, and in what order.

import assert from "node:assert/strict";
import { test } from "node:test";

import { moved, ordered } from "../../../../seg/app/components/viewer/order.js";
import { columnsBelow, columnsFor } from "../../../../seg/app/components/viewer/panels.js";

test("as many columns as fit, in rows of nearly equal length", () => {
  assert.equal(columnsFor(9, 1376, 4 / 3), 5);
  assert.equal(columnsFor(9, 3776, 4 / 3), 5);
  assert.equal(columnsFor(8, 1000, 4 / 3), 4);
  assert.equal(columnsFor(9, 358, 4 / 3), 2);
  assert.equal(columnsFor(1, 1376, 4 / 3), 2);
});

test("few panels of an upright picture are no taller than they may be", () => {
  assert.equal(columnsFor(2, 980, 1, 450), 3);
  assert.equal(columnsFor(2, 980, 0.6, 450), 4);
  assert.equal(columnsFor(8, 980, 4 / 3, 450), 4);
  assert.equal(columnsFor(2, 358, 0.6, 422), 2);
});

test("small panels stay small below an enlarged one", () => {
  assert.equal(columnsBelow(1376), 8);
  assert.equal(columnsBelow(358), 2);
  assert.equal(columnsBelow(3776), 10);
});

test("panels stand in the visitor's order", () => {
  assert.deepEqual(ordered(["a", "b", "c"], ["c", "a", "b"]), ["c", "a", "b"]);
  assert.deepEqual(ordered(["a", "b", "c"], []), ["a", "b", "c"]);
});

test("a panel that the visitor has not placed stays behind the one before it", () => {
  assert.deepEqual(ordered(["a", "b", "new", "c"], ["c", "b", "a"]), ["c", "b", "new", "a"]);
  assert.deepEqual(ordered(["new", "newer", "a", "b"], ["b", "a"]), ["new", "newer", "b", "a"]);
});

test("a panel that is not shown now leaves no gap and has its place when it comes back", () => {
  const order = ["c", "a", "b"];
  assert.deepEqual(ordered(["a", "c"], order), ["c", "a"]);
  assert.deepEqual(ordered(["a", "b", "c"], order), order);
  // Others put in order meanwhile: what was hidden follows the one it stood behind.
  assert.deepEqual(ordered(["c", "a", "hidden", "b"], ["b", "a", "c"]), ["b", "a", "hidden", "c"]);
});

test("one panel is moved and the others keep their order", () => {
  assert.deepEqual(moved(["a", "b", "c", "d"], "a", 2), ["b", "c", "a", "d"]);
  assert.deepEqual(moved(["a", "b", "c", "d"], "d", 0), ["d", "a", "b", "c"]);
  assert.deepEqual(moved(["a", "b", "c"], "b", 99), ["a", "c", "b"]);
  assert.deepEqual(moved(["a", "b", "c"], "b", -1), ["b", "a", "c"]);
});
