// The class that stands alone, cut out of the photo at its full size. Only Python has that: the browser asks for it.

/** @import { createPanels } from "./panels.js" */
/** @import { State } from "./state.js" */
/** @import { Message, Panel, Tell } from "./types" */

import { find, setText, targetOf } from "../dom.js";
import { mapOf, toBytes } from "./decode.js";
import { download, fileName, toBase64 } from "./files.js";
import { maskPng } from "./mask_file.js";

/**
 * @param {HTMLElement} grid
 * @param {State} state
 * @param {ReturnType<typeof createPanels>} panels
 * @param {Tell} tell
 */
export function createCutout(grid, state, panels, tell) {
  /** @type {{ id: string, panel: string, name: string } | null} */
  let awaited = null;
  let count = 0;

  grid.addEventListener("click", (event) => {
    const button = targetOf(event).closest(".cut");
    const panel = panels.all().find((one) => button && one.element.contains(button));
    if (panel) ask(panel);
  });

  /** @param {Panel} panel */
  async function ask(panel) {
    const { only } = state.look;
    if (!only) return;
    const id = `cut-${Date.now()}-${count++}`;
    awaited = { id, panel: panel.id, name: fileName(state.data.name ?? "photo", panel.name, only) };
    const painted = panel.role === "truth" && state.look.painting;
    const png = painted ? { png: await toBase64(await maskPng(state.painting(), state.classes)) } : {};
    tell("cut", { id, panel: panel.name, class: only, photo: state.data.photo.digest, ...png });
    show();
  }

  /**
   * Takes what has come; returns the files that are missing.
   * @type {(message: Message) => string[]}
   */
  function receive(message) {
    if (!awaited || message.cut?.id !== awaited.id) return []; // a run that had begun before it was asked
    const { id, name } = awaited;
    const file = message.layers[id];
    if (!file && !message.cut.failed) return [id];
    if (file) download(new Blob([toBytes(file)], { type: "image/png" }), name);
    awaited = null;
    return [];
  }

  function show() {
    const id = state.classes.names.indexOf(state.look.only ?? "");
    for (const panel of panels.all()) {
      const button = find(panel.box, ".cut");
      button.hidden = !offers(panel, id);
      button.toggleAttribute("data-busy", awaited?.panel === panel.id);
      const text = awaited?.panel === panel.id ? "Cutting out …" : "Cut out";
      setText(find(button, "span"), text);
      button.setAttribute("aria-label", `${text}: ${state.look.only}, from ${panel.name}`);
      button.title = `${state.look.only} as a transparent PNG, as large as the photo`;
    }
  }

  /** @type {(panel: Panel, id: number) => boolean} */
  function offers(panel, id) {
    if (id < 0 || panel.state !== "ready" || (panel.role !== "truth" && panel.role !== "network")) return false;
    return panel.ids?.includes(id) ?? mapOf(panel.labels)?.data.includes(id) ?? false;
  }

  return { receive, show };
}
