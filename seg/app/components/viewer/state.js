// What is shown and how: all that the screen follows from. It knows nothing of the document.

/** @import { Colour, Description, GreyMap, Message, PanelMessage, Point, Role, Scene, Size, Swipe, Tool, View, Way, Wish } from "./types" */
/** @import { Painting } from "./painting.js" */
/**
 * What a change is of: the panels there are, their layout, the way to look, the class pointed at, a stroke of the
 * painting, the tool in hand, the part of the picture in view, or the point read.
 * @typedef {"panels" | "layout" | "look" | "class" | "stroke" | "tool" | "view" | "point"} Change
 */

import { shownIds, styled } from "./classes.js";
import { isReady, keep, layerOf, mapOf } from "./decode.js";
import { lookOf, remember } from "./looks.js";
import { ordered } from "./order.js";
import { createPainting } from "./painting.js";
import { readLook, sayLook } from "./said.js";
import { firstPair, SWIPE, swipePanel } from "./swipe.js";
import { clampView, WHOLE } from "./view.js";

export const MODES = ["overlay", "mask", "outlines", "confidence", "errors", "photo"];

const SAME_POINT = 0.02; // of the box

export class State {
  /**
   * @param {Message} message what Python says
   * @param {(what: Change) => void} changed
   */
  constructor(message, changed) {
    this.changed = changed;
    this.data = message;
    this.look = lookOf(message.key);
    this.classes = styled(message.classes, this.look);
    this.classesKey = "";
    /** @type {Description[]} */
    this.panels = []; // in the visitor's order
    /** @type {Size | null} */
    this.box = null; // of the panel looked at, null while nothing is to be seen
    /** @type {(Point & { id: string | null }) | null} */
    this.pointed = null; // a point of the picture, and the panel it was pointed at in
    this.isAsked = false; // whether an address asks for a view that has not been fitted into the box yet
    this.beside = false; // whether there was a network beside the painting
    /** @type {string | null} */
    this.pointedClass = null;
    /** @type {Point[]} */
    /** @type {Point[]} */
    this.outline = []; // the corners of a polygon that is being drawn, in the picture
  }

  // What there is

  /**
   * @param {Message} message
   * @param {string | null} [asked] how to look at it, as an address says it; null as it is looked at
   */
  receive(message, asked = null) {
    this.data = message;
    if (this.look.pinned && this.look.pinned.photo !== message.photo.digest) {
      this.look.pinned = null;
      this.pointed = null;
    }
    if (asked !== null) this.lookAs(asked);
    this.restyle();
    if (message.paint) this.setUpToPaint(message);
    if (message.wish) this.follow(message.wish);
    this.arrived();
  }

  // A viewer that is there to be painted in shows the painting alone and large, until there is a network beside it.
  /** @param {Message} message */
  setUpToPaint({ panels }) {
    const { look } = this;
    const beside = panels.length > 0;
    if (!look.painting || beside !== this.beside) look.enlarged = beside ? null : "truth";
    if (!look.painting) look.tool.chosen = Math.min(1, this.classes.names.length - 1); // 0 is the background
    look.painting = true;
    this.beside = beside;
  }

  /** @param {string} asked */
  lookAs(asked) {
    const { photo, truth, panels, classes } = this.data;
    const networks = panels.map((panel) => panel.name);
    const ids = ["photo", ...(truth ? ["truth"] : []), ...networks.map((name) => `network ${name}`)];
    const { look, view, pinned } = readLook(asked, { modes: MODES, classes: classes.names, panels: ids, networks });
    Object.assign(this.look, look);
    remember(this.look.views, photo.digest, view);
    this.look.pinned = pinned && { ...pinned, photo: photo.digest };
    this.pointed = pinned;
    this.isAsked = true;
  }

  // How it is looked at, as an address says it.
  said() {
    return sayLook(this.look, this.view());
  }

  /** @param {Wish} wish */
  follow({ number, alone, swipe }) {
    if (number === this.look.followed) return;
    this.look.followed = number;
    if (alone !== null) this.look.only = alone || null;
    if (swipe) this.look.swipe = { left: `network ${swipe[0]}`, right: `network ${swipe[1]}`, at: 0.5 };
  }

  arrived() {
    const { photo, panels: networks, paint } = this.data;
    const size = `${photo.width} × ${photo.height} pixels`;
    const truth = this.truthPanel();
    const all = [
      ...(paint ? [] : [describe({ name: "Photo", caption: size, labels: photo.digest }, "photo")]),
      ...(truth ? [describe(truth, "truth")] : []),
      ...networks.map((panel) => describe(panel, "network")),
    ];
    const both = this.look.swipe && swipePanel(this.look.swipe, all);
    const byId = new Map([...all, ...(both ? [both] : [])].map((panel) => [panel.id, panel]));
    this.panels = ordered([...byId.keys()], this.look.order).flatMap((id) => byId.get(id) ?? []);
    this.changed("panels");
  }

