// The view that all panels share: zoom 1 shows the whole picture, (x, y) is the point of the picture in the middle of a
// box, both from 0 to 1. A box is what a panel draws in, in CSS pixels.

/** @import { Point, Size, View } from "./types" */

const LARGEST_PIXEL = 48;

/** @type {View} */
export const WHOLE = { zoom: 1, x: 0.5, y: 0.5 };

/**
 * CSS pixels of the box for each pixel of the picture.
 * @type {(view: Pick<View, "zoom">, box: Size, picture: Size) => number}
 */
export function scaleOf(view, box, picture) {
  return Math.min(box.width / picture.width, box.height / picture.height) * view.zoom;
}

/** @type {(view: View, box: Size, picture: Size) => View} */
export function clampView(view, box, picture) {
  const largest = Math.max(8, LARGEST_PIXEL / scaleOf(WHOLE, box, picture));
  const zoom = Math.min(Math.max(view.zoom, 1), largest);
  const scale = scaleOf({ zoom }, box, picture);
  // No nearer to an edge than half a box; the middle where the picture is smaller than the box.
  const marginX = Math.min(0.5, box.width / (2 * scale * picture.width));
  const marginY = Math.min(0.5, box.height / (2 * scale * picture.height));
  return {
    zoom,
    x: Math.min(Math.max(view.x, marginX), 1 - marginX),
    y: Math.min(Math.max(view.y, marginY), 1 - marginY),
  };
}

/** @type {(view: View, box: Size, picture: Size, at: Point) => Point} */
export function toPicture(view, box, picture, at) {
  const scale = scaleOf(view, box, picture);
  return {
    x: view.x + (at.x - box.width / 2) / (scale * picture.width),
    y: view.y + (at.y - box.height / 2) / (scale * picture.height),
  };
}

/** @type {(view: View, box: Size, picture: Size, point: Point) => Point} */
export function toBox(view, box, picture, point) {
  const scale = scaleOf(view, box, picture);
  return {
    x: box.width / 2 + (point.x - view.x) * scale * picture.width,
    y: box.height / 2 + (point.y - view.y) * scale * picture.height,
  };
}

/**
 * Zooms by `factor`; what lies under `at` stays there.
 * @type {(view: View, box: Size, picture: Size, at: Point, factor: number) => View}
 */
export function zoomAt(view, box, picture, at, factor) {
  const point = toPicture(view, box, picture, at);
  const { zoom } = clampView({ ...view, zoom: view.zoom * factor }, box, picture);
  const scale = scaleOf({ zoom }, box, picture);
  const x = point.x - (at.x - box.width / 2) / (scale * picture.width);
  const y = point.y - (at.y - box.height / 2) / (scale * picture.height);
  return clampView({ zoom, x, y }, box, picture);
}

/**
 * Moves the picture by (dx, dy) CSS pixels.
 * @type {(view: View, box: Size, picture: Size, dx: number, dy: number) => View}
 */
export function panBy(view, box, picture, dx, dy) {
  const scale = scaleOf(view, box, picture);
  const x = view.x - dx / (scale * picture.width);
  const y = view.y - dy / (scale * picture.height);
  return clampView({ zoom: view.zoom, x, y }, box, picture);
}
