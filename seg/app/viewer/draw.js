// One panel painted: what lies at the bottom, what over it.

import { layerOf } from "./decode.js";
import { scaleOf } from "./view.js";
import { tintClasses, tintConfidence, tintErrors } from "./tint.js";

const SMOOTH_PHOTO_BELOW = 3;
const FAINT = 0.35;

// The pictures that make up a panel: `base` is "picture", "faint" or null, `top` a picture or null.
export function layersOf(panel, look, scene) {
  if (panel.role === "photo") return { base: "picture", baseAlpha: 1, top: null, topAlpha: 0 };
  if (panel.state !== "ready") return { base: "faint", baseAlpha: FAINT, top: null, topAlpha: 0 };
  const overlay = () => {
    const base = look.only === null ? "picture" : "faint";
    const top = tint(panel, "overlay", look, scene, (labels) => tintClasses(labels, scene.classes, look.only, 0, 0));
    return { base, baseAlpha: 1, top, topAlpha: look.opacity };
  };
  const isTruth = panel.role === "truth";
  if (look.mode === "photo") return { base: "picture", baseAlpha: 1, top: null, topAlpha: 0 };
  if (look.mode === "mask") {
    const top = tint(panel, "mask", look, scene, (labels) => tintClasses(labels, scene.classes, look.only, 255, 40));
    return { base: null, baseAlpha: 0, top, topAlpha: 1 };
  }
  if (look.mode === "errors" && !isTruth) {
    const truth = layerOf(scene.truth);
    const draw = (labels) => tintErrors(labels, truth, scene.classes, look.only);
    const top = truth?.ready ? tint(panel, `errors ${scene.truth}`, look, scene, draw) : null;
    return { base: "faint", baseAlpha: 1, top, topAlpha: 1 };
  }
  if (look.mode === "confidence" && !isTruth) {
    const confidence = layerOf(panel.confidence);
    if (!confidence?.ready) return { base: "faint", baseAlpha: FAINT, top: null, topAlpha: 0 };
    const draw = (labels) => tintConfidence(confidence, labels, look.only);
    const top = tint(panel, `confidence ${panel.confidence}`, look, scene, draw);
    return { base: look.only === null ? null : "faint", baseAlpha: 1, top, topAlpha: 1 };
  }
  return overlay();
}

// A panel keeps its last coloured map: panning and zooming only draw it again.
function tint(panel, name, look, scene, make) {
  const wanted = `${name} ${look.only} ${panel.labels} ${scene.classesKey}`;
  if (panel.tint?.wanted !== wanted) {
    panel.tint?.picture.close();
    panel.tint = { wanted, picture: make(layerOf(panel.labels)) };
  }
  return panel.tint.picture;
}

export function paint(canvas, layers, view, box, photo, picture) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(box.width * ratio));
  const height = Math.max(1, Math.round(box.height * ratio));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const scale = scaleOf(view, box, picture) * ratio;
  const frame = {
    left: width / 2 - view.x * picture.width * scale,
    top: height / 2 - view.y * picture.height * scale,
    width: picture.width * scale,
    height: picture.height * scale,
  };
  if (layers.base) {
    const source = photo[layers.base];
    const magnified = frame.width / source.width;
    drawPart(context, source, frame, magnified < SMOOTH_PHOTO_BELOW, layers.baseAlpha);
  }
  if (layers.top) {
    // Made smaller, thin things would break into dots; made larger, every pixel has its edges.
    drawPart(context, layers.top, frame, frame.width < layers.top.width, layers.topAlpha);
  }
}

// Draws only the part of `source` that falls into the canvas: at high zoom the rest would cost most of the time.
function drawPart(context, source, frame, smooth, alpha) {
  const { width, height } = context.canvas;
  const x0 = Math.max(0, Math.floor((-frame.left / frame.width) * source.width));
  const y0 = Math.max(0, Math.floor((-frame.top / frame.height) * source.height));
  const x1 = Math.min(source.width, Math.ceil(((width - frame.left) / frame.width) * source.width));
  const y1 = Math.min(source.height, Math.ceil(((height - frame.top) / frame.height) * source.height));
  if (x1 <= x0 || y1 <= y0) return;
  const stepX = frame.width / source.width;
  const stepY = frame.height / source.height;
  context.imageSmoothingEnabled = smooth;
  // Down to a half, looking at the four nearest pixels is enough, and much faster.
  context.imageSmoothingQuality = stepX > 0.5 ? "low" : "medium";
  context.globalAlpha = alpha;
  context.drawImage(
    source,
    x0,
    y0,
    x1 - x0,
    y1 - y0,
    frame.left + x0 * stepX,
    frame.top + y0 * stepY,
    (x1 - x0) * stepX,
    (y1 - y0) * stepY,
  );
  context.globalAlpha = 1;
}
