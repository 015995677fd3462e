// The drawing: what is drawn, damaged and read here, in the browser, at every stroke.

import { fill, newBars } from "./bars.js";
import { NONE, damaged } from "./damage.js";
import { doubt, read, unpack } from "./digit.js";
import { PAD_SIDE, Pad } from "./pad.js";
import { paintEvidence, paintInk, paintUnits, wipe } from "./paint.js";
import { ask } from "./server.js";
import { TEXTS } from "./texts.js";

const byId = (id) => document.getElementById(id);
const STILL = 400; // milliseconds without a change, after which it is said aloud and the server is asked

/** Start the drawing part of the page; gives the pad, and the classes that are told apart. */
export async function startDrawing() {
  byId("pad").setAttribute("aria-label", TEXTS.padLabel);
  const network = await loadNetwork();
  const bars = newBars(network.classes);
  byId("bars").append(bars);
  let timer = 0;

  const show = () => {
    const ink = damaged(pad.ink(), PAD_SIDE, damageWanted());
    const answer = read(network, ink, PAD_SIDE, PAD_SIDE);
    paintInk(byId("damaged"), ink, PAD_SIDE);
    showAnswer(answer, answer && doubt(network, answer), bars);
    byId("undo").disabled = !pad.canUndo;
    byId("clear").disabled = pad.isEmpty;
    clearTimeout(timer);
    timer = setTimeout(() => settle(answer, ink), STILL);
  };
  const pad = new Pad(byId("pad"), { onChange: show, onPen: (isDown) => (byId("spoken").textContent = TEXTS.pen(isDown)) });
  byId("undo").addEventListener("click", () => pad.undo());
  byId("clear").addEventListener("click", () => pad.clear());
  byId("brush").addEventListener("input", (event) => (pad.brush = Number(event.target.value)));
  for (const name of Object.keys(NONE)) byId(name).addEventListener("input", show);
  byId("mend").addEventListener("click", () => {
    for (const name of Object.keys(NONE)) byId(name).value = 0;
    show();
  });
  byId("inside").addEventListener("toggle", show);
  show();
  return { pad, classes: network.classes };
}

/** The network that reads drawings, as the server packs it. */
async function loadNetwork() {
  const response = await fetch("/api/network");
  if (!response.ok) throw new Error(TEXTS.failed(response.statusText));
  return unpack(new Uint8Array(await response.arrayBuffer()));
}

/** What the sliders say. */
function damageWanted() {
  const values = Object.keys(NONE).map((name) => [name, Number(byId(name).value)]);
  const damage = Object.fromEntries(values);
  return { ...damage, noise: damage.noise / 100 };
}

/** Show what was read at once: the digit, the bars and what the network saw. */
function showAnswer(answer, reasons, bars) {
  byId("says").textContent = answer
    ? TEXTS.says(answer.label, TEXTS.percent(answer.probabilities[answer.digit]), answer.sure, reasons)
    : TEXTS.nothing;
  fill(bars, answer?.probabilities, answer?.digit);
  if (answer) {
    paintInk(byId("seen"), answer.image, Math.sqrt(answer.image.length));
    byId("seen").setAttribute("aria-label", TEXTS.saw(answer.label));
  } else {
    wipe(byId("seen"));
  }
}

/** The hand rests: say the answer aloud, and look inside where that is wanted. */
async function settle(answer, ink) {
  byId("spoken").textContent = byId("says").textContent;
  if (!byId("inside").open) return;
  byId("layers").replaceChildren(...(answer?.layers ?? []).map(showLayer));
  byId("evidence").replaceChildren();
  if (!answer) return;
  try {
    const { parts } = await ask("/api/inside?single=true", { method: "POST", body: await asPicture(ink) });
    byId("evidence").replaceChildren(
      ...parts.flatMap((part) => [
        showEvidence(part.image, part.for_answer, TEXTS.evidence(part.label)),
        showEvidence(part.image, part.for_runner_up, TEXTS.runnerUp(part.runner_up_label)),
      ]),
    );
  } catch (error) {
    byId("evidence").textContent = TEXTS.failed(error.message);
  }
}

/** Ink as a PNG, black on white: a promise of a Blob. */
function asPicture(ink) {
  const canvas = document.createElement("canvas");
  paintInk(canvas, ink.map((value) => 1 - value), PAD_SIDE);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** What the network saw, and which of it spoke for or against a digit. */
function showEvidence(image, spoke, text) {
  const canvas = picture("evidence", text);
  paintEvidence(canvas, image, spoke, Math.sqrt(image.length));
  return captioned(canvas, text);
}

/** A layer's outputs as a picture, and how many units are active. */
function showLayer(outputs, place) {
  const active = outputs.filter((value) => value > 0).length;
  const text = TEXTS.layer(place + 1, active.toLocaleString("en-US"), outputs.length.toLocaleString("en-US"));
  const canvas = picture("layer", text);
  paintUnits(canvas, [...outputs]);
  return captioned(canvas, text);
}

/** A canvas that says what it shows. */
function picture(className, text) {
  const canvas = Object.assign(document.createElement("canvas"), { className });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", text);
  return canvas;
}

function captioned(canvas, text) {
  const figure = document.createElement("figure");
  figure.append(canvas, Object.assign(document.createElement("figcaption"), { textContent: text }));
  return figure;
}
