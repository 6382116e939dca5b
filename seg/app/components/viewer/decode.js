// What arrives in base64 becomes pixels once and is found by its digest ever after.

/** @import { GreyMap, Layer, Photo } from "./types" */

import { contextOf } from "../dom.js";

const LIMIT = 192 * 2 ** 20;

/** @type {(base64: string) => Uint8Array<ArrayBuffer>} */
export function toBytes(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/**
 * The numbers of an 8-bit grey PNG, exactly. Not by way of a canvas: some browsers change what is read back from one.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<GreyMap>}
 */
export async function decodeGrey(bytes) {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = header.getUint32(16);
  const height = header.getUint32(20);
  if (bytes[24] !== 8 || bytes[25] !== 0 || bytes[28] !== 0) throw new Error("not a plain 8-bit grey PNG");
  const packed = [];
  for (let at = 8; at < bytes.length; ) {
    const length = header.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") packed.push(bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const stream = new Blob(packed).stream().pipeThrough(new DecompressionStream("deflate"));
  const rows = new Uint8Array(await new Response(stream).arrayBuffer());
  return { width, height, data: unfilter(rows, width, height) };
}

/**
 * PNG specification, section 9: every row names the neighbours that its bytes are differences to.
 * @type {(rows: Uint8Array, width: number, height: number) => Uint8Array}
 */
function unfilter(rows, width, height) {
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (width + 1)];
    const from = y * (width + 1) + 1;
    const to = y * width;
    for (let x = 0; x < width; x++) {
      const left = x > 0 ? out[to + x - 1] : 0;
      const up = y > 0 ? out[to + x - width] : 0;
      let guess = 0;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = up;
      else if (filter === 3) guess = (left + up) >> 1;
      else if (filter === 4) guess = paeth(left, up, x > 0 && y > 0 ? out[to + x - width - 1] : 0);
      out[to + x] = rows[from + x] + guess;
    }
  }
  return out;
}

/** @type {(left: number, up: number, corner: number) => number} */
function paeth(left, up, corner) {
  const byLeft = Math.abs(up - corner);
  const byUp = Math.abs(left - corner);
  const byCorner = Math.abs(left + up - 2 * corner);
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

/** @type {(bytes: Uint8Array<ArrayBuffer>) => Promise<Photo>} */
async function decodePhoto(bytes) {
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  const { width, height } = picture;
  const canvas = new OffscreenCanvas(width, height);
  const context = contextOf(canvas, { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const image = context.getImageData(0, 0, width, height);
  const pixels = image.data;
  for (let i = 0; i < pixels.length; i += 4) {
    const shade = 0.299 * pixels[i] + 0.587 * pixels[i + 1] + 0.114 * pixels[i + 2];
    pixels[i] = pixels[i + 1] = pixels[i + 2] = 64 + shade * 0.5;
  }
  context.putImageData(image, 0, 0);
  return { width, height, picture, faint: canvas.transferToImageBitmap() };
}

/**
 * The colours of a photo, four numbers a pixel.
 * @type {(photo: Photo) => Uint8ClampedArray}
 */
export function pixelsOf(photo) {
  if (!photo.pixels) {
    const { width, height } = photo;
    const context = contextOf(new OffscreenCanvas(width, height), { willReadFrequently: true });
    context.drawImage(photo.picture, 0, 0);
    photo.pixels = context.getImageData(0, 0, width, height).data;
  }
  return photo.pixels;
}

/** @type {Map<string, Layer>} */
const known = new Map();

/** @type {(digest?: string | null) => Layer | undefined} */
export const layerOf = (digest) => (digest ? known.get(digest) : undefined);

/**
 * The numbers of a layer, null while they are not here.
 * @type {(digest?: string | null) => GreyMap | null}
 */
export const mapOf = (digest) => layerOf(digest)?.map ?? null;

/** @type {(digest?: string | null) => Photo | null} */
export const photoOf = (digest) => layerOf(digest)?.photo ?? null;

/** @type {(layer?: Layer) => boolean} */
export const isReady = (layer) => Boolean(layer?.map ?? layer?.photo);

/**
 * Decodes the file of a layer unless it is here already; `decoding` of the layer tells when that has come to an end.
 * @param {string} digest
 * @param {string} base64
 */
export function admit(digest, base64) {
  if (known.has(digest)) return;
  /** @type {Layer} */
  const layer = { error: false, map: null, photo: null, decoding: Promise.resolve() };
  known.set(digest, layer);
  const bytes = toBytes(base64);
  const decoded = digest.startsWith("photo-")
    ? decodePhoto(bytes).then((photo) => void (layer.photo = photo))
    : decodeGrey(bytes).then((map) => void (layer.map = map));
  layer.decoding = decoded.catch((error) => {
    console.error("A layer cannot be decoded:", error);
    layer.error = true;
  });
}

/**
 * A map made in the browser becomes a layer; its digest tells the version, and earlier versions go.
 * @type {(name: string, version: number, map: GreyMap) => string}
 */
export function keep(name, version, map) {
  const digest = `${name} ${version}`;
  if (mapOf(digest) === map) return digest;
  for (const old of [...known.keys()]) if (old.startsWith(`${name} `)) known.delete(old);
  known.set(digest, { error: false, map, photo: null, decoding: Promise.resolve() });
  return digest;
}

/**
 * Forgets the layers longest out of use until the rest fits the limit. Those in `used` stay.
 * @param {Set<string>} used
 */
export function forget(used) {
  for (const digest of used) {
    const layer = known.get(digest);
    if (!layer) continue;
    known.delete(digest);
    known.set(digest, layer);
  }
  let size = 0;
  for (const layer of known.values()) size += sizeOf(layer);
  for (const [digest, layer] of known) {
    if (size <= LIMIT || used.has(digest)) break;
    size -= sizeOf(layer);
    known.delete(digest);
  }
}

/** @type {(layer: Layer) => number} */
function sizeOf({ map, photo }) {
  return photo ? photo.width * photo.height * 8 : map ? map.data.length : 0;
}
