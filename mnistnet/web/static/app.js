// The page: puts the texts in their places and starts its three parts.

import { startCorrections } from "./corrections.js";
import { startDrawing } from "./drawing.js";
import { startPictures } from "./pictures.js";
import { ask } from "./server.js";
import { TEXTS } from "./texts.js";

const byId = (id) => document.getElementById(id);

document.title = TEXTS.title;
for (const element of document.querySelectorAll("[data-text]")) element.textContent = TEXTS[element.dataset.text];

const tellIn = (id) => (error) => (byId(id).textContent = TEXTS.failed(error.message));

const model = ask("/api/model");
const classes = model.then((card) => card.classes);
classes.catch(() => {}); // told below
startPictures(classes);
startCorrections(startDrawing(tellIn("says")), classes);
model
  .then((card) => (byId("model").textContent = TEXTS.model(card)))
  .catch(tellIn("model"));
