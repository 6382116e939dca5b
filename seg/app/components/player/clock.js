// Time goes by: from moment to moment at a steady pace, each one held still before it turns into the next.

const MOMENT_MS = 900;
const HELD = 0.6;

/**
 * @param {object} on
 * @param {() => number} on.last
 * @param {(position: number) => void} on.show a position from 0 to last(), in parts of a moment while it plays
 * @param {() => void} on.changed when it starts and stops
 */
export function createClock({ last, show, changed }) {
  let position = 0;
  let frame = 0;
  /** @type {number | null} */
  let before = null;

  /** @param {number} to */
  function go(to) {
    position = Math.min(Math.max(to, 0), last());
    show(position);
  }

  /** @param {number} now */
  function tick(now) {
    const passed = before === null ? 0 : Math.min(now - before, MOMENT_MS) / MOMENT_MS;
    before = now;
    frame = requestAnimationFrame(tick);
    go(position + passed);
    if (position >= last()) pause();
  }

  function play() {
    if (frame) return;
    if (position >= last()) position = 0;
    before = null;
    frame = requestAnimationFrame(tick);
    changed();
  }

  function pause() {
    if (!frame) return;
    cancelAnimationFrame(frame);
    frame = 0;
    go(Math.round(position));
    changed();
  }

  return {
    play,
    pause,
    go,
    /** @param {number} by */
    step: (by) => go(Math.round(position) + by),
    playing: () => Boolean(frame),
    at: () => position,
  };
}

/**
 * The moment that is over at a position, and how much of the next one is to be seen, from 0 to 1.
 * @type {(position: number, still: boolean) => { now: number, part: number }}
 */
export function split(position, still) {
  const now = Math.floor(position);
  const part = Math.max(0, (position - now - HELD) / (1 - HELD));
  return { now, part: still ? 0 : part * part * (3 - 2 * part) };
}
