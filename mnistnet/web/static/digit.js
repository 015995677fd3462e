// Digit: a clean drawing of one digit -> which one, and how sure; what mnistnet/drawing.py does, in JavaScript.
//
// Ink is 1 on a background of 0, row by row. No page is needed: arrays in, arrays out. Both languages give the same
// answers because both take the same steps on the same numbers; where Python rounds to single precision, Math.fround
// and Float32Array do so here.

import { forward, probabilitiesOf, tempered } from "./network.js";
import { toMnist } from "./normalize.js";
import { TEXTS } from "./texts.js";
export { unpack } from "./network.js";
export { toMnist } from "./normalize.js";

// What the network says of a drawing that is width x height: {digit, label, probabilities, sure, likeness, image, layers}, or
// null where there is no ink. probabilities are calibrated, likeness is the log-odds of a digit against all else, image
// what the network saw (side x side pixels), and layers the outputs of each hidden layer.
export function read(network, ink, width, height) {
  const image = toMnist(ink, width, height, network);
  if (!image) return null;
  const { logits, layers } = forward(network, image);
  const probabilities = tempered(probabilitiesOf(logits, network.output), network.temperature);
  const likeness = forward(network.detector, sideBySide(layers)).logits[0];
  const confidence = Math.max(...probabilities);
  const sure = confidence >= network.sure_from && likeness >= network.digit_from;
  const digit = probabilities.indexOf(confidence);
  return { digit, label: network.classes[digit], probabilities, sure, likeness, image, layers };
}

// Why an answer is unsure, in words; "" where it is sure.
export function doubt(network, { sure, likeness }) {
  if (sure) return "";
  return likeness < network.digit_from ? TEXTS.noDigit : TEXTS.notClear(network.classes);
}

function sideBySide(layers) {
  const all = new Float32Array(layers.reduce((length, outputs) => length + outputs.length, 0));
  let start = 0;
  for (const outputs of layers) {
    all.set(outputs, start);
    start += outputs.length;
  }
  return all;
}
