// The drawing page: what is drawn on the pad is read at once, and shown.
import { fill, newBars } from "../web/static/bars.js";
import { doubt, read, unpack } from "../web/static/digit.js";
import { PAD_SIDE, Pad } from "../web/static/pad.js";
import { paintInk } from "../web/static/paint.js";
import { TEXTS } from "../web/static/texts.js";

// Base 85: 4 bytes in 5 characters, as base64.b85encode has them but for < and &, which mean something in a page.
const CHARACTERS =
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" + "!#$%.()*+-;,=>?@^_`{|}~";
const QUIET = 700; // milliseconds without a change before a screen reader is told

const at = (id) => document.getElementById(id);
const said = { text: "", timer: 0 };

function bytesOf(text) {
  const values = new Uint8Array(128);
  for (const [value, character] of [...CHARACTERS].entries()) values[character.charCodeAt(0)] = value;
  const whole = text.padEnd(5 * Math.ceil(text.length / 5), "~");
  const view = new DataView(new ArrayBuffer((whole.length / 5) * 4));
  for (let start = 0; start < whole.length; start += 5) {
    let number = 0;
    for (let place = start; place < start + 5; place++) number = 85 * number + values[whole.charCodeAt(place)];
    view.setUint32((start / 5) * 4, number);
  }
  return new Uint8Array(view.buffer, 0, Math.floor((text.length * 4) / 5));
}

function show(network, pad, bars) {
  const reading = read(network, pad.ink(), PAD_SIDE, PAD_SIDE);
  at("undo").disabled = !pad.canUndo;
  at("clear").disabled = pad.isEmpty;
  at("digit").textContent = reading ? reading.label : "?";
  at("digit").style.fontSize = reading?.label.length > 1 ? `${Math.min(5, 16 / reading.label.length)}rem` : "";
  at("digit").className = reading ? (reading.sure ? "sure" : "unsure") : "none";
  at("confidence").textContent = reading ? TEXTS.percent(reading.probabilities[reading.digit]) : "";
  const words = reading ? doubt(network, reading) : "";
  at("doubt").textContent = words ? `${TEXTS.unsure}: ${words}` : "";
  at("doubt").className = words ? "notice" : "";
  fill(bars, reading?.probabilities, reading?.digit);
  paintInk(at("seen"), reading?.image ?? new Float32Array(network.side ** 2), network.side);
  at("seen").setAttribute("aria-label", reading ? TEXTS.saw(reading.label) : TEXTS.sawNothing);
  const answer = ["digit", "confidence", "doubt"].map((id) => at(id).textContent);
  sayLater(reading ? answer.filter(Boolean).join(", ") : TEXTS.nothing);
}

// A screen reader is told when the hand rests, and only what is new.
function sayLater(text) {
  clearTimeout(said.timer);
  said.timer = setTimeout(() => say(text), QUIET);
}

function say(text) {
  if (text !== said.text) at("said").textContent = said.text = text;
}

async function start() {
  const network = await unpack(bytesOf(JSON.parse(at("weights").textContent)));
  const bars = newBars(network.classes);
  at("bars").append(bars);
  const pad = new Pad(at("pad"), {
    onChange: () => show(network, pad, bars),
    onPen: (isDown) => say(TEXTS.pen(isDown)),
  });
  at("brush").value = pad.brush;
  at("brush").addEventListener("input", () => (pad.brush = Number(at("brush").value)));
  at("undo").addEventListener("click", () => pad.undo());
  at("clear").addEventListener("click", () => pad.clear());
  show(network, pad, bars);
  document.body.dataset.ready = "true";
}

start().catch((error) => {
  at("doubt").textContent = `This browser cannot read the page's network (${error.message}); a newer one can.`;
});
