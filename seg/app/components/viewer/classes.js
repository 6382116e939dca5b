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
  const at = classes.names.indexOf(pointed ?? look.only ?? "");
  const alone = at < 0 ? null : at;
  const shown = new Uint8Array(256);
  classes.names.forEach((name, id) => {
    shown[id] = Number(alone === null ? !look.hidden.has(name) : id === alone);
  });
  return { shown, alone, key: `${alone} ${shown.subarray(0, classes.names.length).join("")}` };
}
