// Mouse, fingers and keys over the grid, told as what they mean: zoom, pan, point, leave, reset.

const WHEEL_LINE = 16;
const KEY_STEP = 40;
const ZOOM_STEP = 1.5;
const GESTURE_MS = 250;

// `act` has zoom(at, factor), pan(dx, dy), point(id, at), move(dx, dy), leave(), reset() and isWhole(); `at` is in CSS
// pixels of a box, or null for its middle.
export function listen(grid, act) {
  const pressed = new Map();
  let lastZoom = -Infinity;

  const boxOf = (event) => event.target.closest?.(".box");
  const inside = (box, event) => {
    const bounds = box.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  };

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
      act.zoom(inside(box, event), Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0018)));
    },
    { passive: false },
  );

  grid.addEventListener("pointerdown", (event) => {
    const box = boxOf(event);
    if (!box || event.button !== 0) return;
    pressed.set(event.pointerId, { x: event.clientX, y: event.clientY });
    box.setPointerCapture(event.pointerId);
    act.point(box.dataset.id, inside(box, event));
  });

  grid.addEventListener("pointermove", (event) => {
    const box = boxOf(event);
    const last = pressed.get(event.pointerId);
    if (last) {
      const now = { x: event.clientX, y: event.clientY };
      if (pressed.size === 2 && box) {
        const [other] = [...pressed].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
        const before = Math.hypot(last.x - other.x, last.y - other.y);
        const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 };
        act.pan((now.x - last.x) / 2, (now.y - last.y) / 2);
        if (before > 0) act.zoom(inside(box, middle), Math.hypot(now.x - other.x, now.y - other.y) / before);
      } else if (pressed.size === 1) {
        act.pan(now.x - last.x, now.y - last.y);
      }
      pressed.set(event.pointerId, now);
    }
    if (box && pressed.size < 2) act.point(box.dataset.id, inside(box, event));
    else if (!box) act.leave();
  });

  const release = (event) => pressed.delete(event.pointerId);
  grid.addEventListener("pointerup", release);
  grid.addEventListener("pointercancel", release);
  // A finger that is lifted leaves, too; what it pointed at stays to be read.
  grid.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && act.leave());

  grid.addEventListener("dblclick", (event) => {
    const box = boxOf(event);
    if (box) act.zoom(inside(box, event), event.shiftKey ? 0.5 : 2);
  });

  grid.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (arrow && event.shiftKey) act.move(-arrow[0], -arrow[1]);
    else if (arrow && !act.isWhole()) act.pan(arrow[0] * KEY_STEP, arrow[1] * KEY_STEP);
    else if (event.key === "+" || event.key === "=") act.zoom(null, ZOOM_STEP);
    else if (event.key === "-" || event.key === "_") act.zoom(null, 1 / ZOOM_STEP);
    else if (event.key === "0") act.reset();
    else if (event.key === "Escape") act.leave();
    else return;
    event.preventDefault();
  });
}
