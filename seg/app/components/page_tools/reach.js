// Rows of pictures and tables that are wider than the screen can be reached by keyboard, and then scrolled.

const SIDEWAYS = [
  '[class*="st-key-row-"]',
  '[class*="st-key-wide-"]',
  '[class*="st-key-beside-"] > * > [data-testid="stHorizontalBlock"]',
  '[data-testid="stTable"] :has(> table)',
].join(", ");
const REACHED = "data-seg-reached";

export function reach() {
  for (const element of document.querySelectorAll(SIDEWAYS)) {
    const scrolls = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX === "auto";
    if (scrolls === element.hasAttribute(REACHED)) continue;
    element.toggleAttribute(REACHED, scrolls);
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "Scrolls sideways"]]) {
      if (scrolls) element.setAttribute(name, value);
      else element.removeAttribute(name);
    }
  }
}

/**
 * What is drawn on the page, whenever that is, can be reached from then on.
 * @returns {() => void} ends it
 */
export function keepReaching() {
  let frame = 0;
  const soon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(reach);
  };
  const seen = new MutationObserver(soon);
  seen.observe(document.body, { childList: true, subtree: true });
  window.addEventListener("resize", soon);
  soon();
  return () => {
    cancelAnimationFrame(frame);
    seen.disconnect();
    window.removeEventListener("resize", soon);
  };
}
