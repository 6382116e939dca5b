// The classes as the visitor wants to see them.

/** @import { Classes, Look, Style } from "./types" */

/**
 * The classes in the visitor's own colours.
 * @param {Classes} classes
 * @param {Pick<Look, "colours">} look
 * @returns {Classes}
 */
export function styled(classes, look) {
  const colours = classes.names.map((name, id) => look.colours.get(name) ?? classes.colours[id]);
  return { ...classes, colours };
}

/**
 * Which ids are drawn: all but the hidden ones, or the one chosen, or the one under the pointer, alone.
 * @param {Classes} classes
 * @param {Pick<Look, "only" | "hidden">} look
 * @param {string | null} [pointed]
 * @returns {Required<Pick<Style, "shown" | "alone">> & { key: string }}
 */
export function shownIds(classes, look, pointed) {
  const alone = classes.names.indexOf(pointed ?? look.only ?? "");
  const shown = new Uint8Array(256);
  classes.names.forEach((name, id) => {
    shown[id] = Number(alone >= 0 ? id === alone : !look.hidden.has(name));
  });
  return { shown, alone: alone >= 0, key: `${alone >= 0} ${shown.subarray(0, classes.names.length).join("")}` };
}
