"use strict";
const search = document.getElementById("search");
const kind = document.getElementById("kind");
const shown = document.getElementById("shown");
const sections = [...document.querySelectorAll(".rows")];
const rows = sections.map((section) => [...section.querySelectorAll("tbody tr")]);
const said = rows.map((list) => list.map((row) => row.textContent.toLowerCase()));

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = kind.value;
  let count = 0, all = 0;
  sections.forEach((section, place) => {
    const name = section.querySelector("summary, h3").textContent.toLowerCase();
    let left = 0;
    rows[place].forEach((row, number) => {
      const text = name + " " + said[place][number];
      const fits = words.every((word) => text.includes(word))
        && (!wanted || row.firstElementChild.textContent.endsWith(wanted) || section.dataset.kind === wanted);
      row.hidden = !fits;
      left += fits;
    });
    all += rows[place].length;
    count += left;
    section.hidden = left === 0;
    if (section.tagName === "DETAILS") section.open = (words.length > 0 || wanted !== "") && left > 0;
    const number = section.querySelector(".count");
    if (number) number.textContent = left.toLocaleString("en");
  });
  shown.textContent = `${count.toLocaleString("en")} of ${all.toLocaleString("en")}`;
}

if (search) {
  search.form.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", filter);
  kind.addEventListener("input", filter);
  filter();
}

let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((part) => { part.open = true; });
});
addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));
