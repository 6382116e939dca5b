// The classes with their colours, which are also how one class is seen alone.

// `choose(name)` is called on a click, `point(name)` while a class is under the pointer and with null when it is not.
export function createLegend(element, { choose, point }) {
  let made = "";

  function create(classes) {
    element.replaceChildren(
      ...classes.names.map((name, id) => {
        const button = document.createElement("button");
        const swatch = document.createElement("i");
        const text = document.createElement("span");
        button.type = "button";
        button.dataset.class = name;
        swatch.className = "swatch";
        swatch.style.background = `rgb(${classes.colours[id]})`;
        text.textContent = name;
        button.append(swatch, text);
        button.onclick = () => choose(name);
        button.onpointerenter = (event) => event.pointerType === "mouse" && point(name);
        button.onpointerleave = () => point(null);
        return button;
      }),
    );
  }

  // `present`: the ids in any map, null while that is not known; `chosen`: the name of the class to see alone, or null.
  return function update(classes, key, present, chosen) {
    if (made !== key) create(classes);
    made = key;
    [...element.children].forEach((button, id) => {
      const absent = present !== null && !present.has(id);
      button.toggleAttribute("data-absent", absent);
      button.title = absent ? "In none of the masks" : "";
      button.setAttribute("aria-pressed", String(button.dataset.class === chosen));
    });
  };
}
