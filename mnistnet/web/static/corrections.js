// Corrections: drawings that the user has named, kept on this machine by the server.

import { ask } from "./server.js";
import { TEXTS } from "./texts.js";

const byId = (id) => document.getElementById(id);
const PATH = "/api/corrections";
const MOST_SHOWN = 60;

/** Have drawings of the pad named, kept, shown, counted and deleted. */
export async function startCorrections({ pad, classes }) {
  const digits = classes.map((value) => Object.assign(document.createElement("option"), { value }));
  byId("digits").append(...digits);
  byId("correct").addEventListener("submit", (event) => {
    event.preventDefault();
    change(() => keep(pad, byId("label").value.trim()));
  });
  byId("delete-all").addEventListener("click", () => change(deleteAll));
  await change(async () => "");
}

/** Do something, and tell what came of it and what is kept now. */
async function change(act) {
  let said;
  let kept = null;
  try {
    said = await act();
    kept = await ask(PATH);
  } catch (error) {
    said = TEXTS.failed(error.message);
  }
  const counts = kept ? TEXTS.keptCount(kept.count, Object.entries(kept.labels)) : "";
  byId("kept").textContent = [said, counts].filter(Boolean).join(" ");
  byId("delete-all").disabled = !kept?.count;
  byId("drawings").replaceChildren(...(kept?.entries ?? []).slice(0, MOST_SHOWN).map(showDrawing));
}

async function keep(pad, label) {
  if (!label || pad.isEmpty) return TEXTS.nothing;
  const headers = { "Content-Type": "image/png" };
  await ask(`${PATH}?label=${encodeURIComponent(label)}`, { method: "POST", headers, body: await pad.toBlob() });
  pad.clear();
  return TEXTS.keptNow(label);
}

async function deleteAll() {
  if (!window.confirm(TEXTS.sureToDelete)) return "";
  await ask(PATH, { method: "DELETE" });
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
  button.addEventListener("click", () =>
    change(async () => {
      await ask(`${PATH}/${id}`, { method: "DELETE" });
      return TEXTS.deleted;
    }),
  );
  item.append(image, Object.assign(document.createElement("strong"), { textContent: label }), button);
  return item;
}
