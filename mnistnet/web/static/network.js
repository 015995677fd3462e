// Network: weights as bytes -> a multilayer perceptron, and its way forward, as nn/network.py has it.

const LEAK = 0.01; // leaky ReLU's slope below 0
const LEAST = 1.1754943508222875e-38; // the smallest normal number in single precision, instead of log(0)

// Of a hidden layer's sums.
const ACTIVATIONS = {
  relu: (sum) => Math.max(0, sum),
  leaky_relu: (sum) => Math.max(sum, LEAK * sum),
  sigmoid: (sum) => (1 + Math.tanh(sum / 2)) / 2,
  tanh: Math.tanh,
  identity: (sum) => sum,
};

// The network in a Uint8Array that export/weights.py packed, gzipped: four bytes with the head's length, the head in
// JSON, and one after the other the arrays that it lists.
export async function unpack(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  const start = 4 + new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.slice(4, start)));
  if (head.format !== "mnistnet weights" || head.format_version !== 1) throw new Error("expected mnistnet's weights");
  const arrays = readArrays(bytes, start, head.arrays);
  const { arrays: _, detector, ...network } = head;
  network.layers = layersOf(network.sizes, arrays, "");
  network.detector = { ...detector, layers: layersOf(detector.sizes, arrays, "detector_") };
  return network;
}

const READERS = {
  int8: (bytes) => new Float32Array(new Int8Array(bytes)),
  float16: (bytes) => halves(new Uint16Array(bytes)),
  float32: (bytes) => new Float32Array(bytes),
};
const BYTES = { int8: 1, float16: 2, float32: 4 };
const POWERS = Array.from({ length: 32 }, (_, exponent) => 2 ** (exponent - 25)); // of 2

function readArrays(bytes, start, entries) {
  const arrays = {};
  for (const { name, type, count } of entries) {
    const end = start + count * BYTES[type];
    arrays[name] = READERS[type](bytes.slice(start, end));
    start = end;
  }
  return arrays;
}

// Numbers in half precision: a sign, 5 bits of exponent, 10 of mantissa (IEEE 754); models hold no infinities.
function halves(words) {
  const numbers = new Float32Array(words.length);
  for (let place = 0; place < words.length; place++) {
    const exponent = (words[place] >> 10) & 31;
    const mantissa = words[place] & 1023;
    const size = exponent ? (1024 + mantissa) * POWERS[exponent] : mantissa * POWERS[1];
    numbers[place] = words[place] & 0x8000 ? -size : size;
  }
  return numbers;
}

// The weights lie unit by unit, which packs better. They are turned to lie input by input, which computes better.
function layersOf(sizes, arrays, prefix) {
  return sizes.slice(1).map((units, depth) => {
    const name = `${prefix}weights_${depth}`;
    const [packed, scale] = [arrays[name], arrays[`${name}_scale`]]; // 8-bit weights are multiples of the scale
    const inputs = sizes[depth];
    const weights = new Float32Array(packed.length);
    for (let unit = 0; unit < units; unit++) {
      const step = scale ? scale[unit] : 1;
      for (let input = 0; input < inputs; input++) weights[input * units + unit] = packed[unit * inputs + input] * step;
    }
    return { weights, bias: arrays[`${prefix}bias_${depth}`] };
  });
}

// Layer by layer: sums = inputs x weights + bias, and the activation of these but for the last, which are the logits.
export function forward({ layers, activation }, inputs) {
  const activate = ACTIVATIONS[activation];
  const hidden = [];
  for (const layer of layers.slice(0, -1)) {
    inputs = new Float32Array(sums(layer, inputs).map(activate));
    hidden.push(inputs);
  }
  return { logits: [...sums(layers.at(-1), inputs)], layers: hidden };
}

function sums({ weights, bias }, inputs) {
  const units = bias.length;
  const total = Float64Array.from(bias);
  for (let input = 0; input < inputs.length; input++) {
    const value = inputs[input];
    if (value === 0) continue; // most pixels are empty, and most units silent
    const row = input * units;
    for (let unit = 0; unit < units; unit++) total[unit] += value * weights[row + unit];
  }
  return total;
}

// The network's outputs as probabilities that sum to 1. One that was not trained for softmax has its outputs cut to
// [0, 1] and divided by their sum.
export function probabilitiesOf(logits, output) {
  if (output === "softmax") return softmax(logits);
  const outputs = output === "sigmoid" ? logits.map(ACTIVATIONS.sigmoid) : logits;
  return normalized(outputs.map((value) => Math.min(Math.max(value, 1e-6), 1)));
}

// A higher temperature makes answers less confident (Guo et al. 2017).
export function tempered(probabilities, temperature) {
  return softmax(probabilities.map((share) => Math.log(Math.max(share, LEAST)) / temperature));
}

function softmax(logits) {
  const highest = Math.max(...logits); // the shift cancels out; exp() cannot overflow
  return normalized(logits.map((logit) => Math.exp(logit - highest)));
}

function normalized(values) {
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
}
