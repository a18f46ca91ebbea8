"use strict";

const form = document.getElementById("filters");
const matches = document.getElementById("matches");

// All parts of the page that tell of one requirement are shown or hidden together.
const requirements = new Map();
for (const element of document.querySelectorAll("[data-requirement]")) {
  const name = element.dataset.requirement;
  const one = requirements.get(name) ?? { elements: [], text: "" };
  requirements.set(name, one);
  one.elements.push(element);
  one.text += element.textContent.toLowerCase();
  one.outcome = element.dataset.outcome ?? one.outcome;
  one.level = element.dataset.level ?? one.level;
}

function filter() {
  const chosen = new FormData(form);
  const outcomes = new Set(chosen.getAll("outcome"));
  const level = chosen.get("level");
  const text = chosen.get("text").trim().toLowerCase();
  let shown = 0;
  for (const one of requirements.values()) {
    const fits =
      outcomes.has(one.outcome) &&
      (!level || one.level === level) &&
      (!text || one.text.includes(text));
    for (const element of one.elements) element.hidden = !fits;
    shown += fits;
  }
  for (const body of document.querySelectorAll("tbody")) {
    body.hidden = !body.querySelector("[data-requirement]:not([hidden])");
  }
  matches.textContent = `${shown} of ${requirements.size} requirements`;
}

async function copy(button, block) {
  try {
    await navigator.clipboard.writeText(block.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(block);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

for (const box of document.querySelectorAll(".copy")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", () => copy(button, box.querySelector("pre")));
  box.append(button);
}

form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
filter();
