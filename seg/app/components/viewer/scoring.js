// What the panels' titles say of their maps: how good they are or, without a truth, how far they agree.

/** @import { State } from "./state.js" */
/** @import { Description, GreyMap, Scores } from "./types" */
/** @typedef {{ text: string, best: boolean, hint: string }} Title */

import { agreementOf, majorityOf } from "./agreement.js";
import { mapOf } from "./decode.js";
import { confusion, scoresOf } from "./grade.js";

const MOST_KEPT = 16; // of each map: against what, and of which class

/** @param {State} state */
export function createScoring(state) {
  /** @type {WeakMap<GreyMap, Map<string, Scores>>} */
  const known = new WeakMap();
  /** @type {{ of: string, map: GreyMap } | null} */
  let majority = null;
  /** @type {WeakMap<GreyMap, Map<string, number | null>>} */
  const agreed = new WeakMap();

  /**
   * A panel's scores against the map of another one; null while one of them is not here.
   * @type {(panel: Description, reference: Description | undefined) => Scores | null}
   */
  function against(panel, reference) {
    const [map, truth] = [mapOf(panel.labels), mapOf(reference?.labels)];
    if (!map || !truth || !reference?.labels || panel.id === reference.id) return null;
    if (panel.scores && reference.id === "truth" && !state.look.painting) return panel.scores;
    return kept(known, map, reference.labels, () => {
      const n = state.classes.names.length;
      return scoresOf(confusion(map, truth, n), n);
    });
  }

  /** @type {(maps: GreyMap[], of: string) => GreyMap} */
  function majorityAmong(maps, of) {
    if (majority?.of !== of) majority = { of, map: majorityOf(maps) };
    return majority.map;
  }

  /**
   * The title of every network that has one, by the id of its panel.
   * @returns {Map<string, Title>}
   */
  function titles() {
    const networks = state.panels.filter((panel) => panel.role === "network" && mapOf(panel.labels));
    const { alone: id } = state.shown();
    const truth = state.panel("truth");
    if (truth && mapOf(truth.labels)) return graded(networks, truth, id);
    return networks.length > 1 ? agreeing(networks, id) : new Map();
  }

  /** @type {(networks: Description[], truth: Description, id: number | null) => Map<string, Title>} */
  function graded(networks, truth, id) {
    const of = id === null ? "" : ` of ${state.classes.names[id]}`;
    const values = new Map(
      networks.map((panel) => {
        const scores = against(panel, truth);
        return [panel.id, (id === null ? scores?.mean : scores?.dice[id]) ?? null];
      }),
    );
    const most = Math.max(...[...values.values()].map((value) => value ?? 0));
    const hint = id === null ? "Mean over the classes of truth and mask" : "Overlap with the truth: 1 is perfect, 0 is none";
    return new Map(
      [...values].map(([panel, value]) => {
        const nothing = id === null ? "" : `Dice${of} –`; // such as before anything is painted
        const text = value === null ? nothing : `Dice${of} ${value.toFixed(2)}`;
        return [panel, { text, best: networks.length > 1 && most > 0 && value === most, hint }];
      }),
    );
  }

  /** @type {(networks: Description[], id: number | null) => Map<string, Title>} */
  function agreeing(networks, id) {
    const maps = networks.flatMap((panel) => mapOf(panel.labels) ?? []);
    const of = networks.map((panel) => panel.labels).join(" ");
    const two = maps.length === 2;
    const name = id === null ? "" : state.classes.names[id];
    const whom = two ? "the other network" : "most networks";
    const hint = name
      ? `Of the pixels that either it or ${whom} would call ${name}, the share that both do`
      : `The share of all pixels at which it says the same as ${whom}`;
    return new Map(
      networks.map((panel, i) => {
        const most = two ? maps[1 - i] : majorityAmong(maps, of);
        const share = kept(agreed, maps[i], `${of} ${id}`, () => agreementOf(maps[i], most, id));
        const text = `agrees ${share === null ? "–" : `${Math.round(share * 100)} %`}${name && ` on ${name}`}`;
        return [panel.id, { text, best: false, hint }];
      }),
    );
  }

  return { against, titles };
}

/**
 * What has been worked out for a map, a few of them.
 * @template T
 * @param {WeakMap<GreyMap, Map<string, T>>} store
 * @param {GreyMap} map
 * @param {string} key
 * @param {() => T} make
 * @returns {T}
 */
function kept(store, map, key, make) {
  const all = store.get(map) ?? new Map();
  store.set(map, all);
  const value = all.has(key) ? all.get(key) : make();
  all.delete(key);
  all.set(key, value);
  if (all.size > MOST_KEPT) all.delete([...all.keys()][0]);
  return value;
}
