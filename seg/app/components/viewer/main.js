// The component: what Python says and what the visitor does, brought to the screen in one frame.

import { shownIds, styled } from "./classes.js";
import { admit, forget, layerOf } from "./decode.js";
import { layersOf, paint, paintSwipe } from "./draw.js";
import { createLegend, sharesOf } from "./legend.js";
import { lookOf, remember } from "./looks.js";
import { createPanels, setText } from "./panels.js";
import { listen } from "./pointer.js";
import { colourAt, createReadout, dissenters, showReading } from "./readout.js";
import { createSketch, download } from "./sketch.js";
import { snapshot } from "./snapshot.js";
import { createDivider, firstPair, offer, SWIPE, swipePanel } from "./swipe.js";
import { doubtGradient, IGNORE, percentAt, valueAt } from "./tint.js";
import { clampView, panBy, toBox, toPicture, WHOLE, zoomAt } from "./view.js";

const NO_TRUTH = "There is no truth for this photo";
const BAD_TRUTH = "The truth cannot be used, its panel says why";
const BUTTON_STEP = 1.5;
const MOST_REQUESTS = 3;

const MODES = ["overlay", "mask", "outlines", "confidence", "errors", "photo"];

function createViewer(root, key) {
  const find = (selector) => root.querySelector(selector);
  const look = lookOf(key);
  const grid = find(".grid");
  const panels = createPanels(grid, find(".panel-template"), { reorder, enlarge });
  const readout = createReadout(find(".readout"), find(".cell-template"));
  const legend = createLegend(find(".legend"), { choose, point: pointAtClass, hide, recolour });
  const divider = createDivider({ move: (step) => look.swipe && setDivider(look.swipe.at + step) });
  const sketch = createSketch(find(".painter"), find(".grades"), look, {
    of: { photo: () => data.photo, classes: () => classes, networks: readyNetworks },
    drawn,
    changed: arrived,
    send: (png) => tell("truth", { png, photo: data.photo.digest }),
  });
  const requests = new Map();
  const shares = new WeakMap();
  let data = null;
  let classes = null;
  let classesKey = "";
  let tell = () => {};
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
    tell = setTriggerValue;
    restyle();
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
    if (missing.length) tell("missing", missing);
  }

  function restyle() {
    classes = styled(data.classes, look);
    classesKey = JSON.stringify(classes);
  }

  // Panels

  function arrived() {
    const wanted = [
      describe({ name: "Photo", caption: photoSize(), labels: data.photo.digest }, "photo"),
      ...truthPanel(),
      ...data.panels.map((panel) => describe(panel, "network")),
    ];
    const swipe = look.swipe && swipePanel(look.swipe, wanted);
    panels.update(swipe ? [...wanted, swipe] : wanted, look.order);
    readout.setPanels(panels.all().filter((panel) => panel.role !== SWIPE));
    if (look.painting) sketch.grade();
    showLegend();
    showToolbar();
    refit();
  }

  // In the middle of a stroke only the painting itself changes.
  function drawn() {
    panels.get("truth").labels = sketch.layer();
    repaint();
  }

  function truthPanel() {
    if (look.painting) {
      const panel = { name: "Your truth", caption: "Paint here, or in any panel", labels: sketch.layer() };
      return [describe(panel, "truth")];
    }
    return data.truth ? [describe(data.truth, "truth")] : [];
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

  function readyNetworks() {
    const ready = panels.all().filter((panel) => panel.role === "network" && panel.state === "ready");
    return ready.map((panel) => ({ id: panel.id, name: panel.name, layer: layerOf(panel.labels) }));
  }

  function reorder(ids) {
    look.order = ids;
    arrived();
  }

  function enlarge(id) {
    look.enlarged = look.enlarged === id ? null : id;
    refit();
  }

  // The panel that stands alone: the one enlarged, if it is still there, or the two under the divider.
  const alone = () => (panels.get(SWIPE) ? SWIPE : panels.get(look.enlarged) ? look.enlarged : null);

  // How to look

  // The map that errors are counted against, and whose panel it is.
  function reference() {
    const truth = panels.get("truth");
    const network = panels.get(`network ${look.against}`);
    const first = panels.all().find((panel) => panel.role === "network" && panel.state === "ready");
    const chosen = network?.state === "ready" ? network : truth?.state === "ready" ? truth : first;
    return chosen ? { reference: chosen.labels, referenceId: chosen.id } : { reference: null, referenceId: null };
  }

  const hasTruth = () => panels.get("truth")?.state === "ready";
  const mode = () => (look.mode === "errors" && !reference().reference ? "overlay" : look.mode);
  const shown = () => shownIds(classes, look, pointedClass);

  function setMode(value) {
    look.mode = value;
    showToolbar();
    repaint();
  }

  function choose(name) {
    look.only = look.only === name ? null : name;
    pointedClass = null;
    changedLegend();
  }

  function hide(name) {
    if (!look.hidden.delete(name)) look.hidden.add(name);
    changedLegend();
  }

  function recolour(name, colour) {
    if (colour) look.colours.set(name, colour);
    else look.colours.delete(name);
    restyle();
    changedLegend();
    if (look.painting) sketch.show();
  }

  function pointAtClass(name) {
    pointedClass = name;
    repaint();
  }

  function changedLegend() {
    showLegend();
    repaint();
  }

  function showLegend() {
    const maps = [data.truth, ...data.panels].filter((panel) => panel?.ids);
    const present = maps.length ? new Set(maps.flatMap((panel) => panel.ids)) : null;
    const { only, hidden, colours: recoloured, patterns } = look;
    legend({ classes, present, only, hidden, recoloured, patterns, shares: sharesOfAll() });
  }

  function sharesOfAll() {
    const maps = panels.all().filter((panel) => panel.state === "ready" && ["truth", "network"].includes(panel.role));
    return maps.map((panel) => {
      const layer = layerOf(panel.labels);
      if (panel.role === "truth" && look.painting) return { name: panel.name, shares: sharesOf(layer) };
      if (!shares.has(layer)) shares.set(layer, sharesOf(layer));
      return { name: panel.name, shares: shares.get(layer) };
    });
  }

  const view = () => look.views.get(data.photo.digest) ?? WHOLE;

  function setView(wanted) {
    if (!box) return;
    const next = clampView(wanted, box, data.photo);
    const now = view();
    if (next.zoom === now.zoom && next.x === now.x && next.y === now.y) return;
    remember(look.views, data.photo.digest, next);
    repaint();
  }

  function setDivider(at) {
    look.swipe.at = Math.min(Math.max(at, 0), 1);
    repaint();
  }

  function toggleSwipe() {
    const all = panels.all().filter((panel) => panel.role !== SWIPE);
    look.swipe = look.swipe ? null : firstPair(all, pointed?.id ?? look.enlarged);
    arrived();
  }

  function togglePaint() {
    look.painting = !look.painting;
    arrived();
  }

  function back() {
    if (look.swipe) toggleSwipe();
    else if (look.enlarged) enlarge(look.enlarged);
    else if (look.painting) togglePaint();
    else setPoint(null, null);
  }

  function showToolbar() {
    const now = mode();
    for (const label of root.querySelectorAll("[data-mode]")) {
      const input = label.querySelector("input");
      input.checked = input.value === now;
      if (input.value === "errors") {
        input.disabled = !reference().reference;
        label.title = hasTruth() ? "" : `${data.truth ? BAD_TRUTH : NO_TRUTH}: against a network instead`;
      }
    }
    const all = panels.all().filter((panel) => panel.role !== SWIPE);
    offer(find(".against"), all.filter((panel) => panel.role !== "photo" && panel.state === "ready"), reference().referenceId);
    find(".opacity input").value = String(Math.round(look.opacity * 100));
    for (const [action, on] of [["patterns", look.patterns], ["swipe", look.swipe], ["paint", look.painting]]) {
      find(`[data-action="${action}"]`).setAttribute("aria-pressed", String(Boolean(on)));
    }
    find(".pair").hidden = !look.swipe;
    if (look.swipe) for (const side of ["left", "right"]) offer(find(`[data-side="${side}"]`), all, look.swipe[side]);
    find(".painter").hidden = find(".grades").hidden = !look.painting;
    find('[data-paint="use"]').hidden = !data.takesTruth;
    if (look.painting) sketch.show();
    root.dataset.look = now;
    root.toggleAttribute("data-painting", look.painting);
  }

  function wire() {
    find(".modes").onchange = (event) => setMode(event.target.value);
    find(".against").onchange = (event) => {
      look.against = panels.get(event.target.value)?.role === "network" ? panels.get(event.target.value).name : "";
      showToolbar();
      repaint();
    };
    find(".pair").onchange = (event) => {
      look.swipe[event.target.dataset.side] = event.target.value;
      arrived();
    };
    const setOpacity = (value) => {
      look.opacity = Math.min(Math.max(value, 0), 1);
      find(".opacity input").value = String(Math.round(look.opacity * 100));
      repaint();
    };
    find(".opacity input").oninput = (event) => setOpacity(event.target.value / 100);
    const act = {
      zoom: (at, factor, id) => box && setView(zoomAt(view(), sizeOf(id), data.photo, at ?? middle(id), factor)),
      pan: (dx, dy, id) => box && setView(panBy(view(), sizeOf(id), data.photo, dx, dy)),
      point: (id, at) => box && setPoint(id, toPicture(view(), sizeOf(id), data.photo, at)),
      move: (dx, dy) => {
        const { id, x, y } = pointed ?? { id: null, x: view().x, y: view().y };
        setPoint(id, { x: x + dx / data.photo.width, y: y + dy / data.photo.height });
      },
      leave: () => setPoint(null, null),
      reset: () => setView(WHOLE),
      isWhole: () => view().zoom <= 1,
      isPainting: () => look.painting,
      draw: (phase, id, at) => box && sketch.draw(phase, at && toPicture(view(), sizeOf(id), data.photo, at)),
      divider: (at) => look.swipe && setDivider(at),
      mode: (i) => setMode(MODES[i]),
      opacity: (delta) => setOpacity(look.opacity + delta),
      toggleSwipe,
      togglePaint,
      enlarge: (id) => (id ?? pointed) && enlarge(id ?? pointed.id),
      undo: () => look.painting && sketch.undo(),
      redo: () => look.painting && sketch.redo(),
      back,
    };
    listen(grid, act);
    const click = (action, handler) => (find(`[data-action="${action}"]`).onclick = handler);
    click("in", () => act.zoom(null, BUTTON_STEP));
    click("out", () => act.zoom(null, 1 / BUTTON_STEP));
    click("reset", act.reset);
    click("swipe", toggleSwipe);
    click("paint", togglePaint);
    click("save", () => save().catch(unsaved));
    click("patterns", () => {
      look.patterns = !look.patterns;
      showToolbar();
      changedLegend();
    });
  }

  // Of the panel's box, or of the one looked at.
  const sizeOf = (id) => panels.get(id)?.size ?? box;
  const middle = (id) => ({ x: sizeOf(id).width / 2, y: sizeOf(id).height / 2 });

  // The crosshair

  function setPoint(id, point) {
    const inside = point && point.x >= 0 && point.x < 1 && point.y >= 0 && point.y < 1;
    pointed = inside ? { id, ...point } : null;
    schedule();
  }

  function readingOf(panel) {
    const { id, role, labels, confidence, state } = readPanel(panel);
    if (!pointed || state !== "ready" || role === "photo") return null;
    const label = valueAt(layerOf(labels), pointed);
    const known = label !== IGNORE;
    const percent = confidence && layerOf(confidence)?.ready ? percentAt(layerOf(confidence), pointed) : null;
    return {
      id,
      role,
      label,
      name: known ? classes.names[label] : "not labelled",
      colour: known ? classes.colours[label] : classes.ignoreColour,
      percent,
    };
  }

  // Under the divider, the panel on the pointer's side of it.
  function readPanel(panel) {
    if (panel.role !== SWIPE) return panel;
    const at = pointed ? toBox(view(), panel.size, data.photo, pointed).x / panel.size.width : 0;
    return panels.get(at < look.swipe.at ? look.swipe.left : look.swipe.right);
  }

  function showPoint() {
    const readings = new Map(panels.all().map((panel) => [panel.id, readingOf(panel)]));
    const swiped = readings.get(SWIPE);
    readings.delete(SWIPE);
    const dissent = dissenters(readings);
    const { width, height } = data.photo;
    const position = pointed && `${Math.floor(pointed.x * width)}, ${Math.floor(pointed.y * height)}`;
    const photo = layerOf(data.photo.digest);
    readout.show(position, readings, pointed && photo?.ready ? colourAt(photo, pointed) : null, dissent);
    root.toggleAttribute("data-pointing", Boolean(pointed));
    for (const panel of panels.all()) {
      const at = pointed && toBox(view(), panel.size, data.photo, pointed);
      if (at) {
        panel.box.style.setProperty("--cross-x", `${at.x}px`);
        panel.box.style.setProperty("--cross-y", `${at.y}px`);
      }
      const reading = panel.id === pointed?.id ? (panel.role === SWIPE ? swiped : readings.get(panel.id)) : null;
      panel.box.toggleAttribute("data-reading", Boolean(reading));
      if (!reading) continue;
      showReading(panel.reading, reading, dissent.ids.includes(reading.id) ? dissent.against : "");
      // Out of the way of what is looked at.
      panel.box.toggleAttribute("data-reading-on-top", at.y > panel.size.height * 0.7);
    }
  }

  // Painting the panels

  function refit() {
    if (!data) return;
    box = panels.fit(data.photo, alone());
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
    const photo = photoLayer();
    const visible = shown();
    const now = { mode: mode(), opacity: look.opacity, patterns: look.patterns, shown: visible.shown, alone: visible.alone };
    const scene = { classes, classesKey, shownKey: visible.key, ...reference() };
    const clamped = clampView(view(), box, data.photo);
    const where = [clamped.zoom.toFixed(3), clamped.x.toFixed(4), clamped.y.toFixed(4)].join(" ");
    for (const panel of panels.all()) {
      panel.canvas.setAttribute("aria-label", labelOf(panel, now.mode));
      const showsConfidence = now.mode === "confidence" && panel.role === "network" && panel.state === "ready";
      setText(panel.parts.note, showsConfidence ? panel.note : "");
      panel.element.dataset.view = where;
      if (photo) panels.refuse(panel, problemOf(() => paintPanel(panel, now, scene, clamped, photo)));
    }
    root.dataset.view = where;
    const { only } = look;
    root.dataset.only = pointedClass ?? only ?? "";
    root.toggleAttribute("data-zoomed", clamped.zoom > 1);
    setText(find("output"), `${Number(clamped.zoom.toPrecision(clamped.zoom < 10 ? 2 : 3))}×`);
  }

  function paintPanel(panel, now, scene, view, photo, canvas = panel.canvas, size = panel.size) {
    if (panel.role === SWIPE) {
      const [left, right] = [look.swipe.left, look.swipe.right].map((id) => layersOf(panels.get(id), now, scene));
      paintSwipe(canvas, left, right, look.swipe.at, view, size, photo, data.photo);
      divider(panel.box, look.swipe.at);
    } else {
      paint(canvas, layersOf(panel, now, scene), view, size, photo, data.photo);
    }
  }

  // Masks are shown over nothing where the photo cannot be decoded; null while it still may be.
  function photoLayer() {
    const layer = layerOf(data.photo.digest);
    if (layer?.error) return { width: data.photo.sentWidth, height: data.photo.sentHeight };
    return layer?.ready ? layer : null;
  }

  // A canvas too many, or too large, takes one panel away and not the others.
  function problemOf(work) {
    try {
      work();
      return "";
    } catch (error) {
      console.error("A panel cannot be drawn:", error);
      return "This browser refuses to draw it: enlarge one panel, or compare fewer networks.";
    }
  }

  function labelOf(panel, now) {
    if (panel.role === "photo") return "Photo";
    return `${panel.name}: ${panel.state === "ready" ? panel.refusal || now : panel.sentence || panel.state}`;
  }

  async function save() {
    const photo = photoLayer();
    if (!photo) return;
    const single = alone();
    const all = panels.all().filter((panel) => (single ? panel.id === single : true));
    const visible = shown();
    const now = { mode: mode(), opacity: look.opacity, patterns: look.patterns, shown: visible.shown, alone: visible.alone };
    const scene = { classes, classesKey, shownKey: visible.key, ...reference() };
    const blob = await snapshot({
      title: `${now.mode}${now.mode === "overlay" ? `, opacity ${Math.round(look.opacity * 100)} %` : ""}, ${find("output").textContent}`,
      panels: all,
      columns: single ? 1 : Number(getComputedStyle(grid).getPropertyValue("--columns")) || 1,
      mode: now.mode,
      patterns: look.patterns,
      classes,
      shown: visible.shown,
      scores: look.painting ? sketch.scores() : new Map(),
      aspect: box.width / box.height,
      drawPanel: (canvas, panel, size) => paintPanel(panel, now, scene, view(), photo, canvas, size),
    });
    download(blob, "segmentation-view.png");
  }

  function unsaved(error) {
    console.error("The view cannot be saved:", error);
    const button = find('[data-action="save"]');
    const name = (button.dataset.name ??= button.textContent);
    setText(button, "Too large to save: enlarge one panel");
    setTimeout(() => setText(button, name), 4000);
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
