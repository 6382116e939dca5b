// In what order the panels stand.

/**
 * `ids` as `order` has them; one that `order` does not know stays behind the one before it in `ids`.
 * @type {(ids: string[], order: string[]) => string[]}
 */
export function ordered(ids, order) {
  const out = order.filter((id) => ids.includes(id));
  ids.forEach((id, i) => {
    if (!out.includes(id)) out.splice(i > 0 ? out.indexOf(ids[i - 1]) + 1 : 0, 0, id);
  });
  return out;
}

/**
 * `ids` with one of them at the place `to`, as near to it as there is.
 * @type {(ids: string[], id: string, to: number) => string[]}
 */
export function moved(ids, id, to) {
  const rest = ids.filter((other) => other !== id);
  rest.splice(Math.min(Math.max(to, 0), rest.length), 0, id);
  return rest;
}
