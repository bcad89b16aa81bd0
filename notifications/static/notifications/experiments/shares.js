// The plan of an A/B test: a bar of the shares, as one types the weights.
"use strict";

{
  const bar = document.getElementById("notify-shares");
  const form = bar.closest("form");

  const arms = () =>
    [...form.querySelectorAll("[data-arm]")].flatMap((row) => {
      const weight = Number(row.querySelector("input[type=number]").value);
      const name = row.dataset.name || row.querySelector("input[type=text]").value.trim() || "?";
      return row.querySelector("select").value && weight > 0 ? [{ name, weight }] : [];
    });

  const show = () => {
    const found = arms();
    const total = found.reduce((sum, arm) => sum + arm.weight, 0);
    const said = found.map((arm) => `${arm.name} ${Math.round((1000 * arm.weight) / total) / 10} %`);
    bar.hidden = !found.length;
    bar.setAttribute("aria-label", said.join(", "));
    bar.replaceChildren(
      ...found.map((arm, place) => {
        const piece = document.createElement("span");
        piece.textContent = piece.title = said[place];
        piece.style.flexGrow = arm.weight;
        return piece;
      }),
    );
  };

  form.addEventListener("input", show);
  show();
}
