// What stands on the page, in order, as a handout takes it and as pictures are offered of it.

/**
 * Text as it is read; a figure by its element; a table of the page's by what it holds, one drawn on a canvas by its name.
 * @typedef {{ kind: "heading" | "text" | "caption", text: string } | { kind: "table", head: string[], rows: string[][] }
 *   | { kind: "frame", name: string } | { kind: "figure", title: string, element: Element }} Piece
 */

const SKIPPED =
  "[data-testid=stWidgetLabel], [data-testid=stButton], [data-testid=stDownloadButton], [data-testid=stButtonGroup]," +
  " [data-testid=stPageLink], [data-testid=stPopover], [data-testid=stFileUploader], [data-testid=stSlider]," +
  " [data-testid=stElementToolbar], [class*=st-key-gallery-], .st-key-try-your-photo, template, style";

/** @type {() => Piece[]} */
export function piecesOfPage() {
  const page = document.querySelector("[data-testid=stMainBlockContainer]");
  return page ? piecesOf(page) : [];
}

/** @type {(node: Element | ShadowRoot) => Piece[]} */
function piecesOf(node) {
  return [...node.children].flatMap((element) => {
    if (element.matches(SKIPPED) || getComputedStyle(element).display === "none") return [];
    return pieceOf(element) ?? [...(element.shadowRoot ? piecesOf(element.shadowRoot) : []), ...piecesOf(element)];
  });
}

/** @type {(element: Element) => Piece[] | null} */
function pieceOf(element) {
  const { testid, picture } = element instanceof HTMLElement ? element.dataset : {};
  if (picture) return [{ kind: "figure", title: picture, element }];
  if (testid === "stPlotlyChart") return [{ kind: "figure", title: element.ariaLabel ?? "Chart", element }];
  if (testid === "stImage") {
    const image = element.querySelector("img");
    return image ? [{ kind: "figure", title: image.alt, element: image }] : [];
  }
  if (testid === "stDataFrameResizable") return [{ kind: "frame", name: element.ariaLabel ?? "" }];
  if (testid === "stMetric") {
    const [label, ...values] = ["stMetricLabel", "stMetricValue", "stMetricDelta"].flatMap((part) => {
      const found = element.querySelector(`[data-testid=${part}]`);
      return found ? [textOf(found)] : [];
    });
    return [{ kind: "text", text: `${label}: ${values.join(", ")}` }];
  }
  if (testid === "stDataFrame" || !element.textContent?.trim()) return null;
  if (element instanceof HTMLTableElement) return [tableOf(element)];
  if (element.matches("h1, h2, h3")) return [{ kind: "heading", text: textOf(element) }];
  if (element.matches("[data-testid=stCaptionContainer]")) return [{ kind: "caption", text: textOf(element) }];
  if (element.matches("p, li, figcaption")) return [{ kind: "text", text: textOf(element) }];
  return null;
}

/** @type {(table: HTMLTableElement) => Piece} */
function tableOf(table) {
  const rows = [...table.rows].map((row) => [...row.cells].map(textOf));
  const width = Math.max(...rows.map((row) => row.length));
  const [head, ...rest] = rows.map((row) => [...row, ...Array.from({ length: width - row.length }, () => "")]);
  return { kind: "table", head, rows: rest };
}

/** @type {(element: Element) => string} */
function textOf(element) {
  const text = element instanceof HTMLElement ? element.innerText : (element.textContent ?? "");
  return text.replace(/\s+/g, " ").trim();
}
