// The probabilities of the ten digits, or of other classes, as a table with bars.

import { TEXTS } from "./texts.js";

/** A new table for classes of these names; show it other numbers with fill. */
export function newBars(classes) {
  const table = document.createElement("table");
  table.className = "shares";
  table.createCaption().textContent = TEXTS.probabilities(classes);
  const head = table.createTHead().insertRow();
  for (const name of [TEXTS.kind(classes), TEXTS.probability, ""]) {
    const cell = document.createElement(name ? "th" : "td");
    cell.textContent = name;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const label of classes) {
    const row = body.insertRow();
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = label;
    const bar = document.createElement("div");
    bar.className = "bar";
    row.append(name);
    row.insertCell();
    const room = row.insertCell();
    room.className = "room";
    room.append(bar);
  }
  return table;
}

/** Show probabilities, from 0 to 1, of which the digit's stands out; without a digit, none. */
export function fill(table, probabilities, digit) {
  [...table.tBodies[0].rows].forEach((row, number) => {
    const share = probabilities?.[number] ?? 0;
    row.className = number === digit ? "answer" : "";
    row.cells[1].textContent = probabilities ? TEXTS.percent(share) : "";
    row.cells[2].firstChild.style.width = `${100 * share}%`;
  });
}
