// What a component lets the address say of itself, so that a link, a reload and the way back bring it again: told to
// Python once the visitor pauses, and followed where it comes from there.

/**
 * name: the address's word for it; text: what Python keeps; number: another for each text that has come by a link or the
 * way back.
 * @typedef {{ name: string, text: string, number: number }} Said
 */

/**
 * Asks all components on the page to let the address say at once what it does not say yet: before a link is copied.
 * Python hears of it when the visitor pauses, as ever: it hears one component at a time.
 */
export const SAY_NOW = "seg-say-now";
const PAUSE = 600;

export function createSaying() {
  let name = "";
  let told = "";
  let wanted = "";
  let timer = 0;
  /** @type {number | null} */
  let followed = null;
  /** @type {(text: string) => void} */
  let tell = () => {};

  function now() {
    if (name && wanted !== told) replaceInAddress(name, wanted);
  }

  function pause() {
    timer = 0;
    if (!name || wanted === told) return;
    now();
    told = wanted;
    tell(told);
  }

  /**
   * Returns the text to follow, null where the visitor goes on from what is shown.
   * @type {(said: Said | null | undefined, emit: (text: string) => void) => string | null}
   */
  function hear(said, emit) {
    document.addEventListener(SAY_NOW, now);
    name = said?.name ?? "";
    tell = emit;
    if (!said || said.number === followed) return null;
    clearTimeout(timer);
    timer = 0;
    followed = said.number;
    told = wanted = said.text;
    return told;
  }

  /** @param {string} text what is shown now */
  function say(text) {
    if (text === wanted) return;
    wanted = text;
    clearTimeout(timer);
    timer = name ? setTimeout(pause, PAUSE) : 0;
  }

  function rest() {
    clearTimeout(timer);
    timer = 0;
    document.removeEventListener(SAY_NOW, now);
  }

  return { hear, say, rest };
}

// In place: a step of the way back for every look would be too many. Python then finds the address as it would have it.
/** @type {(name: string, text: string) => void} */
function replaceInAddress(name, text) {
  const url = new URL(location.href);
  if (text) url.searchParams.set(name, text);
  else url.searchParams.delete(name);
  history.replaceState(history.state, "", url);
}

/**
 * As many numbers, each within its bounds, as a text has between blanks; null for anything else.
 * @type {(text: string | null, ...bounds: [number, number][]) => number[] | null}
 */
export function numbers(text, ...bounds) {
  const found = (text ?? "").split(" ").map((part) => (part ? Number(part) : NaN));
  const fine = found.length === bounds.length && found.every((value, i) => value >= bounds[i][0] && value <= bounds[i][1]);
  return fine ? found : null;
}

/** @type {(value: number) => string} */
export const short = (value) => String(Number(value.toFixed(4)));
