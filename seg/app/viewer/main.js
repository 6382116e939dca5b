// The component: what Python says and what the visitor does, brought to the screen in one frame.

import { admit, forget, layerOf } from "./decode.js";
import { layersOf, paint } from "./draw.js";
import { createLegend } from "./legend.js";
import { createPanels, setText } from "./panels.js";
import { listen } from "./pointer.js";
import { createReadout, showReading } from "./readout.js";
import { doubtGradient, IGNORE, percentAt, valueAt } from "./tint.js";
import { clampView, panBy, toBox, toPicture, WHOLE, zoomAt } from "./view.js";

const NO_TRUTH = "There is no truth for this photo to compare the masks with";
const BAD_TRUTH = "The truth cannot be used: its panel says why";
const BUTTON_STEP = 1.5;
const MOST_REQUESTS = 3;

// How each viewer is looked at, by its key in Python: a page may take the element away and bring it back.
const looks = new Map();

function lookOf(key) {
  if (!looks.has(key)) looks.set(key, { mode: "overlay", opacity: 0.6, chosen: null, view: WHOLE, photo: null });
  return looks.get(key);
}

function createViewer(root, key) {
  const find = (selector) => root.querySelector(selector);
  const look = lookOf(key);
  const grid = find(".grid");
  const panels = createPanels(grid, find(".panel-template"));
  const readout = createReadout(find(".readout"), find(".cell-template"));
  const legend = createLegend(find(".legend"), { choose, point: pointAtClass });
  const requests = new Map();
  let data = null;
  let ask = () => {};
  let classesKey = "";
  let box = null;
  let pointed = null; // {id, x, y}: the panel under the pointer and the point of the picture
  let pointedClass = null;
  let frame = 0;
  let stale = false;
  let calls = 0;

  find(".scale").style.background = doubtGradient();
  wire();
  const resized = new ResizeObserver(refit);

  // Python

  // Returns what stops the viewer until the next call.
  function update(message, setTriggerValue) {
    const call = ++calls;
    resized.observe(grid);
    data = message;
    ask = setTriggerValue;
    classesKey = JSON.stringify(data.classes);
    if (look.photo !== data.photo.digest) Object.assign(look, { photo: data.photo.digest, view: WHOLE });
    for (const [digest, layer] of Object.entries(data.layers)) admit(digest, layer);
    const used = new Set(digestsOf(data));
    for (const layer of [...used].map(layerOf)) if (layer && !layer.ready && !layer.error) layer.decoding.then(arrived);
    forget(used);
    request([...used].filter((digest) => !layerOf(digest)));
    const [r, g, b] = data.classes.wrongColour;
    root.style.setProperty("--wrong", `rgb(${r} ${g} ${b})`);
    arrived();
    return () => call === calls && rest();
  }

  function digestsOf({ photo, truth, panels: networks }) {
    const maps = [truth, ...networks].flatMap((panel) => [panel?.labels, panel?.confidence]);
    return [photo.digest, ...maps].filter(Boolean);
  }

  // Python sends every layer once. One that is lost, or forgotten here, is asked for; not for ever, though.
  function request(digests) {
    const missing = digests.filter((digest) => (requests.get(digest) ?? 0) < MOST_REQUESTS);
    for (const digest of missing) requests.set(digest, (requests.get(digest) ?? 0) + 1);
    if (missing.length) ask("missing", missing);
  }

  function arrived() {
    panels.update([
      describe({ name: "Photo", caption: photoSize(), labels: data.photo.digest }, "photo"),
      ...(data.truth ? [describe(data.truth, "truth")] : []),
      ...data.panels.map((panel) => describe(panel, "network")),
    ]);
    readout.setPanels(panels.all());
    legend(data.classes, classesKey, present(), look.chosen);
    showToolbar();
    refit();
  }

  function describe(panel, role) {
    const layer = panel.labels ? layerOf(panel.labels) : null;
    let state = panel.failed ? "failed" : layer?.ready ? "ready" : "waiting";
    let sentence = panel.status ?? "";
    if (layer?.error) [state, sentence] = ["failed", "This browser could not decode the picture."];
    return {
      id: role === "network" ? `network ${panel.name}` : role,
      role,
      name: panel.name,
      caption: panel.caption ?? "",
      state,
      sentence,
      labels: panel.labels ?? null,
      confidence: panel.confidence ?? null,
      note: panel.note ?? "",
    };
  }

  const photoSize = () => `${data.photo.width} × ${data.photo.height} pixels`;

  function present() {
    const maps = [data.truth, ...data.panels].filter((panel) => panel?.ids);
    return maps.length ? new Set(maps.flatMap((panel) => panel.ids)) : null;
  }

  // How to look

  const hasTruth = () => Boolean(data.truth?.labels);
  const mode = () => (look.mode === "errors" && !hasTruth() ? "overlay" : look.mode);

  function only() {
    const id = data.classes.names.indexOf(pointedClass ?? look.chosen);
    return id < 0 ? null : id;
  }

  function choose(name) {
    look.chosen = look.chosen === name ? null : name;
    pointedClass = null;
    legend(data.classes, classesKey, present(), look.chosen);
    repaint();
  }

  function pointAtClass(name) {
    pointedClass = name;
    repaint();
  }

  function setView(view) {
    if (!box) return;
    const next = clampView(view, box, data.photo);
    if (next.zoom === look.view.zoom && next.x === look.view.x && next.y === look.view.y) return;
    look.view = next;
    repaint();
  }

  function showToolbar() {
    for (const label of root.querySelectorAll("[data-mode]")) {
      const input = label.querySelector("input");
      input.checked = input.value === mode();
      if (input.value === "errors") {
        input.disabled = !hasTruth();
        label.title = hasTruth() ? "" : data.truth ? BAD_TRUTH : NO_TRUTH;
      }
    }
    find(".opacity input").value = String(Math.round(look.opacity * 100));
    root.dataset.look = mode();
  }

  function wire() {
    find(".modes").onchange = (event) => {
      look.mode = event.target.value;
      showToolbar();
      repaint();
    };
    find(".opacity input").oninput = (event) => {
      look.opacity = event.target.value / 100;
      repaint();
    };
    const act = {
      zoom: (at, factor) => box && setView(zoomAt(look.view, box, data.photo, at ?? middle(), factor)),
      pan: (dx, dy) => box && setView(panBy(look.view, box, data.photo, dx, dy)),
      point: (id, at) => box && setPoint(id, toPicture(look.view, box, data.photo, at)),
      move: (dx, dy) => {
        const { id, x, y } = pointed ?? { id: null, x: look.view.x, y: look.view.y };
        setPoint(id, { x: x + dx / data.photo.width, y: y + dy / data.photo.height });
      },
      leave: () => setPoint(null, null),
      reset: () => setView(WHOLE),
      isWhole: () => look.view.zoom <= 1,
    };
    listen(grid, act);
    find('[data-action="in"]').onclick = () => act.zoom(null, BUTTON_STEP);
    find('[data-action="out"]').onclick = () => act.zoom(null, 1 / BUTTON_STEP);
    find('[data-action="reset"]').onclick = act.reset;
  }

  const middle = () => ({ x: box.width / 2, y: box.height / 2 });

  // The crosshair

  function setPoint(id, point) {
    const inside = point && point.x >= 0 && point.x < 1 && point.y >= 0 && point.y < 1;
    pointed = inside ? { id, ...point } : null;
    schedule();
  }

  function readingOf(panel) {
    const labels = panel.state === "ready" && panel.role !== "photo" ? layerOf(panel.labels) : null;
    if (!labels || !pointed) return null;
    const id = valueAt(labels, pointed);
    const known = id !== IGNORE;
    const confidence = panel.confidence && layerOf(panel.confidence);
    const truth = hasTruth() && panel.role === "network" ? layerOf(data.truth.labels) : null;
    const right = truth?.ready ? valueAt(truth, pointed) : IGNORE;
    return {
      name: known ? data.classes.names[id] : "not labelled",
      colour: known ? data.classes.colours[id] : data.classes.ignoreColour,
      percent: confidence?.ready ? percentAt(confidence, pointed) : null,
      wrong: right !== IGNORE && right !== id,
    };
  }

  function showPoint() {
    const readings = new Map(panels.all().map((panel) => [panel.id, readingOf(panel)]));
    const at = pointed && toBox(look.view, box, data.photo, pointed);
    const { width, height } = data.photo;
    const position = pointed && `${Math.floor(pointed.x * width)}, ${Math.floor(pointed.y * height)}`;
    readout.show(position, readings);
    root.toggleAttribute("data-pointing", Boolean(pointed));
    if (at) {
      grid.style.setProperty("--cross-x", `${at.x}px`);
      grid.style.setProperty("--cross-y", `${at.y}px`);
    }
    for (const panel of panels.all()) {
      const reading = panel.id === pointed?.id ? readings.get(panel.id) : null;
      panel.box.toggleAttribute("data-reading", Boolean(reading));
      if (!reading) continue;
      showReading(panel.reading, reading);
      // Out of the way of what is looked at.
      panel.box.toggleAttribute("data-reading-on-top", at.y > box.height * 0.7);
    }
  }

  // Painting

  function refit() {
    if (!data) return;
    box = panels.fit(data.photo);
    if (box) look.view = clampView(look.view, box, data.photo);
    repaint();
  }

  function repaint() {
    stale = true;
    schedule();
  }

  function schedule() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (!box || !box.width) return;
      if (stale) paintAll();
      stale = false;
      showPoint();
    });
  }

  function paintAll() {
    const photo = layerOf(data.photo.digest);
    const now = { mode: mode(), opacity: look.opacity, only: only() };
    const scene = { classes: data.classes, classesKey, truth: data.truth?.labels };
    const view = [look.view.zoom.toFixed(3), look.view.x.toFixed(4), look.view.y.toFixed(4)].join(" ");
    for (const panel of panels.all()) {
      panel.canvas.setAttribute("aria-label", labelOf(panel, now.mode));
      const showsConfidence = now.mode === "confidence" && panel.role === "network" && panel.state === "ready";
      setText(panel.parts.note, showsConfidence ? panel.note : "");
      if (!photo?.ready) continue;
      paint(panel.canvas, layersOf(panel, now, scene), look.view, box, photo, data.photo);
      panel.element.dataset.view = view;
    }
    root.dataset.view = view;
    root.dataset.only = now.only === null ? "" : data.classes.names[now.only];
    root.toggleAttribute("data-zoomed", look.view.zoom > 1);
    setText(find("output"), `${Number(look.view.zoom.toPrecision(look.view.zoom < 10 ? 2 : 3))}×`);
  }

  function labelOf(panel, now) {
    if (panel.role === "photo") return "Photo";
    return `${panel.name}: ${panel.state === "ready" ? now : panel.sentence || panel.state}`;
  }

  function rest() {
    resized.disconnect();
    cancelAnimationFrame(frame);
    frame = 0;
  }

  return { update };
}

// A viewer stays with its element: Streamlit may stop an earlier call after a later one has begun, and then call again.
const viewers = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".viewer");
  if (!viewers.has(root)) viewers.set(root, createViewer(root, data.key));
  return viewers.get(root).update(data, setTriggerValue);
}
