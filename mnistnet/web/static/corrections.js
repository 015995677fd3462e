// Corrections: drawings that the user has named, kept on this machine by the server.

import { ask } from "./server.js";
import { TEXTS } from "./texts.js";

const byId = (id) => document.getElementById(id);
const PATH = "/api/corrections";

/** Have drawings of the pad named, kept, counted and deleted. */
export async function startCorrections(pad) {
  byId("digits").append(...[..."0123456789"].map((digit) => Object.assign(document.createElement("option"), { value: digit })));
  byId("correct").addEventListener("submit", (event) => {
    event.preventDefault();
    const label = byId("label").value.trim();
    change(async () => {
      if (!label || pad.isEmpty) return TEXTS.nothing;
      await ask(`${PATH}?label=${encodeURIComponent(label)}`, {
        method: "POST",
        headers: { "Content-Type": "image/png" },
        body: await pad.toBlob(),
      });
      pad.clear();
      return TEXTS.keptNow(label);
    });
  });
  byId("delete-one").addEventListener("click", () =>
    change(async () => {
      const { entries } = await ask(PATH);
      if (!entries.length) return "";
      await ask(`${PATH}/${entries.at(-1).id}`, { method: "DELETE" });
      return TEXTS.deleted;
    }),
  );
  byId("delete-all").addEventListener("click", () =>
    change(async () => {
      if (!window.confirm(TEXTS.sureToDelete)) return "";
      await ask(PATH, { method: "DELETE" });
      return TEXTS.deleted;
    }),
  );
  await change(async () => "");
}

/** Do something, and tell what came of it and what is kept now. */
async function change(act) {
  let said;
  try {
    said = await act();
  } catch (error) {
    said = TEXTS.failed(error.message);
  }
  const kept = await ask(PATH).catch(() => null);
  const counts = kept ? TEXTS.keptCount(kept.count, Object.entries(kept.labels)) : "";
  byId("kept").textContent = [said, counts].filter(Boolean).join(" ");
  for (const id of ["delete-one", "delete-all"]) byId(id).disabled = !kept?.count;
}
