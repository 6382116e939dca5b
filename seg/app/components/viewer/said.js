// How a viewer is looked at, as an address says it. Whatever else an address says is as usual.

/** @import { Colour, Look, Pin, View } from "./types" */
/**
 * @typedef {{ modes: string[], classes: string[], panels: string[], networks: string[] }} Known
 *   what there is: ways to look, classes, the panels' ids, the networks' names
 * @typedef {Pick<Look, "mode" | "opacity" | "patterns" | "against" | "only" | "hidden" | "colours" | "order" |
 *   "enlarged" | "swipe">} Said
 */

import { numbers, short } from "../address.js";
import { createLook } from "./looks.js";
import { SWIPE } from "./swipe.js";
import { WHOLE } from "./view.js";

const MOST_ZOOM = 1000;
/** @type {[number, number]} */
const UNIT = [0, 1];

/** @type {(look: Look, view: View) => string} */
export function sayLook(look, view) {
  const usual = createLook();
  const said = new URLSearchParams();
  /** @type {(name: string, value: string | null | undefined) => void} */
  const say = (name, value) => value && said.append(name, value);
  if (look.mode !== usual.mode) say("way", look.mode);
  if (look.opacity !== usual.opacity) say("opacity", String(Math.round(look.opacity * 100)));
  if (look.patterns) say("patterns", "1");
  say("against", look.against);
  say("alone", look.only);
  for (const name of look.hidden) say("hidden", name);
  for (const [name, colour] of look.colours) say("colour", `${hexOf(colour)} ${name}`);
  for (const id of look.order) say("order", id);
  if (!look.painting) say("large", look.enlarged);
  if (look.swipe) {
    say("left", look.swipe.left);
    say("right", look.swipe.right);
    say("divider", short(look.swipe.at));
  }
  if (view.zoom > 1) say("view", [view.zoom, view.x, view.y].map(short).join(" "));
  if (look.pinned) {
    say("cross", [look.pinned.x, look.pinned.y].map(short).join(" "));
    say("in", look.pinned.id);
  }
  return said.toString();
}

/** @type {(text: string, known: Known) => { look: Said, view: View, pinned: Omit<Pin, "photo"> | null }} */
export function readLook(text, known) {
  const said = new URLSearchParams(text);
  const usual = createLook();
  /** @type {(name: string, offered: string[]) => string | null} */
  const one = (name, offered) => offered.find((value) => value === said.get(name)) ?? null;
  /** @type {(name: string, offered: string[]) => string[]} */
  const several = (name, offered) => said.getAll(name).filter((value) => offered.includes(value));
  const [left, right] = [one("left", known.panels), one("right", known.panels)];
  const [divider] = numbers(said.get("divider"), UNIT) ?? [0.5];
  const [zoom, x, y] = numbers(said.get("view"), [1, MOST_ZOOM], UNIT, UNIT) ?? [];
  const [crossX, crossY] = numbers(said.get("cross"), UNIT, UNIT) ?? [];
  const [opacity] = numbers(said.get("opacity"), [0, 100]) ?? [usual.opacity * 100];
  return {
    look: {
      mode: one("way", known.modes) ?? usual.mode,
      opacity: opacity / 100,
      patterns: said.get("patterns") === "1",
      against: one("against", known.networks) ?? "",
      only: one("alone", known.classes),
      hidden: new Set(several("hidden", known.classes)),
      colours: new Map(said.getAll("colour").flatMap((entry) => readColour(entry, known.classes))),
      order: [...new Set(several("order", [...known.panels, SWIPE]))],
      enlarged: one("large", known.panels),
      swipe: left && right ? { left, right, at: divider } : null,
    },
    view: zoom ? { zoom, x, y } : WHOLE,
    pinned: crossX === undefined ? null : { x: crossX, y: crossY, id: one("in", known.panels) },
  };
}

/** @type {(colour: Colour) => string} */
const hexOf = (colour) => colour.map((part) => part.toString(16).padStart(2, "0")).join("");

/** @type {(entry: string, classes: string[]) => [string, Colour][]} */
function readColour(entry, classes) {
  const [, digits, name] = /^([0-9a-f]{6}) (.+)$/.exec(entry) ?? [];
  if (!classes.includes(name)) return [];
  return [[name, [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16))]];
}
