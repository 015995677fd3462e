// The drawing: what is drawn, damaged and read here, in the browser, at every stroke.

import { fill, newBars } from "./bars.js";
import { NONE, damaged } from "./damage.js";
import { doubt, read, unpack } from "./digit.js";
import { PAD_SIDE, Pad } from "./pad.js";
import { paintEvidence, paintInk, paintUnits } from "./paint.js";
import { ask, bytesAt } from "./server.js";
import { TEXTS } from "./texts.js";

const byId = (id) => document.getElementById(id);
const STILL = 400; // milliseconds without a change, after which it is said aloud and the server is asked

/** Start the drawing part of the page; gives the pad. What goes wrong is told by tell(error). */
export function startDrawing(tell) {
  let [network, bars] = [null, null];
  let timer = 0;
  let turn = 0; // of the drawing that is shown: what comes late for one before is left out

  const show = () => {
    for (const name of ["brush", ...Object.keys(NONE)]) tellValue(name);
    byId("undo").disabled = !pad.canUndo;
    for (const id of ["clear", "keep"]) byId(id).disabled = pad.isEmpty;
    if (!network) return;
    const ink = damaged(pad.ink(), PAD_SIDE, damageWanted());
    const answer = read(network, ink, PAD_SIDE, PAD_SIDE);
    paintInk(byId("damaged"), ink, PAD_SIDE);
    showAnswer(answer, answer && doubt(network, answer), bars);
    clearTimeout(timer);
    const own = ++turn;
    timer = setTimeout(() => settle(answer, () => own === turn), STILL);
  };
  const pad = new Pad(byId("pad"), { onChange: show, onPen: (isDown) => say(TEXTS.pen(isDown)) });
  byId("pad").setAttribute("aria-label", TEXTS.padLabel);
  byId("undo").addEventListener("click", () => pad.undo());
  byId("clear").addEventListener("click", () => pad.clear());
  byId("brush").value = pad.brush;
  byId("brush").addEventListener("input", (event) => {
    pad.brush = Number(event.target.value);
    tellValue("brush");
  });
  for (const name of Object.keys(NONE)) byId(name).addEventListener("input", show);
  byId("mend").addEventListener("click", () => {
    for (const name of Object.keys(NONE)) byId(name).value = 0;
    show();
  });
  byId("inside").addEventListener("toggle", show);
  bytesAt("/api/network")
    .then(unpack)
    .then((unpacked) => {
      network = unpacked;
      bars = newBars(network.classes);
      byId("bars").append(bars);
      byId("seen").width = byId("seen").height = network.side;
      show();
    })
    .catch(tell);
  show();
  return pad;
}

/** Beside a slider, what it says. */
function tellValue(name) {
  byId(name).previousElementSibling.textContent = TEXTS.amount[name](byId(name).value);
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
  const side = byId("seen").width;
  paintInk(byId("seen"), answer?.image ?? new Float32Array(side * side), side);
  byId("seen").setAttribute("aria-label", answer ? TEXTS.saw(answer.label) : TEXTS.sawNothing);
}

/** Say something aloud, once. */
function say(words) {
  if (byId("spoken").textContent !== words) byId("spoken").textContent = words;
}

/** The hand rests: say the answer aloud, and look inside where that is wanted. */
async function settle(answer, isShown) {
  say(byId("says").textContent);
  if (!byId("inside").open) return;
  byId("layers").replaceChildren(...(answer?.layers ?? []).map(showLayer));
  if (!answer) return byId("evidence").replaceChildren();
  let shown;
  try {
    const picture = await new Promise((done) => byId("seen").toBlob(done)); // what the network saw, not the drawing
    const { parts } = await ask("/api/inside?prepared=true", { method: "POST", body: picture });
    shown = parts.flatMap((part) => [
      showEvidence(part.image, part.for_answer, TEXTS.evidence(part.label)),
      showEvidence(part.image, part.for_runner_up, TEXTS.runnerUp(part.runner_up_label)),
    ]);
  } catch (error) {
    shown = [TEXTS.failed(error.message)];
  }
  if (isShown()) byId("evidence").replaceChildren(...shown);
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
