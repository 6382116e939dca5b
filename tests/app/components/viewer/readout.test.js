// Who disagrees, with the truth or else with most.

import assert from "node:assert/strict";
import { test } from "node:test";

import { dissenters } from "../../../../seg/app/components/viewer/readout.js";

const UNLABELLED = 255;

function readings(truth, ...labels) {
  const out = new Map([["photo", null]]);
  if (truth !== null) out.set("truth", { role: "truth", label: truth });
  labels.forEach((label, i) => out.set(`n${i}`, label === null ? null : { role: "network", label }));
  return out;
}

test("with a truth, the networks that say something else", () => {
  assert.deepEqual(dissenters(readings(3, 3, 4, 4)), { against: "truth", ids: ["n1", "n2"], of: 3 });
  assert.deepEqual(dissenters(readings(3, 3, 3)), { against: "truth", ids: [], of: 2 });
});

test("where the truth has no class, or there is none, those that differ from most", () => {
  assert.deepEqual(dissenters(readings(UNLABELLED, 1, 2, 1)), { against: "majority", ids: ["n1"], of: 3 });
  assert.deepEqual(dissenters(readings(null, 0, 0, 0)), { against: "majority", ids: [], of: 3 });
});

test("nobody where votes are tied, single or absent", () => {
  const nobody = (of) => ({ against: "", ids: [], of });
  assert.deepEqual(dissenters(readings(null, 1, 2)), nobody(2));
  assert.deepEqual(dissenters(readings(null, 1, 1, 2, 2)), nobody(4));
  assert.deepEqual(dissenters(readings(null, 1)), nobody(1));
  assert.deepEqual(dissenters(readings(null)), nobody(0));
  assert.deepEqual(dissenters(readings(2)), nobody(0));
});

test("a network that has not answered neither votes nor disagrees", () => {
  assert.deepEqual(dissenters(readings(3, null, 3, 5)), { against: "truth", ids: ["n2"], of: 2 });
});
