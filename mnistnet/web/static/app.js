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

startPictures();
startCorrections(startDrawing(tellIn("says")));
ask("/api/model")
  .then((model) => (byId("model").textContent = TEXTS.model(model)))
  .catch(tellIn("model"));
