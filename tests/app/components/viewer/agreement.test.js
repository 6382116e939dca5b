// What most say, and how far each map says the same.

import assert from "node:assert/strict";
import { test } from "node:test";

import { agreementOf, majorityOf } from "../../../../seg/app/components/viewer/agreement.js";

const NONE = 255;
const layer = (width, height, ...data) => ({ width, height, data: Uint8Array.from(data) });

test("the majority is what more than one says and more than say anything else", () => {
  const maps = [layer(5, 1, 0, 0, 0, 0, NONE), layer(5, 1, 0, 1, 1, 1, NONE), layer(5, 1, 1, 2, 1, 1, 3)];
  assert.deepEqual([...majorityOf(maps).data], [0, NONE, 1, 1, NONE]);
  const four = [layer(2, 1, 0, 0), layer(2, 1, 0, 1), layer(2, 1, 1, 1), layer(2, 1, 1, 1)];
  assert.deepEqual([...majorityOf(four).data], [NONE, 1]);
});

test("two maps agree at the pixels where they say the same, and a tie is no agreement", () => {
  const [one, other] = [layer(4, 1, 0, 1, 2, 3), layer(4, 1, 0, 1, 2, 0)];
  const majority = majorityOf([one, other]);
  assert.equal(agreementOf(one, majority), 0.75);
  assert.equal(agreementOf(other, majority), 0.75);
});

test("the one that says something else agrees least", () => {
  const maps = [layer(4, 1, 0, 0, 1, 1), layer(4, 1, 0, 0, 1, 1), layer(4, 1, 0, 2, 2, 2)];
  const majority = majorityOf(maps);
  assert.deepEqual(maps.map((map) => agreementOf(map, majority)), [1, 1, 0.25]);
});

test("on one class, the share of the pixels that either calls so, and null where neither does", () => {
  const maps = [layer(4, 1, 0, 0, 1, 1), layer(4, 1, 0, 0, 1, 1), layer(4, 1, 0, 1, 1, 1)];
  const majority = majorityOf(maps);
  assert.deepEqual(maps.map((map) => agreementOf(map, majority, 0)), [1, 1, 0.5]);
  assert.equal(agreementOf(maps[0], majority, 7), null);
});

test("maps of other sizes answer with their nearest pixels", () => {
  const [large, small] = [layer(4, 1, 0, 0, 1, 1), layer(2, 1, 0, 1)];
  assert.equal(agreementOf(small, majorityOf([large, small])), 1);
});
