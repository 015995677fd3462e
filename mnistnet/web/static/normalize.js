// Normalize: ink -> MNIST's 28 x 28, or another format, step by step as vision/normalize.py does it.

const MNIST = { side: 28, box: 20 }; // of the picture, and of the box in it that the digit fills
const INK = 0.25; // what is fainter widens no box
const USUAL_WIDTH = 2.2; // pixels: thinner strokes are broadened to it, as most of MNIST's are broader

// A picture here is {pixels, width, height}, its pixels row by row.
const blank = (width, height) => ({ pixels: new Float32Array(width * height), width, height });

// The drawing as MNIST's makers did it (LeCun et al. 1998): its longer side 20 pixels, its centre of mass in the middle
// of 28 x 28; thin strokes are broadened. null where there is no ink.
export function toMnist(ink, width, height, { side, box } = MNIST) {
  const part = cut({ pixels: ink, width, height });
  if (!part) return null;
  const full = withFullStrokes(fit(part, box));
  const small = box + 2 <= side ? withUsualStrokes(full, (USUAL_WIDTH * box) / MNIST.box) : full;
  const masses = massesOf(small);
  const [left, top] = [margin(masses.columns, side), margin(masses.rows, side)];
  const image = new Float32Array(side * side);
  for (let y = 0; y < small.height; y++) {
    const row = small.pixels.subarray(y * small.width, (y + 1) * small.width);
    image.set(row, (top + y) * side + left);
  }
  return image;
}

// What is inside the smallest box around all that is ink.
function cut({ pixels, width, height }) {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (pixels[y * width + x] <= INK) continue;
      [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x + 1), y + 1];
    }
  }
  if (!x1) return null;
  const part = blank(x1 - x0, y1 - y0);
  for (let y = y0; y < y1; y++) part.pixels.set(pixels.subarray(y * width + x0, y * width + x1), (y - y0) * part.width);
  return part;
}

// Resized so that the longer side is that long; the last row or column may cover less than a whole pixel of ink. Columns come
// first, then rows, as in Pillow.
function fit(part, longer) {
  const shrink = Math.max(part.width, part.height) / longer;
  return turned(resized(turned(resized(part, shrink)), shrink));
}

// The width divided by shrink: each new pixel is a mean of old ones.
function resized({ pixels, width, height }, shrink) {
  const result = blank(Math.ceil(width / shrink - 1e-6), height);
  for (let x = 0; x < result.width; x++) {
    const { first, weights } = weightsOf(x, result.width, shrink);
    const count = Math.min(weights.length, width - first); // beyond the width is no ink
    for (let y = 0; y < height; y++) {
      const start = y * width + first;
      let sum = 0;
      for (let place = 0; place < count; place++) sum += pixels[start + place] * weights[place];
      result.pixels[y * result.width + x] = sum;
    }
  }
  return result;
}

// Which old pixels make a new one, of count, and with what weights: these fall off evenly on both sides of its centre.
function weightsOf(place, count, shrink) {
  const scale = Math.fround(count * shrink) / count; // Pillow has the width in single precision
  const reach = Math.max(scale, 1);
  const centre = (place + 0.5) * scale;
  const first = Math.max(0, Math.trunc(centre - reach + 0.5));
  const last = Math.min(Math.ceil(count * shrink - 1e-6), Math.trunc(centre + reach + 0.5));
  const weights = [];
  for (let old = first; old < last; old++) weights.push(Math.max(0, 1 - Math.abs(old - centre + 0.5) * (1 / reach)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { first, weights: weights.map((weight) => weight / total) };
}

// Rows for columns.
function turned({ pixels, width, height }) {
  const result = blank(height, width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) result.pixels[x * height + y] = pixels[y * width + x];
  }
  return result;
}

// Scaled so that strokes reach 1, as MNIST's do: thin ones have paled in the reduction.
function withFullStrokes(small) {
  const most = small.pixels.reduce((one, other) => Math.max(one, other), 0);
  const least = Math.fround(Math.fround(0.1) * most);
  const strokes = small.pixels.filter((pixel) => pixel > least).sort();
  const full = strokes[Math.trunc(0.9 * strokes.length)];
  return { ...small, pixels: small.pixels.map((pixel) => Math.min(pixel / full, 1)) };
}

// Thin strokes grown, by up to a pixel on either side; what has grown has a margin of one.
function withUsualStrokes(small, usual) {
  const lack = (usual - strokeWidth(small)) / 2;
  if (lack <= 0) return small;
  const share = Math.fround(Math.min(lack, 1));
  const result = blank(small.width + 2, small.height + 2);
  for (let y = 0; y < result.height; y++) {
    for (let x = 0; x < result.width; x++) {
      const [thin, grown] = [pixelAt(small, x - 1, y - 1), brightestAround(small, x - 1, y - 1)];
      result.pixels[y * result.width + x] = thin + Math.fround(share * Math.fround(grown - thin));
    }
  }
  return result;
}

function pixelAt({ pixels, width, height }, x, y) {
  return x >= 0 && y >= 0 && x < width && y < height ? pixels[y * width + x] : 0;
}

function brightestAround(picture, x, y) {
  const [above, below] = [pixelAt(picture, x, y - 1), pixelAt(picture, x, y + 1)];
  return Math.max(above, below, pixelAt(picture, x - 1, y), pixelAt(picture, x, y), pixelAt(picture, x + 1, y));
}

// Twice the mass by the length of the outline, in pixels; exact where strokes run in all directions.
function strokeWidth(small) {
  let [mass, edges] = [0, 0];
  for (let y = 0; y <= small.height; y++) {
    for (let x = 0; x <= small.width; x++) {
      const pixel = pixelAt(small, x, y);
      mass += pixel;
      edges += Math.abs(pixel - pixelAt(small, x - 1, y)) + Math.abs(pixel - pixelAt(small, x, y - 1));
    }
  }
  return (2 * mass) / ((edges * Math.PI) / 4); // a stair of pixels is 4 / pi times as long
}

function massesOf({ pixels, width, height }) {
  const [columns, rows] = [new Float64Array(width), new Float64Array(height)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      columns[x] += pixels[y * width + x];
      rows[y] += pixels[y * width + x];
    }
  }
  return { columns, rows };
}

// Where the first of masses goes, so that their centre falls in the middle and all stay inside.
function margin(masses, side) {
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  const centre = masses.reduce((sum, mass, place) => sum + mass * place, 0) / total;
  const place = roundedToEven(Math.round((side / 2 - centre) * 1e6) / 1e6); // no rounding error decides between two
  return Math.min(Math.max(place, 0), side - masses.length);
}

// To the nearest whole number, and of two that are as near to the even one, as Python rounds.
function roundedToEven(value) {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 ? nearest - 1 : nearest;
}
