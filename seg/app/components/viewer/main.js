// The component: what Python says and what the visitor does changes the state, and the screen follows in one frame.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @import { Change } from "./state.js" */
/** @import { GreyMap, Message, Point, Size, Tell, Told } from "./types" */

import { createSaying } from "../address.js";
import { find, targetOf } from "../dom.js";
import { createCrosshair } from "./crosshair.js";
import { createCutout } from "./cutout.js";
import { admit, forget, isReady, layerOf, mapOf } from "./decode.js";
import { download, fileName } from "./files.js";
import { createLegend } from "./legend.js";
import { createPanels } from "./panels.js";
import { listen } from "./pointer.js";
import { createReadout } from "./readout.js";
import { createRenderer } from "./render.js";
import { rove } from "./roving.js";
import { createScoring } from "./scoring.js";
import { createShares, sharesOf } from "./shares.js";
import { createSketch } from "./sketch.js";
import { MODES, State } from "./state.js";
import { showTitles } from "./titles.js";
import { createToolbar } from "./toolbar.js";
import { panBy, scaleOf, toPicture, WHOLE, zoomAt } from "./view.js";

const MOST_REQUESTS = 3;
const NEAR = 12; // CSS pixels around the first corner of a polygon that close it
/** @type {("wrong" | "found" | "missed" | "invented")[]} */
const COLOURS = ["wrong", "found", "missed", "invented"];

/**
 * @param {HTMLElement} root
 * @param {Message} message
 */
