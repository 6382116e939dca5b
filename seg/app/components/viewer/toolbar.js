// The tools above the panels: they show the state and change it.

/** @import { State } from "./state.js" */

import { find, setText } from "../dom.js";
import { rove } from "./roving.js";
import { offer } from "./swipe.js";
import { doubtGradient } from "./tint.js";
import { WHOLE } from "./view.js";

const NO_TRUTH = "There is no truth for this photo";
const BAD_TRUTH = "The truth cannot be used, its panel says why";
const BUTTON_STEP = 1.5;
const SORRY_MS = 4000;
/** @type {("left" | "right")[]} */
const SIDES = ["left", "right"];

/**
 * @param {HTMLElement} root
 * @param {State} state
 * @param {{ zoom: (factor: number) => void, paint: () => void, save: () => Promise<void> }} act
 */
export function createToolbar(root, state, { zoom, paint, save }) {
  const { look } = state;
  const modes = [...root.querySelectorAll(".modes input")].filter((input) => input instanceof HTMLInputElement);
  const against = find(root, ".against", HTMLSelectElement);
  const opacity = find(root, ".opacity input", HTMLInputElement);
  const magnification = find(root, ".zoom output");
  const pair = SIDES.map((side) => ({ side, select: find(root, `[data-side="${side}"]`, HTMLSelectElement) }));
  /** @type {(action: string) => HTMLElement} */
  const button = (action) => find(root, `[data-action="${action}"]`);

  rove(find(root, ".toolbar"), "button")();
  find(root, ".scale").style.background = doubtGradient();
  for (const input of modes) input.onchange = () => state.setMode(input.value);
  against.onchange = () => state.setAgainst(against.value);
  for (const { side, select } of pair) select.onchange = () => state.setSwipe({ [side]: select.value });
  opacity.oninput = () => state.setOpacity(Number(opacity.value) / 100);
  button("in").onclick = () => zoom(BUTTON_STEP);
  button("out").onclick = () => zoom(1 / BUTTON_STEP);
  button("reset").onclick = () => state.setView(WHOLE);
  button("swipe").onclick = () => state.toggleSwipe();
  button("paint").onclick = paint;
  button("save").onclick = () => report(save());

  /** @param {Promise<void>} saving */
  const report = (saving) => saving.catch(unsaved);

  /** @param {unknown} error */
  function unsaved(error) {
    console.error("The view cannot be saved:", error);
    const { textContent } = button("save");
    setText(button("save"), "Too large to save: enlarge one panel");
    setTimeout(() => setText(button("save"), textContent ?? ""), SORRY_MS);
  }

  function show() {
    const [now, { reference, referenceId }] = [state.mode(), state.reference()];
    const hasTruth = state.panel("truth")?.state === "ready";
    for (const input of modes) {
      input.checked = input.value === now;
      if (input.value === "errors") {
        input.disabled = !reference;
        const label = find(root, '[data-mode="errors"]');
        label.title = hasTruth ? "" : `${state.data.truth ? BAD_TRUTH : NO_TRUTH}: against a network instead`;
      }
    }
    const maps = state.singles().filter((panel) => panel.role !== "photo" && panel.state === "ready");
    offer(against, maps.map(({ id, name }) => ({ id, name: `vs ${name}` })), referenceId ?? "");
    opacity.value = String(Math.round(look.opacity * 100));
    for (const [action, on] of Object.entries({ swipe: look.swipe, paint: look.painting })) {
      button(action).setAttribute("aria-pressed", String(Boolean(on)));
    }
    find(root, ".pair").hidden = !look.swipe;
    if (look.swipe) for (const { side, select } of pair) offer(select, state.singles(), look.swipe[side]);
    root.dataset.look = now;
    root.toggleAttribute("data-painting", look.painting);
  }

  /** @param {number} factor */
  function showMagnification(factor) {
    setText(magnification, `${Number(factor.toPrecision(factor < 10 ? 2 : 3))}×`);
  }

  return { show, showMagnification, report, magnification: () => magnification.textContent ?? "" };
}
