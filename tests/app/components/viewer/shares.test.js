// How much of a map each class covers, and where the legend of a saved view goes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { shareText, sharesOf } from "../../../../seg/app/components/viewer/shares.js";
import { fitted, placed } from "../../../../seg/app/components/viewer/snapshot.js";

const widthOf = (text) => 10 * [...text].length;

test("shares are of all pixels, those without a class among them", () => {
  const shares = sharesOf({ data: Uint8Array.from([0, 0, 3, 255]) });
  assert.deepEqual([shares[0], shares[1], shares[3], shares[255]], [0.5, 0, 0.25, 0.25]);
});

test("a class of a few pixels is not written like one that is missing", () => {
  assert.deepEqual([0, 0.0001, 0.0005, 0.1234, 1].map(shareText), ["–", "< 0.1 %", "0.1 %", "12.3 %", "100.0 %"]);
});

test("a text too long for its place ends in dots, whole letters only", () => {
  assert.equal(fitted("U-Net", 50, widthOf), "U-Net");
  assert.equal(fitted("a longer name", 50, widthOf), "a lo…");
  assert.equal(fitted("🚗🚗🚗", 20, widthOf), "🚗…");
});

test("entries fill lines, and begin a new one where they do not fit", () => {
  const { entries, height } = placed([{ text: "sky" }, { text: "car" }, { text: "building" }], 140, widthOf);
  assert.deepEqual(
    entries.map(({ text, x, y }) => [text, x, y > 0]),
    [
      ["sky", 0, false],
      ["car", 66, false],
      ["building", 0, true],
    ],
  );
  assert.ok(height > entries.at(-1).y);
  assert.equal(placed([], 140, widthOf).height, 0);
});
