// What stands above the pictures: how good each network's map is, and which is the best.

/** @import { createPanels } from "./panels.js" */
/** @import { createScoring } from "./scoring.js" */

import { find, setText } from "../dom.js";

/**
 * @param {ReturnType<typeof createPanels>} panels
 * @param {ReturnType<typeof createScoring>} scoring
 */
export function showTitles(panels, scoring) {
  const titles = scoring.titles();
  for (const panel of panels.all()) {
    const title = titles.get(panel.id);
    const score = find(panel.element, ".score");
    setText(find(score, ".value"), title?.text ?? "");
    setText(find(score, ".best"), title?.best ? "best" : "");
    score.title = title?.hint ?? "";
    setText(find(panel.element, ".tag"), panel.tag ?? "");
    const keep = find(panel.element, ".keep");
    keep.title = `Save ${panel.name} as a PNG, with title, score and legend`;
    keep.setAttribute("aria-label", `Save ${panel.name} as a PNG`);
  }
}
