// The component: a picture with one pixel marked; a click, a tap or the arrow keys choose another.

const SETTLES = 250;

function createPicker(root) {
  const canvas = root.querySelector("canvas");
  const picture = new Image();
  let shown = "";
  let size = [1, 1];
  let at = [0, 0];
  let send = () => {};
  let timer = 0;

  picture.onload = draw;
  root.onclick = (event) => {
    const box = canvas.getBoundingClientRect();
    move([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height], 0);
  };
  root.onkeydown = (event) => {
    const step = event.shiftKey ? 10 : 1;
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    move([at[0] + (by[0] * step) / size[0], at[1] + (by[1] * step) / size[1]], SETTLES);
  };

  function move(to, after) {
    at = to.map((value) => Math.max(0, Math.min(0.99999, value)));
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => send(at), after);
  }

  function draw() {
    if (!picture.naturalWidth) return;
    canvas.width = picture.naturalWidth;
    canvas.height = picture.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    const [x, y] = [at[0] * canvas.width, at[1] * canvas.height];
    const arm = canvas.width / 40;
    for (const [colour, width] of [["#000", 5], ["#fff", 2]]) {
      context.strokeStyle = colour;
      context.lineWidth = (width * canvas.width) / 640;
      context.beginPath();
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + dx * arm * 0.25, y + dy * arm * 0.25);
        context.lineTo(x + dx * arm, y + dy * arm);
      }
      context.stroke();
    }
  }

  function update(data, emit) {
    send = emit;
    size = data.size;
    root.setAttribute("aria-label", data.label);
    if (!timer || data.at.every((value, i) => Math.abs(value - at[i]) < 1e-9)) at = data.at;
    if (shown !== data.digest) {
      shown = data.digest;
      at = data.at;
      picture.src = `data:image/png;base64,${data.picture}`;
    } else draw();
  }

  return { update };
}

const pickers = new WeakMap();

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".pixel-picker");
  if (!pickers.has(root)) pickers.set(root, createPicker(root));
  pickers.get(root).update(data, (at) => setStateValue("at", at));
}
