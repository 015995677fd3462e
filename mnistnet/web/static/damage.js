// Damages to a drawing: each takes ink, (side * side) from 0 to 1, and gives other ink of the same size.

export const NONE = { rotation: 0, thickness: 0, blur: 0, noise: 0 };

/** The ink turned (degrees, clockwise), thickened or thinned and blurred (pixels), with noise (a share of full ink). */
export function damaged(ink, side, { rotation, thickness, blur, noise }) {
  let result = ink;
  if (rotation) result = rotated(result, side, rotation);
  if (thickness) result = thickened(result, side, thickness);
  if (blur) result = blurred(result, side, blur);
  if (noise) result = noisy(result, noise);
  return result;
}

/** Turned about the middle; each pixel is mixed of the four that its place came from. */
function rotated(ink, side, degrees) {
  const result = new Float32Array(ink.length);
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const middle = (side - 1) / 2;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const fromX = cos * (x - middle) + sin * (y - middle) + middle;
      const fromY = -sin * (x - middle) + cos * (y - middle) + middle;
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      if (left < 0 || top < 0 || left >= side - 1 || top >= side - 1) continue;
      const [right, below] = [fromX - left, fromY - top];
      const at = top * side + left;
      result[y * side + x] =
        (1 - below) * ((1 - right) * ink[at] + right * ink[at + 1]) +
        below * ((1 - right) * ink[at + side] + right * ink[at + side + 1]);
    }
  }
  return result;
}

/** Each pixel the most ink within so many pixels across and down; of a negative number the least. */
function thickened(ink, side, pixels) {
  const choose = pixels > 0 ? Math.max : Math.min;
  return alongBoth(ink, side, (line, from) => {
    let chosen = line(from);
    for (let step = 1; step <= Math.abs(pixels) / 2; step++) {
      chosen = choose(chosen, line(from - step), line(from + step));
    }
    return chosen;
  });
}

/** The mean over so many pixels either way, twice: nearly a bell curve. */
function blurred(ink, side, pixels) {
  const mean = (line, from) => {
    let sum = 0;
    for (let step = -pixels; step <= pixels; step++) sum += line(from + step);
    return sum / (2 * pixels + 1);
  };
  return alongBoth(alongBoth(ink, side, mean), side, mean);
}

/** of(line, place) for each pixel along its row, and of the result along its column; outside there is no ink. */
function alongBoth(ink, side, of) {
  const rows = new Float32Array(ink.length);
  const columns = new Float32Array(ink.length);
  for (let y = 0; y < side; y++) {
    const line = (x) => (x < 0 || x >= side ? 0 : ink[y * side + x]);
    for (let x = 0; x < side; x++) rows[y * side + x] = of(line, x);
  }
  for (let x = 0; x < side; x++) {
    const line = (y) => (y < 0 || y >= side ? 0 : rows[y * side + x]);
    for (let y = 0; y < side; y++) columns[y * side + x] = of(line, y);
  }
  return columns;
}

/** Every pixel moved towards ink or paper at random: the same noise every time, so that it does not flicker. */
function noisy(ink, strength) {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' linear congruential generator
    return state / 2 ** 32;
  };
  return ink.map((value) => Math.min(1, Math.max(0, value + strength * (random() + random() + random() - 1.5))));
}
