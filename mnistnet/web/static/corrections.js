// Corrections: drawings that the user has named, kept on this machine by the server.

import { ask } from "./server.js";
import { TEXTS } from "./texts.js";

const byId = (id) => document.getElementById(id);
const PATH = "/api/corrections";
const MOST_SHOWN = 60;
let isBusy = false;

/** Have drawings of the pad named, kept, shown, counted and deleted; classes is a promise of names to choose from. */
export async function startCorrections(pad, classes) {
  classes.then((names) =>
    byId("digits").append(...names.map((value) => Object.assign(document.createElement("option"), { value }))),
  );
  byId("correct").addEventListener("submit", (event) => {
    event.preventDefault();
    change(() => keep(pad));
  });
  byId("delete-all").addEventListener("click", () => change(deleteAll));
  await change(async () => "");
}

/** Do something, unless something is being done already, and tell what came of it and what is kept now. */
async function change(act) {
  if (isBusy) return;
  isBusy = true;
  const said = await act().catch((error) => TEXTS.failed(error.message));
  const kept = await ask(PATH).catch(() => null);
  isBusy = false;
  const counts = kept ? TEXTS.keptCount(kept.count, Object.entries(kept.labels)) : "";
  byId("kept").textContent = [said, counts].filter(Boolean).join(" ");
  if (!kept) return; // what is shown may still be true
  byId("delete-all").disabled = !kept.count;
  byId("drawings-kept").hidden = !kept.count;
  byId("shown").textContent = TEXTS.shown(Math.min(kept.count, MOST_SHOWN), kept.count);
  byId("drawings").replaceChildren(...kept.entries.slice(0, MOST_SHOWN).map(showDrawing));
}

async function keep(pad) {
  const label = byId("label").value.trim();
  if (pad.isEmpty) return TEXTS.nothing;
  if (!label) return TEXTS.noLabel;
  const headers = { "Content-Type": "image/png" };
  await ask(`${PATH}?label=${encodeURIComponent(label)}`, { method: "POST", headers, body: await pad.toBlob() });
  pad.clear();
  byId("label").value = ""; // the next drawing may be another
  return TEXTS.keptNow(label);
}

async function deleteAll() {
  if (!window.confirm(TEXTS.sureToDelete)) return "";
  await ask(PATH, { method: "DELETE" });
  byId("kept").focus(); // its button is gone
  return TEXTS.deleted;
}

/** A kept drawing with its name, and a button that deletes it. */
function showDrawing({ id, label }) {
  const item = document.createElement("li");
  const image = Object.assign(document.createElement("img"), { className: "thumbnail", src: `${PATH}/${id}` });
  image.alt = TEXTS.keptAs(label);
  const button = Object.assign(document.createElement("button"), { type: "button", className: "plain" });
  button.textContent = TEXTS.deleteThis;
  button.setAttribute("aria-label", TEXTS.deleteNamed(label));
  button.addEventListener("click", () => change(() => deleteOne(id)));
  item.append(image, Object.assign(document.createElement("strong"), { textContent: label }), button);
  return item;
}

async function deleteOne(id) {
  await ask(`${PATH}/${id}`, { method: "DELETE" });
  byId("kept").focus(); // its button is gone
  return TEXTS.deleted;
}