function createViewer(root, message) {
  const state = new State(message, show);
  const { look } = state;
  const saying = createSaying();
  const grid = find(root, ".grid");
  const panels = createPanels(grid, find(root, ".panel-template", HTMLTemplateElement), {
    reorder: (ids) => state.reorder(ids),
    enlarge,
  });
  const panelStops = rove(grid, "figure button");
  const showShares = createShares(find(root, ".shares", HTMLDetailsElement));
  const readout = createReadout(find(root, ".readout"), find(root, ".cell-template", HTMLTemplateElement));
  const scoring = createScoring(state);
  const renderer = createRenderer(root, state, panels, scoring);
  const showPoint = createCrosshair(root, state, panels, readout);
  const sketch = createSketch(root, state, scoring, (png) => tell("truth", { png, photo: state.data.photo.digest }), (paintings) =>
    tell("painted", paintings),
  );
  const cutout = createCutout(grid, state, panels, (name, value) => tell(name, value));
  const toolbar = createToolbar(root, state, { zoom: (factor) => zoomBy(factor), paint: togglePaint, save });
  const legend = createLegend(find(root, ".legend"), {
    choose: (name) => state.choose(name),
    point: (name) => state.pointAtClass(name),
    edit: {
      hide: (name) => state.hide(name),
      recolour: (name, colour) => state.recolour(name, colour),
      patterns: () => state.togglePatterns(),
    },
  });
  /** @type {Map<string, number>} */
  const requests = new Map();
  /** @type {WeakMap<GreyMap, Float64Array>} */
  const shares = new WeakMap();
  /** @type {Tell} */
  let tell = () => {};
  let frame = 0;
  let stale = false;
  let titled = false;
  let calls = 0;

  grid.addEventListener("click", (event) => {
    const button = targetOf(event).closest(".keep");
    const panel = panels.all().find((one) => button && one.element.contains(button));
    if (panel) toolbar.report(save(panel.id));
  });
  const resized = new ResizeObserver(refit);
  listenToPanels();

  // Python

  /**
   * Returns what stops the viewer until the next call.
   * @type {(message: Message, emit: Tell) => () => void}
   */
  function update(message, emit) {
    const call = ++calls;
    resized.observe(grid);
    tell = emit;
    for (const [digest, layer] of Object.entries(message.layers)) if (!digest.startsWith("cut-")) admit(digest, layer);
    const used = new Set(digestsOf(message));
    for (const digest of used) {
      const layer = layerOf(digest);
      if (layer && !isReady(layer) && !layer.error) layer.decoding.then(() => state.arrived());
    }
    forget(used);
    request([...[...used].filter((digest) => !layerOf(digest)), ...cutout.receive(message)]);
    for (const name of COLOURS) root.style.setProperty(`--${name}`, `rgb(${message.classes[`${name}Colour`].join(" ")})`);
    state.receive(message, saying.hear(message.said, (text) => emit("look", text)));
    sketch.restore();
    return () => call === calls && rest();
  }

  /** @type {(message: Message) => string[]} */
  function digestsOf({ photo, truth, panels: networks }) {
    const maps = [truth, ...networks].flatMap((panel) => [panel?.labels ?? "", panel?.confidence ?? ""]);
    return [photo.digest, ...maps].filter(Boolean);
  }

  // Python sends every layer once. One that is lost, or forgotten here, is asked for; not for ever, though.
  /** @param {string[]} digests */
  function request(digests) {
    const missing = digests.filter((digest) => (requests.get(digest) ?? 0) < MOST_REQUESTS);
    for (const digest of missing) requests.set(digest, (requests.get(digest) ?? 0) + 1);
    if (missing.length) tell("missing", missing);
  }

  function rest() {
    saying.rest();
    resized.disconnect();
    cancelAnimationFrame(frame);
    frame = 0;
  }

  // The visitor

  function listenToPanels() {
    // Of the panel's box, or of the one looked at.
    /** @type {(id: string | null) => Size} */
    const sizeOf = (id) => panels.get(id ?? "")?.size ?? state.box ?? { width: 0, height: 0 };
    listen(grid, {
      zoom: (at, factor, id) => zoomBy(factor, at, id),
      pan: (dx, dy, id) => state.setView(panBy(state.view(), sizeOf(id), state.data.photo, dx, dy)),
      point: (id, at) => state.setPoint(id, toPicture(state.view(), sizeOf(id), state.data.photo, at)),
      move: (dx, dy) => {
        const { width, height } = state.data.photo;
        const { id, x, y } = state.pointed ?? { id: null, ...state.view() };
        state.setPoint(id, { x: x + dx / width, y: y + dy / height });
        if (state.pointed) look.pinned = { ...state.pointed, photo: state.data.photo.digest };
      },
      pin: (id, at) => state.pin(id, toPicture(state.view(), sizeOf(id), state.data.photo, at)),
      leave: () => state.setPoint(null, null),
      reset: () => state.setView(WHOLE),
      isWhole: () => state.view().zoom <= 1,
      isPainting: () => look.painting,
      draw: (phase, id, at, other) => {
        const { photo } = state.data;
        const reach = NEAR / (scaleOf(state.view(), sizeOf(id), photo) * photo.width);
        sketch.draw(phase, at && toPicture(state.view(), sizeOf(id), photo, at), other, reach);
      },
      tool: (kind) => sketch.setTool(kind === "erase" ? { erase: !look.tool.erase } : { kind }),
      finish: () => sketch.close(),
      divider: (at) => state.setDivider(at),
      mode: (i) => state.setMode(MODES[i]),
      opacity: (delta) => state.setOpacity(look.opacity + delta),
      toggleSwipe: () => state.toggleSwipe(),
      togglePaint,
      enlarge: (id) => enlarge(id ?? state.pointed?.id ?? null),
      undo: () => look.painting && sketch.undo(),
      redo: () => look.painting && sketch.redo(),
      back: () => state.back(),
    });
  }

  function togglePaint() {
    state.togglePaint();
    if (look.painting) bring(look.enlarged);
  }

  /** @param {string | null} id */
  function bring(id) {
    panels.get(id ?? "")?.element.scrollIntoView({ block: "nearest" });
  }

  // The panel stays in sight, wherever it goes.
  /** @param {string | null} id */
  function enlarge(id) {
    const panel = id ?? look.enlarged;
    if (!panel) return;
    state.enlarge(id);
    bring(panel);
  }

  /** @type {(factor: number, at?: Point | null, id?: string | null) => void} */
  function zoomBy(factor, at = null, id = null) {
    const size = panels.get(id ?? "")?.size ?? state.box;
    if (!size) return;
    const middle = { x: size.width / 2, y: size.height / 2 };
    state.setView(zoomAt(state.view(), size, state.data.photo, at ?? middle, factor));
  }

  /** @param {string | null} id one panel, null for all that are looked at */
  async function save(id = null) {
    const columns = Number(getComputedStyle(grid).getPropertyValue("--columns")) || 1;
    const one = id ?? state.alone();
    const blob = await renderer.saved(columns, toolbar.magnification(), one);
    const { name = "photo" } = state.data;
    if (blob) download(blob, fileName(name, panels.get(one ?? "")?.name ?? "all", state.mode()));
  }

  // The screen

  /** @param {Change} what has changed */
  function show(what) {
    if (what === "panels" || what === "stroke") panels.update(state.panels, look.order);
    if (what === "panels") {
      readout.setPanels(state.singles());
      panelStops();
      if (look.painting) sketch.grade();
    }
    if (what === "panels" || what === "look") {
      showLegend();
      toolbar.show();
      sketch.show();
      cutout.show();
    }
    if (what === "panels" || what === "look" || what === "class") titled = false;
    if (what === "tool") sketch.show();
    if (what === "panels" || what === "layout") refit();
    else schedule(what !== "point" && what !== "tool");
    saying.say(state.said());
  }

  function showLegend() {
    const maps = [state.data.truth, ...state.data.panels].flatMap((panel) => (panel?.ids ? [panel.ids] : []));
    const present = maps.length ? new Set(maps.flat()) : null;
    const { only, hidden, colours: recoloured, patterns } = look;
    legend({ classes: state.classes, present, only, hidden, recoloured, patterns });
    showShares(state.classes, sharesOfAll);
  }

  function sharesOfAll() {
    return state.panels.flatMap(({ name, role, labels }) => {
      const map = role === "truth" || role === "network" ? mapOf(labels) : null;
      if (!map) return [];
      if (role === "truth" && look.painting) return [{ name, shares: sharesOf(map) }];
      const known = shares.get(map) ?? sharesOf(map);
      shares.set(map, known);
      return [{ name, shares: known }];
    });
  }

  function refit() {
    state.box = panels.fit(state.data.photo, state.alone());
    if (state.box && state.isAsked) {
      state.isAsked = false;
      state.setView(state.view());
    }
    schedule(true);
  }

  /** @param {boolean} pictures whether more than the crosshair is to be drawn */
  function schedule(pictures) {
    stale ||= pictures;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (!state.box?.width) return;
      if (stale) toolbar.showMagnification(renderer.paintAll(state.box).zoom);
      stale = false;
      showPoint();
      if (!titled) setTimeout(() => showTitles(panels, scoring)); // pictures come first
      titled = true;
    });
  }

  return { update };
}

// A viewer stays with its element: Streamlit may stop an earlier call after a later one has begun, and then call again.
/** @type {WeakMap<Element, ReturnType<typeof createViewer>>} */
const viewers = new WeakMap();

/** @param {FrontendRendererArgs<{ [K in keyof Told]: Told[K] }, Message>} args */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".viewer");
  const viewer = viewers.get(root) ?? createViewer(root, data);
  viewers.set(root, viewer);
  return viewer.update(data, setTriggerValue);
}
