// Paintings that outlive a reload: in the storage of this tab alone, which goes with the tab, and only where the visitor
// has asked for it. Nothing else of a visitor stays in the browser.

/** @import { GreyMap, Size } from "./types" */

import { toBase64 } from "./files.js";

const ASKED = "seg-keeps-paintings";
const KEPT = "seg-painting ";
const MOST_PAINTINGS = 4;
const MOST_CHARACTERS = 500_000; // of one, packed: far more than a sketch has

export const isKeeping = () => sessionStorage.getItem(ASKED) === "1";

/** Without it what was kept goes at once. @param {boolean} keeps */
export function setKeeping(keeps) {
  if (keeps) sessionStorage.setItem(ASKED, "1");
  else for (const key of [ASKED, ...keysOf()]) sessionStorage.removeItem(key);
}

const keysOf = () => Object.keys(sessionStorage).filter((key) => key.startsWith(KEPT));

/**
 * Those longest out of use make room. Returns whether it could be kept.
 * @type {(name: string, map: GreyMap, classes: string[]) => Promise<boolean>}
 */
export async function keepPainting(name, { width, height, data }, classes) {
  const packed = new Blob([Uint8Array.from(data)]).stream().pipeThrough(new CompressionStream("deflate"));
  const pixels = await toBase64(await new Response(packed).blob());
  if (!isKeeping() || pixels.length > MOST_CHARACTERS) return false;
  const others = keysOf().filter((key) => key !== KEPT + name);
  const times = new Map(others.map((key) => [key, Number(JSON.parse(sessionStorage.getItem(key) ?? "{}").at) || 0]));
  others.sort((one, other) => Number(times.get(other)) - Number(times.get(one)));
  for (const key of others.slice(MOST_PAINTINGS - 1)) sessionStorage.removeItem(key);
  try {
    sessionStorage.setItem(KEPT + name, JSON.stringify({ width, height, classes, pixels, at: Date.now() }));
  } catch {
    return false; // the tab's storage is full
  }
  return true;
}

/**
 * One id a pixel, of a painting of this photo, size and classes; null where none is kept.
 * @type {(name: string, size: Size, classes: string[]) => Promise<Uint8Array | null>}
 */
export async function keptPainting(name, { width, height }, classes) {
  const text = isKeeping() ? sessionStorage.getItem(KEPT + name) : null;
  if (!text) return null;
  try {
    const kept = JSON.parse(text);
    if (kept.width !== width || kept.height !== height || JSON.stringify(kept.classes) !== JSON.stringify(classes)) return null;
    const packed = await (await fetch(`data:;base64,${kept.pixels}`)).blob();
    const stream = packed.stream().pipeThrough(new DecompressionStream("deflate"));
    const ids = new Uint8Array(await new Response(stream).arrayBuffer());
    return ids.length === width * height ? ids : null;
  } catch {
    return null; // somebody else wrote there
  }
}
