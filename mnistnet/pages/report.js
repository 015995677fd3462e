// The gallery of a report: which test images are shown, in which order. Everything it needs is in the page.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { label, predicted, confidence, loss, sure } = data.answers;
  const disputed = new Map(Object.entries(data.disputed).map(([index, said]) => [Number(index), said]));
  const sheet = document.getElementById("sheet");
  const controls = document.getElementById("controls").elements;
  const cards = document.getElementById("cards");
  const more = document.getElementById("more");
  const cells = [...document.querySelectorAll("#confusion button")];
  const AT_ONCE = 24;
  const PRINTED = 120;
  const orders = {
    loss: (one, other) => loss[other] - loss[one],
    doubt: (one, other) => confidence[one] - confidence[other],
    confidence: (one, other) => confidence[other] - confidence[one],
    index: () => 0, // as they are
  };
  let chosen = [];

  const named = (number) => data.classes[number];
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  function isWanted(index) {
    const right = label[index] === predicted[index];
    return (
      (controls.kind.value === "all" || (controls.kind.value === "right") === right) &&
      (controls.true.value === "" || label[index] === Number(controls.true.value)) &&
      (controls.read.value === "" || predicted[index] === Number(controls.read.value)) &&
      !(controls.unsure.checked && sure[index]) &&
      !(controls.disputed?.checked && !disputed.has(index))
    );
  }

  function picture(index) {
    const canvas = document.createElement("canvas");
    const side = data.side;
    canvas.width = canvas.height = side;
    canvas.className = "digit";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `test image ${index}`);
    const [row, column] = [Math.floor(index / data.across), index % data.across];
    canvas.getContext("2d").drawImage(sheet, column * side, row * side, side, side, 0, 0, side, side);
    return canvas;
  }

  function card(index) {
    const item = document.createElement("li");
    item.dataset.index = index;
    item.append(
      picture(index),
      element("strong", `${named(label[index])} read as ${named(predicted[index])}`),
      element("div", `${percent(confidence[index])}${sure[index] ? "" : ", unsure"}`),
      element("div", `loss ${loss[index].toFixed(2)}`),
      element("div", `image ${index}`),
    );
    if (disputed.has(index)) {
      item.append(Object.assign(element("div", `disputed label: ${disputed.get(index)}`), { className: "flag" }));
    }
    return item;
  }

  function append(count) {
    const shown = cards.childElementCount;
    cards.append(...chosen.slice(shown, shown + count).map(card));
    more.hidden = cards.childElementCount >= chosen.length;
    return shown;
  }

  function showMore() {
    const shown = append(AT_ONCE);
    const first = cards.children[shown];
    if (shown && first) {
      first.tabIndex = -1;
      first.focus();
    }
  }

  function show() {
    chosen = [...label.keys()].filter(isWanted).sort(orders[controls.sort.value]);
    cards.replaceChildren();
    append(AT_ONCE);
    const count = chosen.length.toLocaleString("en-US");
    const digits = ["true", "read"].filter((name) => controls[name].value !== "");
    const which = digits.map((name) => `${name === "true" ? "true" : "read as"} ${named(controls[name].value)}`).join(", ");
    const text = `${count} of ${label.length.toLocaleString("en-US")} test images${which ? `: ${which}` : ""}`;
    document.getElementById("shown").textContent = text;
    for (const cell of cells) {
      const isChosen = cell.dataset.true === controls.true.value && cell.dataset.read === controls.read.value;
      cell.setAttribute("aria-pressed", String(isChosen));
    }
  }

  function showCell(cell) {
    const wasChosen = cell.getAttribute("aria-pressed") === "true";
    controls.kind.value = wasChosen ? "wrong" : "all";
    controls.true.value = wasChosen ? "" : cell.dataset.true;
    controls.read.value = wasChosen ? "" : cell.dataset.read;
    controls.unsure.checked = false;
    if (controls.disputed) controls.disputed.checked = false;
    show();
    document.getElementById("gallery").scrollIntoView({ block: "nearest" });
  }

  for (const cell of cells) cell.addEventListener("click", () => showCell(cell));
  document.getElementById("controls").addEventListener("change", show);
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", showMore);
  window.addEventListener("beforeprint", () => {
    append(Math.max(0, PRINTED - cards.childElementCount));
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  sheet.decode().then(show, show);
})();
