// The files that a visitor takes along.

import { make } from "../dom.js";

/**
 * A file's name from words, as in photo-unet-errors.png.
 * @type {(photo: string, panel: string, what: string) => string}
 */
export function fileName(photo, panel, what) {
  return `${[photo, panel.replaceAll("-", ""), what].map(slug).filter(Boolean).join("-")}.png`;
}

/** @type {(words: string) => string} */
const slug = (words) => words.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "");

/** @type {(blob: Blob, name: string) => void} */
export function download(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @type {(blob: Blob) => Promise<string>} */
export async function toBase64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}
