// Pictures: dropped, pasted, chosen or taken; the server reads them.

import { fill, newBars } from "./bars.js";
import { paintInk } from "./paint.js";
import { ask } from "./server.js";
import { TEXTS } from "./texts.js";

const byId = (id) => document.getElementById(id);
const [WIDEST, HIGHEST] = [640, 960]; // pixels of a picture as it is shown
const MANY = 12; // digits, whose cards are folded away
let last = Promise.resolve(); // of the pictures that are read one after the other

/** Have pictures that arrive in any way read and shown, the newest first; classes is a promise of their names. */
export function startPictures(classes) {
  for (const id of ["files", "camera"]) {
    byId(id).addEventListener("change", (event) => {
      readAll(classes, [...event.target.files]);
      event.target.value = ""; // the same file may be chosen again
    });
  }
  document.addEventListener("paste", (event) => readAll(classes, [...event.clipboardData.files]));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    readAll(classes, [...event.dataTransfer.files]);
  });
}

/** Read files one after the other, when those before are read. */
function readAll(classes, files) {
  for (const file of files) last = last.then(() => readOne(classes, file));
}

async function readOne(classes, file) {
  byId("news").textContent = TEXTS.reading(file.name);
  try {
    const body = await file.arrayBuffer().catch(() => Promise.reject(new Error(TEXTS.unreadable)));
    const headers = { "Content-Type": "application/octet-stream" };
    const reading = await ask("/api/read?seen=true", { method: "POST", headers, body });
    const article = await showReading(file, reading, await classes);
    byId("readings").prepend(article);
    byId("news").textContent = `${file.name}: ${inWords(reading)}`;
  } catch (error) {
    byId("news").textContent = `${file.name}: ${TEXTS.failed(error.message)}`;
  }
}

function inWords({ digits, confidence, sure, warnings }) {
  return TEXTS.says(digits, TEXTS.percent(confidence), sure, warnings.join("; "));
}

/** A reading with its picture, and what the network saw of each digit. */
async function showReading(file, reading, classes) {
  const article = document.createElement("article");
  const title = Object.assign(document.createElement("h3"), { textContent: file.name });
  const says = Object.assign(document.createElement("p"), { className: "says", textContent: inWords(reading) });
  const cards = Object.assign(document.createElement("ul"), { className: "cards" });
  cards.append(...reading.parts.map((part) => showPart(part, classes)));
  const fold = Object.assign(document.createElement("details"), { open: reading.parts.length <= MANY });
  fold.append(Object.assign(document.createElement("summary"), { textContent: TEXTS.each }), cards);
  fold.hidden = !reading.parts.length;
  article.append(title, says, await showBoxes(file, reading), fold);
  return article;
}

/** The picture with a box around each digit; nothing where the browser cannot show it. */
async function showBoxes(file, { parts }) {
  const canvas = Object.assign(document.createElement("canvas"), { className: "picture" });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", TEXTS.boxes(file.name, parts.map((part) => part.label).join("")));
  let image;
  try {
    image = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return document.createTextNode("");
  }
  const scale = Math.min(1, WIDEST / image.width, HIGHEST / image.height);
  [canvas.width, canvas.height] = [image.width, image.height].map((side) => Math.max(1, Math.round(scale * side)));
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  context.font = "bold 16px system-ui, sans-serif";
  for (const { box, label } of parts) {
    const [left, top, right, bottom] = box.map((edge) => scale * edge);
    for (const [colour, width] of [["#ffffff", 5], ["#0054a0", 2.5]]) {
      context.strokeStyle = colour; // a white rim keeps it visible on anything
      context.lineWidth = width;
      context.strokeRect(left, top, right - left, bottom - top);
    }
    context.fillStyle = "#0054a0";
    context.fillRect(left, Math.max(0, top - 20), 7 + context.measureText(label).width, 20);
    context.fillStyle = "#ffffff";
    context.fillText(label, left + 3, Math.max(0, top - 20) + 16);
  }
  return canvas;
}

/** What the network saw of a digit, and how likely it takes each. */
function showPart(part, classes) {
  const item = document.createElement("li");
  const canvas = Object.assign(document.createElement("canvas"), { className: "digit" });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", TEXTS.saw(part.label));
  paintInk(canvas, part.image, Math.sqrt(part.image.length));
  const bars = newBars(classes);
  fill(bars, part.probabilities, part.digit);
  item.append(canvas, bars);
  return item;
}
