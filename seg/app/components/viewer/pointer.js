// Mouse, fingers, pen and keys over the panels, told as what they mean: zoom, pan, point, draw, choose a way to look.

const WHEEL_LINE = 16;
const KEY_STEP = 40;
const ZOOM_STEP = 1.5;
const OPACITY_STEP = 0.1;
const GESTURE_MS = 250;
const STROKE_STARTS = 4;
const GRIP = 14;

/** @import { Point } from "./types" */
/**
 * `at` is in CSS pixels of the box of the panel `id`, or null for its middle, `id` null for no panel in particular.
 * @typedef {object} Act
 * @property {(at: Point | null, factor: number, id: string | null) => void} zoom
 * @property {(dx: number, dy: number, id: string | null) => void} pan
 * @property {() => void} reset
 * @property {() => boolean} isWhole whether the whole picture is in view
 * @property {(id: string, at: Point) => void} point the crosshair
 * @property {(dx: number, dy: number) => void} move it, by pixels of the picture
 * @property {(id: string, at: Point) => void} pin the crosshair here, or let it go
 * @property {() => void} leave
 * @property {() => boolean} isPainting
 * @property {(phase: "start" | "move" | "end", id: string, at: Point | null, other: boolean) => void} draw a stroke while
 *   painting, with the other end of the pencil if Alt is held
 * @property {(tool: "brush" | "wand" | "polygon" | "fill" | "erase") => void} tool to paint with
 * @property {() => void} finish what is drawn corner by corner
 * @property {(share: number) => void} divider of the swipe, from 0 to 1
 * @property {(index: number) => void} mode
 * @property {(delta: number) => void} opacity
 * @property {() => void} toggleSwipe
 * @property {() => void} togglePaint
 * @property {(id: string | null) => void} enlarge
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {() => void} back
 */

import { targetOf } from "../dom.js";

/** @type {(grid: HTMLElement, act: Act) => void} */
export function listen(grid, act) {
  listenToWheel(grid, act);
  listenToPointers(grid, act);
  // From anywhere in the viewer, so that a choice in its toolbar does not take the keys away.
  listenToKeys(/** @type {HTMLElement} */ (grid.closest(".viewer")), grid, act);
}

/** @type {(event: Event) => HTMLElement | null} */
const boxOf = (event) => targetOf(event).closest(".box");
/** @type {(box: HTMLElement) => string} */
const idOf = (box) => box.dataset.id ?? "";

/** @type {(box: HTMLElement, event: { clientX: number, clientY: number }) => Point} */
function within(box, event) {
  const bounds = box.getBoundingClientRect();
  return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
}

/** @type {(grid: HTMLElement, act: Act) => void} */
function listenToWheel(grid, act) {
  let lastZoom = -Infinity;
  grid.addEventListener(
    "wheel",
    (event) => {
      const box = boxOf(event);
      if (!box) return;
      // With the whole picture in view, turning further out scrolls the page; not in the middle of a gesture, though.
      if (act.isWhole() && event.deltaY > 0 && event.timeStamp - lastZoom > GESTURE_MS) return;
      event.preventDefault();
      lastZoom = event.timeStamp;
      const pixels = event.deltaY * (event.deltaMode === 1 ? WHEEL_LINE : 1);
      // A pinch on a touchpad comes as a wheel with Ctrl, in much smaller steps.
      act.zoom(within(box, event), Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0018)), idOf(box));
    },
    { passive: false },
  );
}

