// The panels painted as the state has them, and saved as a picture.

/** @import { createPanels } from "./panels.js" */
/** @import { createScoring } from "./scoring.js" */
/** @import { State } from "./state.js" */
/** @import { Panel, Photo, Scene, Size, View, Way } from "./types" */

import { find, setText } from "../dom.js";
import { layerOf, mapOf, photoOf } from "./decode.js";
import { layersOf, paint, paintSwipe } from "./draw.js";
import { snapshot } from "./snapshot.js";
import { createDivider, SWIPE } from "./swipe.js";
import { IGNORE } from "./tint.js";
import { clampView } from "./view.js";

/**
 * @param {HTMLElement} root
 * @param {State} state
 * @param {ReturnType<typeof createPanels>} panels
 * @param {ReturnType<typeof createScoring>} scoring
 */
export function createRenderer(root, state, panels, scoring) {
  const placeDivider = createDivider({ move: (step) => state.setDivider((state.look.swipe?.at ?? 0) + step) });

  /** @type {(box: Size) => View} Paints all panels and returns the view they show. */
  function paintAll(box) {
    const photo = photoLayer();
    const { way, scene } = state.drawing();
    const view = clampView(state.view(), box, state.data.photo);
    const where = [view.zoom.toFixed(3), view.x.toFixed(4), view.y.toFixed(4)].join(" ");
    for (const panel of panels.all()) {
      panel.canvas.setAttribute("aria-label", labelOf(panel, way.mode));
      setText(find(panel.box, ".remark"), noteOf(panel, way, scene));
      const isReference = panel.id === scene.referenceId;
      panel.element.toggleAttribute("data-reference", isReference);
      if (isReference) panel.element.toggleAttribute("data-unlabelled", mapOf(panel.labels)?.data.includes(IGNORE));
      panel.element.dataset.view = where;
      if (photo) panels.refuse(panel, problemOf(() => paintPanel(panel, way, scene, view, photo)));
    }
    root.dataset.view = where;
    root.dataset.only = state.pointedClass ?? state.look.only ?? "";
    root.toggleAttribute("data-alone", way.alone !== null);
    root.toggleAttribute("data-zoomed", view.zoom > 1);
    return view;
  }

  /**
   * @param {Panel} panel
   * @param {Way} way
   * @param {Scene} scene
   * @param {View} view
   * @param {Photo | Size} photo
   * @param {HTMLCanvasElement} [canvas]
   * @param {Size} [size] of the box
   */
  function paintPanel(panel, way, scene, view, photo, canvas = panel.canvas, size = panel.size) {
    const { swipe } = state.look;
    if (panel.role !== SWIPE) return paint(canvas, layersOf(panel, way, scene), view, size, photo, state.data.photo);
    const [left, right] = [panels.get(swipe?.left ?? ""), panels.get(swipe?.right ?? "")];
    if (!swipe || !left || !right) return;
    const both = [left, right].map((one) => layersOf(one, way, scene));
    paintSwipe(canvas, both[0], both[1], swipe.at, view, size, photo, state.data.photo);
    placeDivider(panel.box, swipe.at);
  }

  // What stands in the picture itself.
  /** @type {(panel: Panel, way: Way, scene: Scene) => string} */
  function noteOf(panel, { mode, alone }, { referenceId }) {
    if (panel.state !== "ready") return "";
    if (mode === "confidence" && panel.role === "network") return panel.note ?? "";
    const scores = mode === "errors" && alone !== null ? scoring.against(panel, state.panel(referenceId)) : null;
    if (!scores || alone === null) return "";
    const [precision, recall] = [scores.precision[alone], scores.recall[alone]].map((value) => value?.toFixed(2) ?? "–");
    return `precision ${precision} · recall ${recall}`;
  }

  // Masks are shown over nothing where the photo cannot be decoded; null while it still may be.
  /** @returns {Photo | Size | null} */
  function photoLayer() {
    const { digest, sentWidth, sentHeight } = state.data.photo;
    if (layerOf(digest)?.error) return { width: sentWidth, height: sentHeight };
    return photoOf(digest);
  }

  /** @type {(columns: number, magnification: string, one: string | null) => Promise<Blob | null>} */
  async function saved(columns, magnification, one) {
    const photo = photoLayer();
    if (!photo || !state.box) return null;
    const { way, scene } = state.drawing();
    /** @type {Record<string, string>} */
    const how = { overlay: `opacity ${Math.round(way.opacity * 100)} %`, errors: `against ${state.panel(scene.referenceId)?.name}` };
    const only = way.alone === null ? "" : `${state.classes.names[way.alone]} alone`;
    const words = [state.data.name, way.mode, how[way.mode], only, magnification];
    const titles = scoring.titles();
    const texts = panels.all().map((panel) => {
      const title = titles.get(panel.id);
      const score = title && (title.best ? `${title.text}, the best` : title.text);
      return /** @type {[string, string]} */ ([panel.id, [score, noteOf(panel, way, scene)].filter(Boolean).join(" · ")]);
    });
    return snapshot({
      title: words.filter(Boolean).join(" · "),
      panels: panels.all().filter((panel) => !one || panel.id === one),
      columns: one ? 1 : columns,
      mode: way.mode,
      patterns: way.patterns,
      classes: state.classes,
      shown: way.shown,
      alone: way.alone,
      scores: new Map(texts),
      aspect: state.box.width / state.box.height,
      drawPanel: (canvas, panel, size) => paintPanel(panel, way, scene, state.view(), photo, canvas, size),
    });
  }

  return { paintAll, saved };
}

/**
 * A canvas too many, or too large, takes one panel away and not the others.
 * @param {() => void} work
 */
function problemOf(work) {
  try {
    work();
    return "";
  } catch (error) {
    console.error("A panel cannot be drawn:", error);
    return "This browser refuses to draw it: enlarge one panel, or compare fewer networks.";
  }
}

/** @type {(panel: Panel, mode: string) => string} */
function labelOf(panel, mode) {
  if (panel.role === "photo") return "Photo";
  return `${panel.name}: ${panel.state === "ready" ? panel.refusal || mode : panel.sentence || panel.state}`;
}
