// What files are called.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fileName } from "../../../../seg/app/components/viewer/files.js";

test("a file is named for photo, panel and what it shows", () => {
  assert.equal(fileName("photo", "U-Net", "errors"), "photo-unet-errors.png");
  assert.equal(fileName("photo", "U-Net", "cat"), "photo-unet-cat.png");
  assert.equal(fileName("IMG 2034", "FCN-8s", "traffic sign"), "img-2034-fcn8s-traffic-sign.png");
  assert.equal(fileName("../..", "Encoder/decoder", "mask"), "encoder-decoder-mask.png");
  assert.equal(fileName("Straße", "own: unet", "overlay"), "straße-own-unet-overlay.png");
});
