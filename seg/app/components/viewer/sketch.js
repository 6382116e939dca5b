// The truth that the visitor paints over the picture shown: its tools, its history, its grades, its way to Python.

/** @import { Painting } from "./painting.js" */
/** @import { createScoring } from "./scoring.js" */
/** @import { State } from "./state.js" */
/** @import { Painted, Point, Tool } from "./types" */

import { find } from "../dom.js";
import { photoOf, pixelsOf } from "./decode.js";
import { download, toBase64 } from "./files.js";
import { isKeeping, keepPainting, keptPainting, setKeeping } from "./keeping.js";
import { remember } from "./looks.js";
import { maskPng } from "./mask_file.js";
import { createGrades, createPainter } from "./painter.js";
import { clear, createPainting, endStroke, fill, isEmpty, polygon, redo, startFrom, stroke, undo, wand } from "./painting.js";
import { IGNORE } from "./tint.js";

const REST_MS = 150; // after a change, before it is told

/**
 * @param {HTMLElement} root
 * @param {State} state
 * @param {ReturnType<typeof createScoring>} scoring
 * @param {(png: string) => void} send the file in base64 that becomes the truth
 * @param {(paintings: Painted[]) => void} tell what has been painted, where that is what the viewer is there for
 */
export function createSketch(root, state, scoring, send, tell) {
  const { look } = state;
  const [element, gradesElement] = [find(root, ".painter"), find(root, ".grades")];
  const showGrades = createGrades(gradesElement);
  const painter = createPainter(element, {
    tool: setTool,
    start: (name) => {
      const network = state.readyNetworks().find((one) => one.name === name);
      if (network) edit((map) => startFrom(map, network.map));
    },
    undo: undone,
    redo: () => edit(redo),
    clear: () => edit(clear),
    close,
    keep: (keeps) => {
      setKeeping(keeps);
      keep();
      showTools();
    },
    use: async () => send(await toBase64(await maskPng(state.painting(), state.classes))),
    download: async () => download(await maskPng(state.painting(), state.classes), `${state.data.name ?? "photo"}-truth-ids.png`),
  });
  /** @type {Point | null} */
  let last = null; // of the stroke, in pixels of the map
  /** @type {{ at: Point, id: number, version: number } | null} */
  let lastWand = null; // the step of the history that another tolerance makes anew
  let lasso = false; // whether the outline is drawn in one go
  let outlined = IGNORE; // what will be painted within it
  /** @type {Set<string>} */
  const restored = new Set(); // photos whose kept painting has been looked for
  /** @type {Map<string, Painting>} */
  const untold = new Map();
  let resting = 0;

  /** @param {(map: Painting) => void} change */
  function edit(change) {
    change(state.painting());
    state.arrived();
    note();
  }

  function note() {
    const { paint } = state.data;
    if (!paint) return keep();
    untold.set(paint, state.painting());
    clearTimeout(resting);
    resting = setTimeout(tellAll, REST_MS);
  }

  // What a reload brings back, where the visitor wants that.
  function keep() {
    if (!isKeeping()) return;
    clearTimeout(resting);
    const { digest } = state.data.photo;
    const [map, { names }] = [state.painting(), state.classes];
    resting = setTimeout(() => keepPainting(digest, map, names).then(painter.kept), REST_MS);
  }

  async function restore() {
    const { photo, paint } = state.data;
    const { digest } = photo;
    if (paint || restored.has(digest) || look.paintings.has(digest)) return;
    restored.add(digest);
    const [width, height] = [photo.sentWidth, photo.sentHeight];
    const ids = await keptPainting(digest, { width, height }, state.classes.names);
    if (!ids || look.paintings.has(digest)) return;
    remember(look.paintings, digest, createPainting(width, height, ids));
    if (state.data.photo.digest !== digest) return;
    if (look.painting) state.arrived();
    else state.togglePaint();
  }

  async function tellAll() {
    const changed = [...untold];
    untold.clear();
    const encoded = changed.map(async ([paint, map]) => ({ paint, png: await toBase64(await maskPng(map, state.classes)) }));
    tell(await Promise.all(encoded));
  }

  /** @type {(point: Point) => Point} from shares of the picture to pixels of the map */
  const toMap = ({ x, y }) => ({ x: x * state.painting().width, y: y * state.painting().height });

  /**
   * @param {"start" | "move" | "end"} phase
   * @param {Point | null} at a point of the picture; null at the end
   * @param {boolean} other whether to erase where one would paint, and the other way round
   * @param {number} reach how near is near, in widths of the picture
   */
  function draw(phase, at, other, reach) {
    const { kind, erase, chosen } = look.tool;
    const id = erase !== other ? IGNORE : chosen;
    if (kind === "brush") brush(phase, at && toMap(at), id);
    else if (kind === "polygon") outline(phase, at, reach, id);
    else if (phase === "start" && at) edit((map) => (kind === "fill" ? fill(map, toMap(at), id) : takeAlike(map, at, id)));
  }

  /** @type {(phase: string, point: Point | null, id: number) => void} */
  function brush(phase, point, id) {
    const map = state.painting();
    const radius = (look.tool.size * map.width) / state.data.photo.width / 2;
    if (point) stroke(map, phase === "start" || !last ? point : last, point, radius, id);
    last = point;
    if (point) return state.drawn();
    endStroke(map);
    state.arrived();
    note();
  }

  /** @type {(map: Painting, at: Point, id: number) => void} */
  function takeAlike(map, at, id) {
    const photo = photoOf(state.data.photo.digest);
    if (!photo) return;
    wand(map, pixelsOf(photo), toMap(at), look.tool.tolerance, id);
    lastWand = { at, id, version: map.version };
  }

  // Corner after corner, or around it in one go, which closes it.
  /** @type {(phase: string, at: Point | null, reach: number, id: number) => void} */
  function outline(phase, at, reach, id) {
    const corners = state.outline;
    const first = corners[0];
    if (phase === "start" && at) {
      outlined = id;
      if (corners.length > 2 && near(at, first, reach)) return close();
      lasso = !corners.length;
      state.setOutline([...corners, at]);
    } else if (phase === "move" && at && corners.length && !near(at, corners[corners.length - 1], reach / 4)) {
      state.setOutline([...corners, at]);
    } else if (phase === "end" && lasso && corners.length > 2) close();
  }

  /** @type {(one: Point, other: Point, reach: number) => boolean} */
  function near(one, other, reach) {
    const { width, height } = state.data.photo;
    return Math.hypot(one.x - other.x, ((one.y - other.y) * height) / width) <= reach;
  }

  function close() {
    const corners = state.outline.map(toMap);
    state.setOutline([]);
    if (corners.length > 2) edit((map) => polygon(map, corners, outlined));
  }

  /** @param {Partial<Tool>} change */
  function setTool(change) {
    state.setTool(change);
    const map = state.painting();
    if (change.tolerance === undefined || lastWand?.version !== map.version) return;
    const { at, id } = lastWand;
    edit(() => {
      undo(map);
      takeAlike(map, at, id);
    });
  }

  // A corner, or a step.
  function undone() {
    if (state.outline.length) state.setOutline(state.outline.slice(0, -1));
    else edit(undo);
  }

  function grade() {
    const started = performance.now();
    const truth = state.panel("truth");
    const rows = (isEmpty(state.painting()) ? [] : state.panels).flatMap((panel) => {
      const scores = panel.role === "network" && scoring.against(panel, truth);
      return scores ? [{ name: panel.name, scores }] : [];
    });
    showGrades(rows, state.classes);
    gradesElement.dataset.milliseconds = (performance.now() - started).toFixed(1);
  }

  function show() {
    element.hidden = gradesElement.hidden = !look.painting;
    root.toggleAttribute("data-paint-only", Boolean(state.data.paint));
    find(element, ".keeps").hidden = Boolean(state.data.paint);
    find(element, '[data-paint="use"]').hidden = !state.data.takesTruth;
    if (look.painting) showTools();
  }

  function showTools() {
    const map = state.painting();
    painter.update({
      ...look.tool,
      corners: state.outline.length,
      classes: state.classes,
      networks: state.readyNetworks().map((network) => network.name),
      canUndo: map.past.length > 0,
      canRedo: map.future.length > 0,
      empty: isEmpty(map),
      keeping: isKeeping(),
    });
  }

  return { restore, draw, grade, show, setTool, close, undo: undone, redo: () => edit(redo) };
}
