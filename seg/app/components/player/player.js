// The component: all networks at one moment of their training, drawn from maps that arrive once.

/** @import { FrontendRendererArgs } from "@streamlit/component-v2-lib" */
/** @import { Classes, Closable, Description, GreyMap, Panel, PhotoMessage, Role, Size } from "../viewer/types" */
/** @import { Mark } from "./curve.js" */
/**
 * One network at every moment; `frames` says which of its maps, `mean` and `dice` (of every class) how good it is.
 * @typedef {{ name: string, labels: string, ids: number[], frames: number[], moments: string[], mean: (number | null)[],
 *   dice: (number | null)[][], curve: [number, number][], marks: Mark[], note: string }} Track
 * @typedef {{ key: string, photo: PhotoMessage, truth: { labels: string, ids: number[] }, panels: Track[],
 *   classes: Classes, layers: Record<string, string>, shares: number[], top: number,
 *   picture: string, said: import("../address.js").Said | null }} Message
 * @typedef {{ mode: string, chosen: string | null, photo: string | null, position: number }} Look
 */

import { createSaying, numbers } from "../address.js";
import { contextOf, find, make, setText, targetOf } from "../dom.js";
import { shownIds } from "../viewer/classes.js";
import { admit, isReady, layerOf, mapOf, photoOf } from "../viewer/decode.js";
import { createLegend } from "../viewer/legend.js";
import { createPanels } from "../viewer/panels.js";
import { tintClasses, tintErrors } from "../viewer/tint.js";
import { createClock, split } from "./clock.js";
import { createCurve } from "./curve.js";

const OPACITY = 0.65;
const OPENS_AT = 1 / 3;

// How each player is looked at, by its key in Python: a page may take the element away and bring it back.
/** @type {Map<string, Look>} */
const looks = new Map();

/** @type {(key: string) => Look} */
function lookOfPlayer(key) {
  const look = looks.get(key) ?? { mode: "overlay", chosen: null, photo: null, position: 0 };
  looks.set(key, look);
  return look;
}

/** @type {Set<string>} */
const NONE_HIDDEN = new Set();
/** @type {(share: number) => string} */
const percent = (share) => String(Number((share * 100).toFixed(share < 0.1 ? 1 : 0)));

/**
 * @param {HTMLElement} root
 * @param {Message} message
 */
