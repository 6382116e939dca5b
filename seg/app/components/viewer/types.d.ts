// What Python says, and what the modules hand to each other.

export type Colour = number[]; // red, green, blue, each from 0 to 255

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export type Picture = CanvasImageSource & Size;

// What Python says

export interface Classes {
  names: string[];
  colours: Colour[];
  ignoreColour: Colour;
  wrongColour: Colour;
  foundColour: Colour;
  missedColour: Colour;
  inventedColour: Colour;
}

export interface Scores {
  mean: number | null; // Dice
  dice: (number | null)[]; // of every class, null where there is nothing to score
  precision: (number | null)[];
  recall: (number | null)[];
}

export interface PanelMessage {
  name: string;
  caption?: string;
  tag?: string; // what sets it apart, in the title
  scores?: Scores; // against the truth, at full size
  status?: string;
  failed?: boolean;
  labels?: string; // a digest
  confidence?: string; // a digest
  ids?: number[];
  note?: string;
}

export interface PhotoMessage extends Size {
  digest: string;
  sentWidth: number;
  sentHeight: number;
}

export interface Message {
  key: string;
  photo: PhotoMessage;
  truth: PanelMessage | null;
  panels: PanelMessage[];
  classes: Classes;
  layers: Record<string, string>; // digest: file in base64
  name?: string; // what files saved begin with
  takesTruth?: boolean;
  paint?: string | null; // the painting that this viewer is there for: the truth is how it begins
  wish?: Wish | null;
  said?: import("../address.js").Said | null; // how it is looked at, as the address says it
  cut?: { id: string; failed: boolean }; // the last cut-out asked for; its file comes among the layers
}

// What the page asks to be shown: followed once, and the visitor goes on from there.
export interface Wish {
  number: number; // another for each wish
  alone: string | null; // the class to stand alone, "" for none, null to leave it as it is
  swipe: [string, string] | null; // the networks on both sides of the divider
}

// A painting as it is now
export interface Painted {
  paint: string;
  png: string;
}

// What the browser says
export type Told = {
  missing: string[];
  truth: { png: string; photo: string };
  painted: Painted[];
  look: string;
  cut: { id: string; panel: string; class: string; photo: string; png?: string };
};

export type Tell = (name: keyof Told, value: Told[keyof Told]) => void;

// Pixels

// One number a pixel: class ids, 255 where there is none, or per cent, 255 where it is not known.
export interface GreyMap extends Size {
  data: Uint8Array;
}

export interface Photo extends Size {
  picture: Picture;
  faint: Picture; // its grey twin
  pixels?: Uint8ClampedArray; // four numbers each, once they have been asked for
  levels?: { [name in "picture" | "faint"]?: Picture[] }; // each half as large as the one before
}

export interface Layer {
  error: boolean;
  decoding: Promise<void>;
  map: GreyMap | null;
  photo: Photo | null;
}

// Looking

export interface View extends Point {
  zoom: number;
}

export interface Swipe {
  left: string;
  right: string;
  at: number; // of the divider, from 0 to 1
}

export interface Tool {
  kind: "brush" | "wand" | "polygon" | "fill";
  erase: boolean; // what is painted is taken away
  size: number; // of the brush, in pixels of the photo
  tolerance: number; // of the wand, from 0 to 255
  chosen: number; // class id
}

// A point of a picture that the crosshair stays at, and the panel it was pointed at in.
export interface Pin extends Point {
  id: string | null;
  photo: string; // its digest
}

export interface Look {
  mode: string;
  opacity: number;
  patterns: boolean;
  against: string;
  only: string | null;
  hidden: Set<string>;
  colours: Map<string, Colour>;
  order: string[];
  enlarged: string | null;
  swipe: Swipe | null;
  pinned: Pin | null;
  followed: number; // the last wish of the page
  painting: boolean;
  tool: Tool;
  views: Map<string, View>;
  paintings: Map<string, import("./painting.js").Painting>;
}

// How maps are drawn.
export interface Style {
  shown: Uint8Array; // 1 for every id that is
  alone?: number | null; // the id that stands alone
  patterns?: boolean;
}

export interface Way extends Style {
  mode: string;
  opacity: number;
  alone: number | null;
  patterns: boolean;
}

export interface Scene {
  classes: Classes;
  classesKey: string; // changes with the classes' colours
  shownKey: string; // changes with the classes shown
  reference: string | null; // digest of the map that errors are counted against
  referenceId: string | null; // its panel
}

// Panels

export type Role = "photo" | "truth" | "network" | "swipe";

export interface Description {
  id: string;
  role: Role;
  name: string;
  caption: string;
  tag?: string;
  scores?: Scores;
  ids?: number[]; // that occur
  state: "waiting" | "ready" | "failed";
  sentence: string;
  labels: string | null;
  confidence?: string | null;
  note?: string;
}

export interface Closable {
  close(): void;
}

// A coloured map, kept until another is wanted.
export interface Tint {
  wanted: string;
  picture: Closable;
}

export interface Panel extends Description {
  refusal: string;
  element: HTMLElement;
  box: HTMLElement;
  canvas: HTMLCanvasElement;
  parts: Record<"name" | "caption" | "sentence", HTMLElement>;
  tint: Tint | null;
  size: Size;
}

export interface Reading {
  id: string;
  role: Role;
  label: number;
  name: string;
  colour: Colour;
  percent: number | null;
}
