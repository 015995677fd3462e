// Pad: a canvas to draw on with mouse, pen, finger or keyboard.
//
// Strokes are kept as points in the pad's own units, PAD_SIDE a side whatever the screen, and drawn twice: for the eye
// as sharp as the screen can show them, and PAD_SIDE x PAD_SIDE as ink for the network.

export const PAD_SIDE = 280;
const [STEP, LONG_STEP] = [4, 20]; // of the arrow keys; with Shift the long one
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// A stroke is {width, points: [[x, y], ...]}.
export class Pad {
  brush = 22; // the width of the strokes to come, in the pad's units
  #canvas;
  #ink;
  #onChange;
  #onPen;
  #strokes = []; // what is drawn: never changed but replaced, so that
  #past = []; // what was there before can be had again
  #stroke = null; // the one being drawn, the last of #strokes,
  #pointer = null; // and by which pointer; null where by the keyboard
  #cursor = null; // where the keyboard's pen is; null until a key has moved it
  #isDrawn = true; // no drawing is waiting for the next frame

  // onChange(pad) is called after strokes have changed, once a frame at most; onPen(isDown) after the keyboard has put
  // the pen down or lifted it.
  constructor(canvas, { onChange = () => {}, onPen = () => {} } = {}) {
    this.#canvas = canvas;
    this.#ink = Object.assign(document.createElement("canvas"), { width: PAD_SIDE, height: PAD_SIDE });
    this.#ink.getContext("2d", { willReadFrequently: true });
    this.#onChange = onChange;
    this.#onPen = onPen;
    canvas.tabIndex = 0;
    canvas.style.touchAction = "none"; // a finger draws, and does not scroll the page,
    canvas.style.userSelect = canvas.style.webkitUserSelect = "none"; // nor select its text
    canvas.addEventListener("pointerdown", (event) => this.#startPointer(event));
    canvas.addEventListener("pointermove", (event) => this.#movePointer(event));
    canvas.addEventListener("pointerup", (event) => this.#endPointer(event));
    canvas.addEventListener("pointercancel", (event) => this.#endPointer(event));
    canvas.addEventListener("keydown", (event) => this.#onKey(event));
    canvas.addEventListener("blur", () => this.#hideCursor());
    new ResizeObserver(() => this.#show()).observe(canvas);
    addEventListener("resize", () => this.#show()); // a zoomed page has another number of pixels
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#show());
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  // Take the last stroke away, or bring back what was cleared.
  undo() {
    if (!this.canUndo) return;
    this.#lift();
    this.#strokes = this.#past.pop();
    this.#changed();
  }

  clear() {
    if (this.isEmpty) return;
    this.#lift();
    this.#past.push(this.#strokes);
    this.#strokes = [];
    this.#changed();
  }

  // The drawing as PAD_SIDE x PAD_SIDE numbers, row by row: ink 1 on a background of 0.
  ink() {
    const context = this.#ink.getContext("2d");
    context.clearRect(0, 0, PAD_SIDE, PAD_SIDE);
    paintStrokes(context, this.#strokes, 1);
    const { data } = context.getImageData(0, 0, PAD_SIDE, PAD_SIDE);
    const ink = new Float32Array(PAD_SIDE * PAD_SIDE);
    for (let place = 0; place < ink.length; place++) ink[place] = data[4 * place + 3] / 255; // how opaque it is
    return ink;
  }

  // The drawing as a picture, PAD_SIDE x PAD_SIDE, black on white, as a PNG: a promise of a Blob.
  toBlob() {
    const picture = Object.assign(document.createElement("canvas"), { width: PAD_SIDE, height: PAD_SIDE });
    const context = picture.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, PAD_SIDE, PAD_SIDE);
    context.strokeStyle = context.fillStyle = "#000";
    paintStrokes(context, this.#strokes, 1);
    return new Promise((resolve) => picture.toBlob(resolve, "image/png"));
  }

  #start(point) {
    this.#past.push(this.#strokes);
    this.#stroke = { width: this.brush, points: [point] };
    this.#strokes = [...this.#strokes, this.#stroke];
    this.#changed();
  }

  #goOn(points) {
    this.#stroke.points.push(...points);
    this.#changed();
  }

  #lift() {
    const byKeyboard = this.#stroke && this.#pointer === null;
    this.#stroke = this.#pointer = null;
    if (byKeyboard) this.#onPen(false);
  }

  #startPointer(event) {
    if (!event.isPrimary || event.button !== 0) return;
    this.#lift();
    this.#cursor = null;
    this.#canvas.setPointerCapture(event.pointerId); // a stroke may leave the canvas and come back
    this.#start(this.#pointOf(event));
    this.#pointer = event.pointerId;
  }

  #movePointer(event) {
    if (event.pointerId !== this.#pointer) return;
    const steps = event.getCoalescedEvents?.() ?? []; // a screen may be slower than a pen
    this.#goOn((steps.length ? steps : [event]).map((step) => this.#pointOf(step)));
  }

  #endPointer(event) {
    if (event.pointerId === this.#pointer) this.#lift();
  }

  #pointOf({ clientX, clientY }) {
    const { left, top } = this.#canvas.getBoundingClientRect();
    const { clientLeft, clientTop, clientWidth, clientHeight } = this.#canvas; // its border left out
    const [x, y] = [(clientX - left - clientLeft) / clientWidth, (clientY - top - clientTop) / clientHeight];
    return [x * PAD_SIDE, y * PAD_SIDE];
  }

  #onKey(event) {
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && !event.shiftKey && event.key.toLowerCase() === "z") this.undo();
    else if (isCommand || event.altKey) return;
    else if (event.key === "Delete" || event.key === "Escape") this.clear();
    else if (event.key === " ") this.#togglePen();
    else if (ARROWS[event.key]) this.#moveCursor(ARROWS[event.key], event.shiftKey ? LONG_STEP : STEP);
    else return;
    event.preventDefault();
  }

  #togglePen() {
    if (this.#pointer !== null) return;
    this.#cursor ??= [PAD_SIDE / 2, PAD_SIDE / 2];
    if (this.#stroke) {
      this.#lift();
    } else {
      this.#start(this.#cursor);
      this.#onPen(true);
    }
    this.#show();
  }

  #moveCursor([right, down], step) {
    if (this.#pointer !== null) return;
    const [x, y] = this.#cursor ?? [PAD_SIDE / 2, PAD_SIDE / 2];
    this.#cursor = [within(x + right * step), within(y + down * step)];
    if (this.#stroke) this.#goOn([this.#cursor]);
    this.#show();
  }

  #hideCursor() {
    if (this.#pointer === null) this.#lift();
    this.#cursor = null;
    this.#show();
  }

  #changed() {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    requestAnimationFrame(() => {
      this.#isDrawn = true;
      this.#show();
      this.#onChange(this);
    });
  }

  // On the screen, with as many pixels as it has there, in the text's colour.
  #show() {
    const pixels = Math.max(1, Math.round(this.#canvas.clientWidth * devicePixelRatio));
    if (this.#canvas.width !== pixels) this.#canvas.width = this.#canvas.height = pixels;
    const context = this.#canvas.getContext("2d");
    context.resetTransform();
    context.clearRect(0, 0, pixels, pixels);
    context.strokeStyle = context.fillStyle = getComputedStyle(this.#canvas).color;
    paintStrokes(context, this.#strokes, pixels / PAD_SIDE);
    if (this.#cursor) ring(context, this.#cursor, this.brush / 2, Boolean(this.#stroke), pixels / PAD_SIDE);
  }
}

const within = (place) => Math.min(Math.max(place, 0), PAD_SIDE);

// Curves through the middles of the ways between points, which these pull at: smooth, however few points there are.
function paintStrokes(context, strokes, scale) {
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.lineCap = context.lineJoin = "round";
  for (const { width, points } of strokes) {
    const [first, ...others] = points;
    context.beginPath();
    if (points.every(([x, y]) => x === first[0] && y === first[1])) {
      context.arc(...first, width / 2, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    context.lineWidth = width;
    context.moveTo(...first);
    let before = first;
    for (const point of others) {
      context.quadraticCurveTo(...before, (before[0] + point[0]) / 2, (before[1] + point[1]) / 2);
      before = point;
    }
    context.lineTo(...before);
    context.stroke();
  }
}

// The keyboard's pen: a ring as large as the brush, thicker while it draws.
function ring(context, [x, y], radius, isDown, scale) {
  context.setTransform(scale, 0, 0, scale, 0, 0);
  for (const [colour, width] of [["#fff", isDown ? 7 : 5], ["#0054a0", isDown ? 5 : 2.5]]) {
    context.beginPath();
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }
}