function createPlayer(root, message) {
  const look = lookOfPlayer(message.key);
  const saying = createSaying();
  const grid = find(root, ".grid");
  const slider = find(root, ".track input", HTMLInputElement);
  const modes = [...root.querySelectorAll(".modes input")].filter((input) => input instanceof HTMLInputElement);
  const panels = createPanels(grid, find(root, ".panel-template", HTMLTemplateElement));
  const legend = createLegend(find(root, ".legend"), { choose, point: pointAtClass });
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const clock = createClock({ last: () => data.shares.length - 1, show, changed: showTransport });
  /** @type {Map<string, { of: string, mark: ReturnType<typeof createCurve> | null }>} */
  const curves = new Map(); // by the id of the panel
  let data = message;
  let classesKey = "";
  /** @type {Size | null} */
  let box = null;
  /** @type {string | null} */
  let pointedClass = null;
  let frame = 0;

  wire();
  const resized = new ResizeObserver(refit);
  resized.observe(grid);

  // Python

  /** @type {(message: Message, emit: (text: string) => void) => void} */
  function update(message, emit) {
    data = message;
    classesKey = JSON.stringify(data.classes);
    for (const [digest, layer] of Object.entries(data.layers)) admit(digest, layer);
    for (const digest of [data.photo.digest, data.truth.labels, ...data.panels.map((track) => track.labels)]) {
      const layer = layerOf(digest);
      if (layer && !isReady(layer) && !layer.error) layer.decoding.then(arrived);
    }
    const last = data.shares.length - 1;
    if (look.photo !== data.photo.digest) {
      clock.pause();
      Object.assign(look, { photo: data.photo.digest, position: Math.floor(last * OPENS_AT) });
    }
    const asked = saying.hear(data.said, emit);
    if (asked !== null) follow(asked, last);
    slider.max = String(last);
    find(root, ".ticks").replaceChildren(...data.shares.map(() => make("i")));
    root.style.setProperty("--wrong", `rgb(${data.classes.wrongColour.join(" ")})`);
    arrived();
    showTransport();
    clock.go(Math.min(look.position, last));
  }

  // As an address says it; whatever else it says is as usual.
  /** @type {(asked: string, last: number) => void} */
  function follow(asked, last) {
    clock.pause();
    const said = new URLSearchParams(asked);
    const [moment] = numbers(said.get("moment"), [0, last]) ?? [Math.floor(last * OPENS_AT)];
    look.mode = modes.find((input) => input.value === said.get("way"))?.value ?? "overlay";
    look.chosen = data.classes.names.find((name) => name === said.get("alone")) ?? null;
    look.position = Math.round(moment);
  }

  function say() {
    const said = new URLSearchParams();
    const moment = Math.round(look.position);
    if (look.mode !== "overlay") said.set("way", look.mode);
    if (look.chosen) said.set("alone", look.chosen);
    if (moment !== Math.floor((data.shares.length - 1) * OPENS_AT)) said.set("moment", String(moment));
    saying.say(said.toString());
  }

  function arrived() {
    panels.update([
      described({ name: "Photo", caption: data.picture, labels: data.photo.digest }, "photo"),
      described({ name: "Truth", caption: "what the masks should be", labels: data.truth.labels }, "truth"),
      ...data.panels.map((track) => described({ name: track.name, caption: "", labels: track.labels }, "network")),
    ]);
    for (const panel of panels.all()) if (panel.role === "network") draftCurve(panel);
    const present = new Set([data.truth, ...data.panels].flatMap((p) => p.ids));
    legend({ classes: data.classes, present, only: look.chosen });
    for (const input of modes) input.checked = input.value === look.mode;
    refit();
  }

  /** @type {(panel: { name: string, caption: string, labels: string }, role: Role) => Description} */
  function described(panel, role) {
    const layer = layerOf(panel.labels);
    return {
      ...panel,
      id: role === "network" ? `network ${panel.name}` : role,
      role,
      state: layer?.error ? "failed" : isReady(layer) ? "ready" : "waiting",
      sentence: layer?.error ? "This browser could not decode the maps." : "",
    };
  }

  /** @type {(panel: Panel) => Track} */
  const trackOf = ({ name }) => /** @type {Track} */ (data.panels.find((track) => track.name === name));

  /** @param {Panel} panel */
  function draftCurve(panel) {
    const track = trackOf(panel);
    const wanted = `${track.labels} ${data.top} ${JSON.stringify(track.curve)}`;
    const parent = find(panel.element, ".score");
    if (curves.get(panel.id)?.of === wanted && parent.firstChild) return;
    curves.set(panel.id, { of: wanted, mark: track.curve.length ? createCurve(parent, track.curve, data.top) : null });
    if (!track.curve.length) parent.replaceChildren("no learning curve");
  }

  // What the visitor does

  function wire() {
    for (const input of modes)
      input.onchange = () => {
        look.mode = input.value;
        schedule();
      };
    find(root, ".play").onclick = toggle;
    for (const by of [-1, 1]) find(root, `[data-step="${by}"]`).onclick = () => step(by);
    slider.oninput = () => {
      clock.pause();
      clock.go(Number(slider.value));
    };
    root.addEventListener("keydown", pressed);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onSlider = event.target === slider;
    const onChoice = targetOf(event).matches("button, .modes input");
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

  /** @param {number} by */
  function step(by) {
    clock.pause();
    clock.step(by);
  }

  /** @param {string} name */
  function choose(name) {
    look.chosen = look.chosen === name ? null : name;
    pointedClass = null;
    arrived();
  }

  /** @param {string | null} name */
  function pointAtClass(name) {
    pointedClass = name;
    schedule();
  }

  // To the screen

  /** @param {number} position */
  function show(position) {
    look.position = position;
    schedule();
  }

  function showTransport() {
    const playing = clock.playing();
    const button = find(root, ".play");
    root.toggleAttribute("data-playing", playing);
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
    button.title = `${playing ? "Pause" : "Play"} (space bar)`;
  }

  function refit() {
    box = panels.fit(data.photo);
    schedule();
  }

  function schedule() {
    say();
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (box?.width) paintAll(box);
    });
  }

  function only() {
    const id = data.classes.names.indexOf(pointedClass ?? look.chosen ?? "");
    return id < 0 ? null : id;
  }

  /** @param {Size} box of a panel */
  function paintAll(box) {
    const { now, part } = split(look.position, calm.matches);
    const moment = part > 0.5 ? now + 1 : now;
    const id = only();
    const words = `${percent(data.shares[moment])} % of the training`;
    setText(find(root, ".moment"), words);
    if (slider.value !== String(moment)) slider.value = String(moment);
    slider.setAttribute("aria-valuetext", `${words}, moment ${moment + 1} of ${data.shares.length}`);
    root.dataset.moment = String(moment);
    root.dataset.look = look.mode;
    for (const panel of panels.all()) {
      paint(panel, box, now, part, id);
      if (panel.role === "network") tell(panel, now, part, moment, id, words);
      else panel.canvas.setAttribute("aria-label", panel.name);
    }
  }

  /**
   * The words and the curve of a network's panel.
   * @type {(panel: Panel, now: number, part: number, moment: number, id: number | null, words: string) => void}
   */
  function tell(panel, now, part, moment, id, words) {
    const track = trackOf(panel);
    const value = id === null ? track.mean[moment] : track.dice[moment][id];
    const score = value === null ? "–" : value.toFixed(2);
    const measure = id === null ? "mean Dice" : `Dice of ${data.classes.names[id]}`;
    setText(panel.parts.caption, [`${measure} ${score}`, track.moments[moment], track.note].filter(Boolean).join("\n"));
    panel.canvas.setAttribute("aria-label", `${panel.name} at ${words}: ${measure} ${score}`);
    curves.get(panel.id)?.mark?.(track.marks[now], track.marks[Math.min(now + 1, track.marks.length - 1)], part);
  }

  /** @type {(panel: Panel, box: Size, now: number, part: number, id: number | null) => void} */
  function paint(panel, box, now, part, id) {
    const photo = photoOf(data.photo.digest);
    const { canvas } = panel;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [box.width, box.height].map((side) => Math.max(1, Math.round(side * ratio)));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = contextOf(canvas);
    /** @type {(picture: CanvasImageSource, alpha: number, smooth: boolean) => void} */
    const draw = (picture, alpha, smooth) => {
      context.imageSmoothingEnabled = smooth;
      context.globalAlpha = alpha;
      context.drawImage(picture, 0, 0, width, height);
    };
    context.clearRect(0, 0, width, height);
    const errors = look.mode === "errors" && panel.role === "network";
    if (photo && panel.role === "photo") draw(photo.picture, 1, true);
    if (panel.role === "photo" || panel.state !== "ready") return;
    if (photo && look.mode !== "mask") draw(errors || id !== null ? photo.faint : photo.picture, 1, true);
    const opacity = look.mode === "overlay" || (look.mode === "errors" && !errors) ? OPACITY : 1;
    const pictures = tinted(panel, id, errors);
    if (!pictures) return;
    const next = part * opacity;
    // What this leaves to be seen of the earlier map fades exactly as fast as the later one comes.
    if (part < 1) draw(pictures(now), (opacity - next) / (1 - next), false);
    if (part > 0) draw(pictures(now + 1), next, false);
  }

  /**
   * The coloured maps of a panel, by moment, each made when first needed; a change of look makes them anew.
   * @type {(panel: Panel, id: number | null, errors: boolean) => ((moment: number) => ImageBitmap) | null}
   */
  function tinted(panel, id, errors) {
    const [truth, stack] = [mapOf(data.truth.labels), mapOf(panel.labels)];
    if (!truth || !stack) return null;
    const wanted = `${errors ? `errors ${data.truth.labels}` : look.mode} ${id} ${panel.labels} ${classesKey}`;
    if (panel.tint?.wanted !== wanted) {
      panel.tint?.picture.close();
      panel.tint = { wanted, picture: new Frames() };
    }
    const { made } = /** @type {Frames} */ (panel.tint.picture);
    return (moment) => {
      const at = panel.role === "truth" ? 0 : trackOf(panel).frames[moment];
      const picture = made.get(at) ?? colour(frameOf(stack, at, truth.height), id, errors, truth);
      made.set(at, picture);
      return picture;
    };
  }

  /** @type {(stack: GreyMap, at: number, height: number) => GreyMap} */
  function frameOf(stack, at, height) {
    const size = stack.width * height;
    return { width: stack.width, height, data: stack.data.subarray(at * size, (at + 1) * size) };
  }

  /** @type {(labels: GreyMap, id: number | null, errors: boolean, truth: GreyMap) => ImageBitmap} */
  function colour(labels, id, errors, truth) {
    const style = shownIds(data.classes, { only: id === null ? null : data.classes.names[id], hidden: NONE_HIDDEN });
    if (errors) return tintErrors(labels, truth, data.classes, style);
    const [ignored, others] = look.mode === "mask" ? [255, 40] : [0, 0];
    return tintClasses(labels, data.classes, style, ignored, others);
  }

  function remove() {
    clock.pause();
    saying.rest();
    resized.disconnect();
    cancelAnimationFrame(frame);
  }

  return { root, update, remove };
}

// The coloured maps of a panel that have been made so far.
/** @implements {Closable} */
class Frames {
  constructor() {
    /** @type {Map<number, ImageBitmap>} */
    this.made = new Map();
  }

  close() {
    for (const picture of this.made.values()) picture.close();
  }
}

/** @type {WeakMap<Element | ShadowRoot, ReturnType<typeof createPlayer>>} */
const players = new WeakMap();

/** @param {FrontendRendererArgs<{ look: string }, Message>} args */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = find(parentElement, ".player");
  const known = players.get(parentElement);
  const player = known?.root === root ? known : createPlayer(root, data);
  if (known && known !== player) known.remove();
  players.set(parentElement, player);
  player.update(data, (text) => setTriggerValue("look", text));
  return () => {
    player.remove();
    players.delete(parentElement);
  };
}
