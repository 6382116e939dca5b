// One stop of the Tab key for many buttons: arrow keys go from one to the next.

import { targetOf } from "../dom.js";

/** @type {Record<string, (at: number, count: number) => number>} */
const STEPS = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  ArrowUp: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/**
 * Returns what is to be called when buttons have come, gone, or been hidden.
 * @type {(container: HTMLElement, selector: string) => () => void}
 */
export function rove(container, selector) {
  /** @type {HTMLElement | null} */
  let stop = null;

  const buttons = () => {
    const all = /** @type {HTMLElement[]} */ ([...container.querySelectorAll(selector)]);
    return all.filter((button) => !button.matches(":disabled, [hidden], [hidden] *"));
  };

  function update() {
    const all = buttons();
    if (!stop || !all.includes(stop)) stop = all[0] ?? null;
    for (const button of all) if (button.tabIndex !== (button === stop ? 0 : -1)) button.tabIndex = button === stop ? 0 : -1;
  }

  container.addEventListener("focusin", (event) => {
    if (!targetOf(event).matches(selector)) return;
    stop = targetOf(event);
    update();
  });
  container.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const all = buttons();
    const at = all.indexOf(targetOf(event));
    if (!step || at < 0 || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    all[step(at, all.length)].focus();
  });
  return update;
}
