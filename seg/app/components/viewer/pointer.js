// Mouse, fingers, pen and keys over the panels, told as what they mean: zoom, pan, point, draw, choose a way to look.

const WHEEL_LINE = 16;
const KEY_STEP = 40;
const ZOOM_STEP = 1.5;
const OPACITY_STEP = 0.1;
const GESTURE_MS = 250;
const STROKE_STARTS = 4;
const GRIP = 14;

// `at` is in CSS pixels of the box of the panel `id`, or null for its middle, `id` null for no panel in particular.
// `act` has
//   zoom(at, factor, id), pan(dx, dy, id), reset(), isWhole(): the view;
//   point(id, at), move(dx, dy), leave(): the crosshair, by pointer and by pixels of the picture;
//   isPainting(), draw("start" | "move" | "end", id, at): a stroke while painting;
//   divider(share): the swipe's divider, from 0 to 1;
//   mode(index), opacity(delta), toggleSwipe(), togglePaint(), enlarge(id), undo(), redo(), back(): the keys.
export function listen(grid, act) {
  listenToWheel(grid, act);
  listenToPointers(grid, act);
  // From anywhere in the viewer, so that a choice in its toolbar does not take the keys away.
  listenToKeys(grid.closest(".viewer"), grid, act);
}

const boxOf = (event) => event.target.closest?.(".box");

function within(box, event) {
  const bounds = box.getBoundingClientRect();
  return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
}

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
      act.zoom(within(box, event), Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0018)), box.dataset.id);
    },
    { passive: false },
  );
}

function listenToPointers(grid, act) {
  const pressed = new Map(); // pointer → {x, y} on the screen
  let stroke = null; // {pointer, box, pending}: what is drawn; pending holds a finger's points until it is no pinch
  let grip = null; // {pointer, box}: the divider is held
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

  function onDivider(box, event) {
    const divider = box.querySelector("[data-divider]");
    if (!divider) return false;
    const { left, width } = divider.getBoundingClientRect();
    return Math.abs(event.clientX - left - width / 2) <= GRIP;
  }

  function pull(event) {
    const { left, width } = grip.box.getBoundingClientRect();
    act.divider(Math.min(Math.max((event.clientX - left) / width, 0), 1));
  }

  function startStroke() {
    const [first, ...rest] = stroke.pending;
    stroke.pending = null;
    act.draw("start", stroke.box.dataset.id, first);
    for (const at of rest) act.draw("move", stroke.box.dataset.id, at);
  }

  function drawTo(event) {
    // The browser hands over one event a frame; the points between make a fast stroke round.
    const events = event.getCoalescedEvents?.() ?? [];
    const points = (events.length ? events : [event]).map((one) => within(stroke.box, one));
    if (!stroke.pending) {
      for (const at of points) act.draw("move", stroke.box.dataset.id, at);
      return;
    }
    stroke.pending.push(...points);
    const [first] = stroke.pending;
    const last = stroke.pending.at(-1);
    if (Math.hypot(last.x - first.x, last.y - first.y) > STROKE_STARTS) startStroke();
  }

  function endStroke() {
    const { box, pending } = stroke;
    if (pending) startStroke();
    stroke = null;
    act.draw("end", box.dataset.id, null);
  }

  function pinch(event, last, now) {
    const [other] = [...pressed].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const before = Math.hypot(last.x - other.x, last.y - other.y);
    const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 };
    const box = boxOf(event);
    act.pan((now.x - last.x) / 2, (now.y - last.y) / 2, box.dataset.id);
    if (before === 0) return;
    act.zoom(within(box, middle), Math.hypot(now.x - other.x, now.y - other.y) / before, box.dataset.id);
  }

  grid.addEventListener("pointerdown", (event) => {
    const box = boxOf(event);
    if (!box || event.button > 1) return;
    if (event.button === 1) event.preventDefault(); // a middle button would scroll by itself
    pressed.set(event.pointerId, { x: event.clientX, y: event.clientY });
    box.setPointerCapture(event.pointerId);
    act.point(box.dataset.id, within(box, event));
    if (pressed.size > 1) {
      // A second finger: what the first has drawn stays, what it was about to draw does not come.
      if (stroke?.pending) stroke = null;
      if (stroke) endStroke();
      grip = null;
    } else if (event.button === 0 && onDivider(box, event)) {
      grip = { pointer: event.pointerId, box };
      pull(event);
    } else if (event.button === 0 && !space && act.isPainting()) {
      stroke = { pointer: event.pointerId, box, pending: [within(box, event)] };
      if (event.pointerType !== "touch") startStroke();
    }
  });

  grid.addEventListener("pointermove", (event) => {
    const box = boxOf(event);
    const last = pressed.get(event.pointerId);
    if (last) {
      const now = { x: event.clientX, y: event.clientY };
      if (stroke?.pointer === event.pointerId) drawTo(event);
      else if (grip?.pointer === event.pointerId) pull(event);
      else if (pressed.size === 2 && box) pinch(event, last, now);
      else if (pressed.size === 1) act.pan(now.x - last.x, now.y - last.y, box?.dataset.id ?? null);
      pressed.set(event.pointerId, now);
    }
    if (box && pressed.size < 2) act.point(box.dataset.id, within(box, event));
    else if (!box) act.leave();
  });

  function release(event) {
    pressed.delete(event.pointerId);
    if (grip?.pointer === event.pointerId) grip = null;
    if (stroke?.pointer !== event.pointerId) return;
    if (stroke.pending && event.type === "pointercancel") stroke = null;
    else endStroke();
  }
  grid.addEventListener("pointerup", release);
  grid.addEventListener("pointercancel", release);
  // A panel that goes away under the pointer takes the capture with it.
  grid.addEventListener("lostpointercapture", release);
  // A finger that is lifted leaves, too; what it pointed at stays to be read.
  grid.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && act.leave());

  grid.addEventListener("dblclick", (event) => {
    const box = boxOf(event);
    if (box && !act.isPainting()) act.zoom(within(box, event), event.shiftKey ? 0.5 : 2, box.dataset.id);
  });
}