  /** @returns {PanelMessage | null} */
  truthPanel() {
    if (!this.look.painting) return this.data.truth;
    const name = this.data.paint ? "Your painting" : "Your truth";
    return { name, caption: "Paint here, or in any panel", labels: this.paintedDigest() };
  }

  /** @type {(id: string | null) => Description | undefined} */
  panel(id) {
    return this.panels.find((panel) => panel.id === id);
  }

  // Without the one that stands for two.
  singles() {
    return this.panels.filter((panel) => panel.role !== SWIPE);
  }

  /** @type {() => { id: string, name: string, map: GreyMap }[]} */
  readyNetworks() {
    return this.panels.flatMap(({ id, name, role, labels }) => {
      const map = role === "network" ? mapOf(labels) : null;
      return map ? [{ id, name, map }] : [];
    });
  }

  // The panel that stands alone: the two under the divider, or the one enlarged, if it is still there.
  alone() {
    return (this.panel(SWIPE) ?? this.panel(this.look.enlarged))?.id ?? null;
  }

  // The map that errors are counted against, and whose panel it is.
  reference() {
    const truth = this.panel("truth");
    const network = this.panel(`network ${this.look.against}`);
    const first = this.panels.find((panel) => panel.role === "network" && panel.state === "ready");
    const chosen = network?.state === "ready" ? network : truth?.state === "ready" ? truth : first;
    return { reference: chosen?.labels ?? null, referenceId: chosen?.id ?? null };
  }

  // How it is looked at

  mode() {
    return this.look.mode === "errors" && !this.reference().reference ? "overlay" : this.look.mode;
  }

  /** @returns {View} */
  view() {
    return this.look.views.get(this.data.photo.digest) ?? WHOLE;
  }

  shown() {
    return shownIds(this.classes, this.look, this.pointedClass);
  }

  /** @type {() => { way: Way, scene: Scene }} */
  drawing() {
    const { shown, alone, key } = this.shown();
    const { opacity, patterns } = this.look;
    const { classes, classesKey } = this;
    return {
      way: { mode: this.mode(), opacity, patterns, shown, alone },
      scene: { classes, classesKey, shownKey: key, ...this.reference() },
    };
  }

  /** @param {string} mode */
  setMode(mode) {
    this.look.mode = mode;
    this.changed("look");
  }

  /** @param {string | null} id the panel that errors are counted against */
  setAgainst(id) {
    const panel = this.panel(id);
    this.look.against = panel?.role === "network" ? panel.name : "";
    this.changed("look");
  }

  /** @param {number} value */
  setOpacity(value) {
    this.look.opacity = Math.min(Math.max(value, 0), 1);
    this.changed("look");
  }

  togglePatterns() {
    this.look.patterns = !this.look.patterns;
    this.changed("look");
  }

  /** @param {View} wanted */
  setView(wanted) {
    if (!this.box) return;
    const next = clampView(wanted, this.box, this.data.photo);
    const now = this.view();
    if (next.zoom === now.zoom && next.x === now.x && next.y === now.y) return;
    remember(this.look.views, this.data.photo.digest, next);
    this.changed("view");
  }

  /** @type {(id: string | null, point: Point | null) => void} */
  setPoint(id, point) {
    const inside = point && point.x >= 0 && point.x < 1 && point.y >= 0 && point.y < 1;
    this.pointed = inside ? { id, ...point } : this.look.pinned;
    this.changed("point");
  }

  // The crosshair stays here when the pointer leaves; let go, where it stays already.
  /** @type {(id: string | null, point: Point) => void} */
  pin(id, point) {
    const { pinned, views } = this.look;
    const zoom = views.get(this.data.photo.digest)?.zoom ?? 1;
    const same = pinned && Math.hypot(pinned.x - point.x, pinned.y - point.y) * zoom < SAME_POINT;
    this.look.pinned = same ? null : { ...point, id, photo: this.data.photo.digest };
    this.setPoint(id, point);
  }

  unpin() {
    this.look.pinned = null;
    this.setPoint(null, null);
  }

  // Classes

  /** @param {string} name */
  choose(name) {
    this.look.only = this.look.only === name ? null : name;
    this.pointedClass = null;
    this.changed("look");
  }

  /** @param {string | null} name */
  pointAtClass(name) {
    this.pointedClass = name;
    this.changed("class");
  }

