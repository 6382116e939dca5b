// How a viewer is looked at. It is kept here by the viewer's key in Python: a page may take the element away and bring
// it back.

/** @import { Look } from "./types" */

const MOST_PICTURES = 24;
/** @type {Map<string, Look>} */
const lookByKey = new Map();

/** @type {(key: string) => Look} */
export function lookOf(key) {
  const look = lookByKey.get(key) ?? createLook();
  lookByKey.set(key, look);
  return look;
}

/** @type {() => Look} */
export function createLook() {
  return {
    mode: "overlay",
    opacity: 0.6,
    patterns: false,
    against: "",
    only: null,
    hidden: new Set(),
    colours: new Map(),
    order: [],
    enlarged: null,
    swipe: null,
    pinned: null,
    followed: 0,
    painting: false,
    tool: { kind: "brush", erase: false, size: 12, tolerance: 24, chosen: 0 },
    views: new Map(),
    paintings: new Map(),
  };
}

/**
 * Keeps something of a picture, and forgets the pictures longest out of use.
 * @template T
 * @param {Map<string, T>} map
 * @param {string} digest
 * @param {T} value
 */
export function remember(map, digest, value) {
  map.delete(digest);
  map.set(digest, value);
  if (map.size > MOST_PICTURES) map.delete([...map.keys()][0]);
}