const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const OWN_KEYS = "select, textarea, input:not([type=radio], [type=range], [type=checkbox], [type=color])";

function listenToKeys(viewer, grid, act) {
  viewer.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.target.matches(OWN_KEYS)) return;
    const done = event.ctrlKey || event.metaKey ? pressedWithCtrl(event) : pressedAlone(event);
    if (done) event.preventDefault();
  });

  function pressedWithCtrl(event) {
    const key = event.key.toLowerCase();
    if (key === "y" || (key === "z" && event.shiftKey)) return called(act.redo);
    return key === "z" && called(act.undo);
  }

  function pressedAlone(event) {
    const onGrid = grid.contains(event.target);
    const arrow = onGrid && ARROWS[event.key];
    if (arrow && event.shiftKey) return called(act.move, -arrow[0], -arrow[1]);
    if (arrow) return !act.isWhole() && called(act.pan, arrow[0] * KEY_STEP, arrow[1] * KEY_STEP, null);
    if (event.key >= "1" && event.key <= "6") return called(act.mode, Number(event.key) - 1);
    const panel = event.target.closest(".panel")?.querySelector(".box");
    const keys = {
      "+": [act.zoom, null, ZOOM_STEP, null],
      "=": [act.zoom, null, ZOOM_STEP, null],
      "-": [act.zoom, null, 1 / ZOOM_STEP, null],
      _: [act.zoom, null, 1 / ZOOM_STEP, null],
      0: [act.reset],
      "[": [act.opacity, -OPACITY_STEP],
      "]": [act.opacity, OPACITY_STEP],
      s: [act.toggleSwipe],
      p: [act.togglePaint],
      e: [act.enlarge, panel?.dataset.id ?? null],
      Escape: [act.back],
    };
    const [does, ...words] = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key] ?? [];
    return does ? called(does, ...words) : false;
  }
}

function called(does, ...words) {
  does(...words);
  return true;
}
