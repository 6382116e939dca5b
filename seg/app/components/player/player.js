// The component: all networks at one moment of their training, drawn from maps that arrive once.

import { split, createClock } from "./clock.js";
import { createCurve } from "./curve.js";
import { admit, layerOf } from "../viewer/decode.js";
import { shownIds } from "../viewer/classes.js";
import { createLegend } from "../viewer/legend.js";
import { createPanels, setText } from "../viewer/panels.js";
import { tintClasses, tintErrors } from "../viewer/tint.js";

const OPACITY = 0.65;
const OPENS_AT = 1 / 3;

// How each player is looked at, by its key in Python: a page may take the element away and bring it back.
const looks = new Map();

function lookOf(key) {
  if (!looks.has(key)) looks.set(key, { mode: "overlay", chosen: null, photo: null, position: 0 });
  return looks.get(key);
}

const NONE_HIDDEN = new Set();
const percent = (share) => String(Number((share * 100).toFixed(share < 0.1 ? 1 : 0)));

function createPlayer(root, key) {
  const find = (selector) => root.querySelector(selector);
  const look = lookOf(key);
  const grid = find(".grid");
  const slider = find(".track input");
  const panels = createPanels(grid, find(".panel-template"));
  const legend = createLegend(find(".legend"), { choose, point: pointAtClass });
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const clock = createClock({ last: () => data.shares.length - 1, show, changed: showTransport });
  let data = null;
  let classesKey = "";
  let box = null;
  let pointedClass = null;
  let frame = 0;

  wire();
  const resized = new ResizeObserver(refit);
  resized.observe(grid);

  // Python

  function update(message) {
    data = message;
    classesKey = JSON.stringify(data.classes);
    for (const [digest, layer] of Object.entries(data.layers)) admit(digest, layer);
    for (const layer of layers()) if (!layer.ready && !layer.error) layer.decoding.then(arrived);
    const last = data.shares.length - 1;
    if (look.photo !== data.photo.digest) {
      clock.pause();
      Object.assign(look, { photo: data.photo.digest, position: Math.floor(last * OPENS_AT) });
    }
    slider.max = String(last);
    find(".ticks").replaceChildren(...data.shares.map(() => document.createElement("i")));
    root.style.setProperty("--wrong", `rgb(${data.classes.wrongColour.join(" ")})`);
    arrived();
    showTransport();
    clock.go(Math.min(look.position, last));
  }

  const layers = () => [data.photo.digest, data.truth.labels, ...data.panels.map((p) => p.labels)].map(layerOf);

  function arrived() {
    const fixed = [
      { name: "Photo", caption: "a rendered picture", labels: data.photo.digest },
      { name: "Truth", caption: "what the masks should be", labels: data.truth.labels },
    ];
    const described = [...fixed.map((p) => describe(p, p.name.toLowerCase())), ...data.panels.map((p) => describe(p))];
    panels.update(described);
    for (const panel of panels.all()) if (panel.role === "network") draftCurve(panel);
    const present = new Set([data.truth, ...data.panels].flatMap((p) => p.ids));
    legend({ classes: data.classes, present, only: look.chosen });
    for (const input of root.querySelectorAll(".modes input")) input.checked = input.value === look.mode;
    refit();
  }

  function describe(panel, role = "network") {
    const layer = layerOf(panel.labels);
    return {
      id: role === "network" ? `network ${panel.name}` : role,
      role,
      name: panel.name,
      caption: panel.caption ?? "",
      state: layer.error ? "failed" : layer.ready ? "ready" : "waiting",
      sentence: layer.error ? "This browser could not decode the maps." : "",
      labels: panel.labels,
      track: panel,
    };
  }

  function draftCurve(panel) {
    const wanted = `${panel.track.labels} ${data.top} ${JSON.stringify(panel.track.curve)}`;
    if (panel.curveOf === wanted) return;
    const parent = panel.element.querySelector(".score");
    panel.curveOf = wanted;
    panel.mark = panel.track.curve.length ? createCurve(parent, panel.track.curve, data.top) : null;
    if (!panel.mark) parent.replaceChildren("no learning curve");
  }

  // What the visitor does

  function wire() {
    find(".modes").onchange = (event) => {
      look.mode = event.target.value;
      schedule();
    };
    find(".play").onclick = toggle;
    for (const button of root.querySelectorAll("[data-step]")) button.onclick = () => step(Number(button.dataset.step));
    slider.oninput = () => {
      clock.pause();
      clock.go(Number(slider.value));
    };
    root.addEventListener("keydown", pressed);
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onSlider = event.target === slider;
    const onChoice = event.target.matches("button, .modes input");
    if (event.key === " " && !onChoice) toggle();
    else if (!onSlider && event.target !== grid) return;
    else if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    else if (event.key === "Home") step(-Infinity);
    else if (event.key === "End") step(Infinity);
    else return;
    event.preventDefault();
  }

  function toggle() {
    if (clock.playing()) clock.pause();
    else clock.play();
  }

  function step(by) {
    clock.pause();
    clock.step(by);
  }

  function choose(name) {
    look.chosen = look.chosen === name ? null : name;
    pointedClass = null;
    arrived();
  }

  function pointAtClass(name) {
    pointedClass = name;
    schedule();
  }

  // To the screen

  function show(position) {
    look.position = position;
    schedule();
  }

  function showTransport() {
    const playing = clock.playing();
    const button = find(".play");
    root.toggleAttribute("data-playing", playing);
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    button.title = `${playing ? "Pause" : "Play"} (space bar)`;
  }

  function refit() {
    if (!data) return;
    box = panels.fit(data.photo);
    schedule();
  }

  function schedule() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (box?.width) paintAll();
    });
  }

  function only() {
    const id = data.classes.names.indexOf(pointedClass ?? look.chosen);
    return id < 0 ? null : id;
  }

  function paintAll() {
    const { now, part } = split(look.position, calm.matches);
    const moment = part > 0.5 ? now + 1 : now;
    const id = only();
    const words = `${percent(data.shares[moment])} % of the training`;
    setText(find(".moment"), words);
    if (slider.value !== String(moment)) slider.value = String(moment);
    slider.setAttribute("aria-valuetext", `${words}, moment ${moment + 1} of ${data.shares.length}`);
    root.dataset.moment = String(moment);
    root.dataset.look = look.mode;
    for (const panel of panels.all()) {
      paint(panel, now, part, id);
      if (panel.role === "network") tell(panel, now, part, moment, id, words);
      else panel.canvas.setAttribute("aria-label", panel.name);
    }
  }

  // The words and the curve of a network's panel.
  function tell(panel, now, part, moment, id, words) {
    const { track } = panel;
    const value = id === null ? track.mean[moment] : track.dice[moment][id];
    const score = value === null ? "–" : value.toFixed(2);
    const measure = id === null ? "mean Dice" : `Dice of ${data.classes.names[id]}`;
    setText(panel.parts.caption, [`${measure} ${score}`, track.moments[moment], track.note].filter(Boolean).join("\n"));
    panel.canvas.setAttribute("aria-label", `${panel.name} at ${words}: ${measure} ${score}`);
    panel.mark?.(track.marks[now], track.marks[Math.min(now + 1, track.marks.length - 1)], part);
  }

  function paint(panel, now, part, id) {
    const photo = layerOf(data.photo.digest);
    const { canvas } = panel;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [box.width, box.height].map((side) => Math.max(1, Math.round(side * ratio)));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const draw = (picture, alpha, smooth) => {
      context.imageSmoothingEnabled = smooth;
      context.globalAlpha = alpha;
      context.drawImage(picture, 0, 0, width, height);
    };
    context.clearRect(0, 0, width, height);
    const errors = look.mode === "errors" && panel.role === "network";
    if (photo.ready && panel.role === "photo") draw(photo.picture, 1, true);
    if (panel.role === "photo" || panel.state !== "ready") return;
    if (photo.ready && look.mode !== "mask") draw(errors || id !== null ? photo.faint : photo.picture, 1, true);
    const opacity = look.mode === "overlay" || (look.mode === "errors" && !errors) ? OPACITY : 1;
    const pictures = tinted(panel, id, errors);
    if (!pictures) return;
    const next = part * opacity;
    // What this leaves to be seen of the earlier map fades exactly as fast as the later one comes.
    if (part < 1) draw(pictures(now), (opacity - next) / (1 - next), false);
    if (part > 0) draw(pictures(now + 1), next, false);
  }

  // The coloured maps of a panel, each made when first needed; a change of look makes them anew.
  function tinted(panel, id, errors) {
    const truth = layerOf(data.truth.labels);
    if (errors && !truth.ready) return null;
    const wanted = `${errors ? `errors ${data.truth.labels}` : look.mode} ${id} ${panel.labels} ${classesKey}`;
    if (panel.tint?.wanted !== wanted) {
      panel.tint?.picture.close();
      panel.tint = { wanted, picture: { made: new Map(), close() { for (const p of this.made.values()) p.close(); } } };
    }
    const { made } = panel.tint.picture;
    return (moment) => {
      const at = panel.role === "truth" ? 0 : panel.track.frames[moment];
      if (!made.has(at)) made.set(at, colour(frameOf(layerOf(panel.labels), at, truth.height), id, errors, truth));
      return made.get(at);
    };
  }

  function frameOf(stack, at, height) {
    const size = stack.width * height;
    return { width: stack.width, height, data: stack.data.subarray(at * size, (at + 1) * size) };
  }

  function colour(labels, id, errors, truth) {
    const style = shownIds(data.classes, { only: id === null ? null : data.classes.names[id], hidden: NONE_HIDDEN });
    if (errors) return tintErrors(labels, truth, data.classes, style);
    const [ignored, others] = look.mode === "mask" ? [255, 40] : [0, 0];
    return tintClasses(labels, data.classes, style, ignored, others);
  }

  function remove() {
    clock.pause();
    resized.disconnect();
    cancelAnimationFrame(frame);
  }

  return { root, update, remove };
}

const players = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".player");
  let player = players.get(parentElement);
  if (player?.root !== root) {
    player?.remove();
    player = createPlayer(root, data.key);
    players.set(parentElement, player);
  }
  player.update(data);
  return () => {
    player.remove();
    players.delete(parentElement);
  };
}