  /** @param {string} name */
  hide(name) {
    if (!this.look.hidden.delete(name)) this.look.hidden.add(name);
    this.changed("look");
  }

  /** @type {(name: string, colour: Colour | null) => void} */
  recolour(name, colour) {
    if (colour) this.look.colours.set(name, colour);
    else this.look.colours.delete(name);
    this.restyle();
    this.changed("look");
  }

  restyle() {
    this.classes = styled(this.data.classes, this.look);
    this.classesKey = JSON.stringify(this.classes);
  }

  // Layout

  /** @param {string[]} ids */
  reorder(ids) {
    this.look.order = ids;
    this.arrived();
  }

  /** @param {string | null} id */
  enlarge(id) {
    this.look.enlarged = this.look.enlarged === id ? null : id;
    this.changed("layout");
  }

  toggleSwipe() {
    const looked = this.pointed?.id ?? this.look.enlarged;
    this.look.swipe = this.look.swipe ? null : firstPair(this.singles(), looked);
    this.arrived();
  }

  /** @param {Partial<Swipe>} change */
  setSwipe(change) {
    if (!this.look.swipe) return;
    Object.assign(this.look.swipe, change);
    this.arrived();
  }

  /** @param {number} at */
  setDivider(at) {
    if (!this.look.swipe) return;
    this.look.swipe.at = Math.min(Math.max(at, 0), 1);
    this.changed("view");
  }

  back() {
    if (this.outline.length) this.setOutline([]);
    else if (this.look.swipe) this.toggleSwipe();
    else if (this.look.painting && !this.data.paint) this.togglePaint();
    else if (this.look.enlarged) this.enlarge(this.look.enlarged);
    else this.unpin();
  }

  // The truth that is painted

  // One paints on a large panel, and with the class that stands alone.
  togglePaint() {
    const { look } = this;
    if (this.data.paint) return;
    look.painting = !look.painting;
    this.outline = [];
    const alone = this.classes.names.indexOf(look.only ?? "");
    if (look.painting && alone >= 0) look.tool.chosen = alone;
    if (look.painting) look.enlarged ??= "truth";
    else if (look.enlarged === "truth") look.enlarged = null;
    this.arrived();
  }

  /** @param {Partial<Tool>} change */
  setTool(change) {
    const other = change.kind && change.kind !== this.look.tool.kind;
    Object.assign(this.look.tool, change);
    if (other) this.outline = [];
    if (change.chosen !== undefined) this.reveal(this.classes.names[change.chosen]);
    this.changed("tool");
  }

  // What is painted with must be seen.
  /** @param {string} name */
  reveal(name) {
    const { look } = this;
    const isHidden = look.hidden.delete(name);
    const isAside = look.only !== null && look.only !== name;
    if (isAside) look.only = null;
    if (isHidden || isAside) this.changed("look");
  }

  /** @param {Point[]} corners */
  setOutline(corners) {
    this.outline = corners;
    this.changed("tool");
  }

  /** @returns {Painting} */
  painting() {
    const { photo, truth, paint } = this.data;
    const name = paint ?? photo.digest;
    const begun = this.look.paintings.get(name);
    const start = paint && truth?.labels && !begun ? mapOf(truth.labels) : null;
    const painting = begun ?? createPainting(photo.sentWidth, photo.sentHeight, start?.data);
    // Until what it begins with is decoded this one only stands in for it.
    if (paint && truth?.labels && !begun && !start) painting.version = -1;
    else remember(this.look.paintings, name, painting);
    return painting;
  }

  // The digest under which the painting is a layer like any other.
  paintedDigest() {
    const painting = this.painting();
    return keep(`painting-${this.data.paint ?? this.data.photo.digest}`, painting.version, painting);
  }

  // In the middle of a stroke only the painting itself changes.
  drawn() {
    const truth = this.panel("truth");
    if (truth) truth.labels = this.paintedDigest();
    this.changed("stroke");
  }
}

/** @type {(panel: PanelMessage, role: Role) => Description} */
function describe(panel, role) {
  const layer = layerOf(panel.labels);
  const broken = layer?.error ?? false;
  return {
    id: role === "network" ? `network ${panel.name}` : role,
    role,
    name: panel.name,
    caption: panel.caption ?? "",
    tag: panel.tag ?? "",
    scores: panel.scores,
    ids: panel.ids,
    state: panel.failed || broken ? "failed" : isReady(layer) ? "ready" : "waiting",
    sentence: broken ? "This browser could not decode the picture." : (panel.status ?? ""),
    labels: panel.labels ?? null,
    confidence: panel.confidence ?? null,
    note: panel.note ?? "",
  };
}
