// The probabilities of the ten digits as a table with bars.

import { TEXTS } from "./texts.js";

/** A new table; show it other numbers with fill. */
export function newBars() {
  const table = document.createElement("table");
  table.className = "shares";
  table.createCaption().textContent = TEXTS.probabilities;
  const head = table.createTHead().insertRow();
  for (const name of [TEXTS.digit, TEXTS.probability, ""]) {
    const cell = document.createElement(name ? "th" : "td");
    cell.textContent = name;
    head.append(cell);
  }
  const body = table.createTBody();
  for (let digit = 0; digit < 10; digit++) {
    const row = body.insertRow();
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = String(digit);
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

/** Show probabilities, ten from 0 to 1, of which the digit's stands out; without a digit, none. */
export function fill(table, probabilities, digit) {
  [...table.tBodies[0].rows].forEach((row, number) => {
    const share = probabilities?.[number] ?? 0;
    row.className = number === digit ? "answer" : "";
    row.cells[1].textContent = probabilities ? TEXTS.percent(share) : "";
    row.cells[2].firstChild.style.width = `${100 * share}%`;
  });
}