/** @type {(grid: HTMLElement, act: Act) => void} */
function listenToPointers(grid, act) {
  /** @type {Map<number, Point>} */
  const pressed = new Map(); // pointer → where on the screen
  /** @typedef {{ pointer: number, box: HTMLElement, pending: Point[] | null, other: boolean }} Stroke */
  /** @type {Stroke | null} */
  let stroke = null; // what is drawn; pending holds a finger's points until it is no pinch
  /** @type {{ pointer: number, box: HTMLElement } | null} */
  let grip = null; // the divider is held
  /** @type {Point | null} */
  let still = null; // where a press began that is no drag yet
  let space = false;

  grid.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target !== grid || !act.isPainting()) return;
    event.preventDefault(); // it would scroll the page
    space = true;
  });
  grid.addEventListener("keyup", (event) => {
    if (event.key === " ") space = false;
  });
  grid.addEventListener("focusout", () => (space = false));

  /** @type {(box: HTMLElement, event: PointerEvent) => boolean} */
  function onDivider(box, event) {
    const divider = box.querySelector("[data-divider]");
    if (!divider) return false;
    const { left, width } = divider.getBoundingClientRect();
    return Math.abs(event.clientX - left - width / 2) <= GRIP;
  }

  /** @type {(box: HTMLElement, event: PointerEvent) => void} */
  function pull(box, event) {
    const { left, width } = box.getBoundingClientRect();
    act.divider(Math.min(Math.max((event.clientX - left) / width, 0), 1));
  }

  /** @type {(line: Stroke, points: Point[]) => void} */
  function startStroke(line, [first, ...rest]) {
    line.pending = null;
    act.draw("start", idOf(line.box), first, line.other);
    for (const at of rest) act.draw("move", idOf(line.box), at, line.other);
  }

  /** @type {(line: Stroke, event: PointerEvent) => void} */
  function drawTo(line, event) {
    // The browser hands over one event a frame; the points between make a fast stroke round.
    const events = event.getCoalescedEvents?.() ?? [];
    const points = (events.length ? events : [event]).map((one) => within(line.box, one));
    if (!line.pending) {
      for (const at of points) act.draw("move", idOf(line.box), at, line.other);
      return;
    }
    line.pending.push(...points);
    const [first, last] = [line.pending[0], line.pending[line.pending.length - 1]];
    if (Math.hypot(last.x - first.x, last.y - first.y) > STROKE_STARTS) startStroke(line, line.pending);
  }

  /** @param {Stroke} line */
  function endStroke(line) {
    if (line.pending) startStroke(line, line.pending);
    stroke = null;
    act.draw("end", idOf(line.box), null, line.other);
  }

  /** @type {(box: HTMLElement, event: PointerEvent, last: Point, now: Point) => void} */
  function pinch(box, event, last, now) {
    const [other] = [...pressed].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const before = Math.hypot(last.x - other.x, last.y - other.y);
    const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 };
    act.pan((now.x - last.x) / 2, (now.y - last.y) / 2, idOf(box));
    if (before === 0) return;
    act.zoom(within(box, middle), Math.hypot(now.x - other.x, now.y - other.y) / before, idOf(box));
  }

  grid.addEventListener("pointerdown", (event) => {
    const box = boxOf(event);
    if (!box || event.button > 1 || targetOf(event).closest("button")) return;
    if (event.button === 1) event.preventDefault(); // a middle button would scroll by itself
    pressed.set(event.pointerId, { x: event.clientX, y: event.clientY });
    box.setPointerCapture(event.pointerId);
    act.point(idOf(box), within(box, event));
    if (pressed.size > 1) {
      // A second finger: what the first has drawn stays, what it was about to draw does not come.
      if (stroke?.pending) stroke = null;
      if (stroke) endStroke(stroke);
      grip = null;
    } else if (event.button === 0 && onDivider(box, event)) {
      grip = { pointer: event.pointerId, box };
      pull(box, event);
    } else if (event.button === 0 && !space && act.isPainting()) {
      const first = [within(box, event)];
      stroke = { pointer: event.pointerId, box, pending: first, other: event.altKey };
      if (event.pointerType !== "touch") startStroke(stroke, first);
    }
    still = pressed.size === 1 && event.button === 0 && !grip && !stroke ? { x: event.clientX, y: event.clientY } : null;
  });

  grid.addEventListener("pointermove", (event) => {
    const box = boxOf(event);
    const last = pressed.get(event.pointerId);
    if (last) {
      const now = { x: event.clientX, y: event.clientY };
      if (still && Math.hypot(now.x - still.x, now.y - still.y) > STROKE_STARTS) still = null;
      if (stroke?.pointer === event.pointerId) drawTo(stroke, event);
      else if (grip?.pointer === event.pointerId) pull(grip.box, event);
      else if (pressed.size === 2 && box) pinch(box, event, last, now);
      else if (pressed.size === 1) act.pan(now.x - last.x, now.y - last.y, box && idOf(box));
      pressed.set(event.pointerId, now);
    }
    if (box && pressed.size < 2) act.point(idOf(box), within(box, event));
    else if (!box) act.leave();
  });

  /** @param {PointerEvent} event */
  function release(event) {
    pressed.delete(event.pointerId);
    if (grip?.pointer === event.pointerId) grip = null;
    if (stroke?.pointer !== event.pointerId) return;
    if (stroke.pending && event.type === "pointercancel") stroke = null;
    else endStroke(stroke);
  }
  grid.addEventListener("pointerup", (event) => {
    const box = boxOf(event);
    if (still && box && pressed.has(event.pointerId)) act.pin(idOf(box), within(box, event));
    still = null;
    release(event);
  });
  grid.addEventListener("pointercancel", release);
  // A panel that goes away under the pointer takes the capture with it.
  grid.addEventListener("lostpointercapture", release);
  // A finger that is lifted leaves, too; what it pointed at stays to be read.
  grid.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && act.leave());

  grid.addEventListener("dblclick", (event) => {
    const box = boxOf(event);
    if (targetOf(event).closest("button")) return;
    if (box && act.isPainting()) act.finish();
    else if (box) act.zoom(within(box, event), event.shiftKey ? 0.5 : 2, idOf(box));
  });
}

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const OWN_KEYS = "select, textarea, input:not([type=radio], [type=range], [type=checkbox], [type=color])";

