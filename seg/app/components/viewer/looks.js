// How a viewer is looked at. It is kept here by the viewer's key in Python: a page may take the element away and bring
// it back.

const MOST_PICTURES = 24;
const lookByKey = new Map();

export function lookOf(key) {
  if (!lookByKey.has(key)) {
    lookByKey.set(key, {
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
      painting: false,
      tool: { kind: "brush", size: 12, chosen: 0 },
      views: new Map(),
      paintings: new Map(),
    });
  }
  return lookByKey.get(key);
}

// Keeps something of a picture, and forgets the pictures longest out of use.
export function remember(map, digest, value) {
  map.delete(digest);
  map.set(digest, value);
  if (map.size > MOST_PICTURES) map.delete(map.keys().next().value);
}
