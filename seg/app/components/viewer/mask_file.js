// A label map as a palette PNG: its indices are the class ids, 255 is not labelled.

/** @import { Classes, GreyMap } from "./types" */

/** @type {(map: GreyMap, classes: Classes) => Promise<Blob>} */
export async function maskPng({ width, height, data }, classes) {
  const palette = new Uint8Array(256 * 3);
  classes.colours.forEach((colour, id) => palette.set(colour, id * 3));
  palette.set(classes.ignoreColour, 255 * 3);
  const rows = new Uint8Array(height * (width + 1)); // every row begins with its filter, 0 for none
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const stream = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits, palette
  const signature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
  const parts = [chunk("IHDR", header), chunk("PLTE", palette), chunk("IDAT", packed), chunk("IEND", new Uint8Array(0))];
  return new Blob([signature, ...parts], { type: "image/png" });
}

/** @type {(type: string, content: Uint8Array) => Uint8Array<ArrayBuffer>} */
function chunk(type, content) {
  const out = new Uint8Array(content.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(content, 8);
  view.setUint32(content.length + 8, crc(out.subarray(4, content.length + 8)));
  return out;
}

/** @type {(bytes: Uint8Array) => number} */
function crc(bytes) {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}