/**
 * The viewer that has the keys while nothing on the page has the focus: the one pointed at last, or the first.
 * @type {{ viewer: HTMLElement, pressed: (event: KeyboardEvent) => void } | null}
 */
let keyed = null;
if (typeof document !== "undefined")
  document.addEventListener("keydown", (event) => {
    if (event.target === document.body && keyed?.viewer.isConnected) keyed.pressed(event);
  });

/** @type {(viewer: HTMLElement, grid: HTMLElement, act: Act) => void} */
function listenToKeys(viewer, grid, act) {
  if (!keyed?.viewer.isConnected) keyed = { viewer, pressed };
  viewer.addEventListener("pointerenter", () => (keyed = { viewer, pressed }));
  viewer.addEventListener("keydown", pressed);

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.defaultPrevented || event.altKey || targetOf(event).matches(OWN_KEYS)) return;
    const done = event.ctrlKey || event.metaKey ? pressedWithCtrl(event) : pressedAlone(event);
    if (done) event.preventDefault();
  }

  /** @type {(event: KeyboardEvent) => boolean} */
  function pressedWithCtrl(event) {
    const key = event.key.toLowerCase();
    const does = key === "y" || (key === "z" && event.shiftKey) ? act.redo : key === "z" ? act.undo : null;
    does?.();
    return Boolean(does);
  }

  /** @type {(event: KeyboardEvent) => boolean} */
  function pressedAlone(event) {
    if (event.key === "Enter" && targetOf(event) === grid && act.isPainting()) {
      act.finish();
      return true;
    }
    const arrow = ARROWS[event.key];
    if (arrow) return targetOf(event) === grid && pressedArrow(arrow, event.shiftKey);
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const does = (act.isPainting() && paintKeys[key]) || keys[key];
    does?.(event);
    return Boolean(does);
  }

  /** @type {(direction: [number, number], shift: boolean) => boolean} */
  function pressedArrow([dx, dy], shift) {
    if (shift) act.move(-dx, -dy);
    else if (act.isWhole()) return false; // the page scrolls
    else act.pan(dx * KEY_STEP, dy * KEY_STEP, null);
    return true;
  }

  const nearer = () => act.zoom(null, ZOOM_STEP, null);
  const further = () => act.zoom(null, 1 / ZOOM_STEP, null);
  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const keys = {
    "+": nearer,
    "=": nearer,
    "-": further,
    _: further,
    0: () => act.reset(),
    "[": () => act.opacity(-OPACITY_STEP),
    "]": () => act.opacity(OPACITY_STEP),
    s: () => act.toggleSwipe(),
    p: () => act.togglePaint(),
    e: (event) => {
      const box = targetOf(event).closest(".panel")?.querySelector(".box");
      act.enlarge(box instanceof HTMLElement ? idOf(box) : null);
    },
    Escape: () => act.back(),
  };
  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const paintKeys = {
    b: () => act.tool("brush"),
    w: () => act.tool("wand"),
    l: () => act.tool("polygon"),
    f: () => act.tool("fill"),
    x: () => act.tool("erase"),
    Backspace: () => act.undo(),
  };
  for (let i = 0; i < 6; i++) keys[i + 1] = () => act.mode(i);
}
