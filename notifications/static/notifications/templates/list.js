// The list of templates: what is shown of it, by words and by how texts stand.
(() => {
  "use strict";

  const form = document.getElementById("notify-filter");
  const count = form.querySelector("output");
  const forms = JSON.parse(form.dataset.rows);
  const rules = new Intl.PluralRules(document.documentElement.lang);
  const tables = [...document.querySelectorAll("table[data-category]")];

  function matches(row, mark) {
    return !mark || [...row.querySelectorAll("td")].some((cell) => cell.dataset.marks.split(" ").includes(mark));
  }

  function apply() {
    const mark = form.elements.mark.value;
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const table of tables) {
      let any = false;
      for (const group of table.tBodies) {
        const said = words.every((word) => group.dataset.words.includes(word));
        let rows = 0;
        for (const row of group.querySelectorAll("tr[data-row]")) {
          row.hidden = !(said && matches(row, mark));
          rows += row.hidden ? 0 : 1;
        }
        group.hidden = rows === 0;
        shown += rows;
        any = any || rows > 0;
      }
      table.hidden = !any;
      for (const cell of table.querySelectorAll("td")) {
        cell.classList.toggle("notify-off", Boolean(mark) && !cell.dataset.marks.split(" ").includes(mark));
      }
    }
    const rows = forms[rules.select(shown)] ?? forms.other;
    count.textContent = mark || words.length ? rows.replace("%s", shown) : "";
  }

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  apply(); // a browser that goes back has kept what was typed
})();
