// Pictures of numbers, painted on canvases: a pixel of the canvas for each.

const FOR = [0, 84, 160];
const AGAINST = [230, 126, 0];

/** Ink from 0 to 1, white on black as the network has it; style.css turns it round where paper is light. */
export function paintInk(canvas, ink, width) {
  paint(canvas, width, ink.length / width, (at) => {
    const grey = Math.round(255 * ink[at]);
    return [grey, grey, grey];
  });
}

/** How much pixels speak for something (blue) or against it (orange, every other row), over faint ink. */
export function paintEvidence(canvas, ink, spoke, side) {
  const scale = 5;
  const most = Math.max(1e-12, ...spoke.map(Math.abs));
  paint(canvas, side * scale, side * scale, (at) => {
    const [x, y] = [Math.floor((at % (side * scale)) / scale), Math.floor(at / (side * scale * scale))];
    const pixel = y * side + x;
    const faint = 255 - 40 * ink[pixel];
    const isStripe = Math.floor(at / (side * scale)) % 4 < 2;
    const strength = spoke[pixel] < 0 && isStripe ? 0 : Math.abs(spoke[pixel]) / most;
    return (spoke[pixel] > 0 ? FOR : AGAINST).map((colour) => strength * colour + (1 - strength) * faint);
  });
}

/** The outputs of a layer as a grid about twice as wide as high; striped where they are below 0. */
export function paintUnits(canvas, outputs) {
  const columns = Math.ceil(Math.sqrt(2 * outputs.length));
  const scale = 4;
  const most = Math.max(1e-12, ...outputs.map(Math.abs));
  const rows = Math.ceil(outputs.length / columns);
  paint(canvas, columns * scale, rows * scale, (at) => {
    const [x, y] = [Math.floor((at % (columns * scale)) / scale), Math.floor(at / (columns * scale * scale))];
    const unit = y * columns + x;
    if (unit >= outputs.length) return [225, 225, 225];
    const isStripe = outputs[unit] < 0 && Math.floor(at / (columns * scale)) % 4 < 2;
    const strength = isStripe ? 0 : Math.abs(outputs[unit]) / most;
    return (outputs[unit] > 0 ? FOR : AGAINST).map((colour) => strength * colour + (1 - strength) * 255);
  });
}

function paint(canvas, width, height, colourAt) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    const [red, green, blue] = colourAt(at);
    pixels.data.set([red, green, blue, 255], 4 * at);
  }
  context.putImageData(pixels, 0, 0);
}
