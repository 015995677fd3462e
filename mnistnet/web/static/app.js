// The page: puts the texts in their places and starts its three parts.

import { startCorrections } from "./corrections.js";
import { startDrawing } from "./drawing.js";
import { startPictures } from "./pictures.js";
import { ask } from "./server.js";
import { TEXTS } from "./texts.js";

document.title = TEXTS.title;
for (const element of document.querySelectorAll("[data-text]")) element.textContent = TEXTS[element.dataset.text];

const news = document.getElementById("news");
const tell = (error) => (news.textContent = TEXTS.failed(error.message));

const model = ask("/api/model");
startPictures(model.then(({ classes }) => classes));
startDrawing().then(startCorrections).catch(tell);
model
  .then((card) => (document.getElementById("model").textContent = TEXTS.model(card)))
  .catch(tell);
