/** The desk: books, confirms, moves and cancels appointments, and breaks things. */

import { fill, follow } from "./lists.js";

const WORDS = { confirm: gettext("Confirm"), move: gettext("Move …"), cancel: gettext("Cancel") };
const SAID = { confirm: gettext("Confirmed."), move: gettext("Moved."), cancel: gettext("Cancelled.") };

/** `act(url, values, said)` posts, shows the new state and says it. */
export function startDesk(act) {
  const form = document.getElementById("book");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act("/demo/appointments/", Object.fromEntries(new FormData(form, event.submitter)), gettext("Booked."));
  });
  const fault = document.getElementById("fault");
  fault.addEventListener("submit", (event) => {
    event.preventDefault();
    act("/demo/faults/", Object.fromEntries(new FormData(fault)), gettext("The next one will fail."));
  });
  return ({ appointments, faults }) => {
    follow(document.getElementById("appointments"), appointments, (each) => appointment(each, act));
    const items = faults.map((text, index) => ({ id: `${index}:${text}`, text }));
    follow(document.getElementById("faults"), items, ({ text }) => {
      const element = document.createElement("li");
      element.textContent = text;
      return element;
    });
  };
}

function appointment(item, act) {
  const element = fill("appointment", { ...item, when: [item.time, item.doctor, item.comes && gettext("the patient comes")].filter(Boolean).join(" · ") });
  element.dataset.status = item.status;
  const url = (action) => `/demo/appointments/${item.id}/${action}/`;
  const form = element.querySelector("form");
  form.elements.starts_at.value = item.local;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(url("move"), Object.fromEntries(new FormData(form)), SAID.move);
  });
  for (const action of item.can) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = action === "confirm" ? "" : "second";
    button.textContent = WORDS[action];
    button.setAttribute("aria-label", `${WORDS[action]} ${item.treatment}, ${item.time}`);
    if (action === "move") {
      button.setAttribute("aria-expanded", "false");
      button.addEventListener("click", () => {
        form.hidden = !form.hidden;
        button.setAttribute("aria-expanded", String(!form.hidden));
        if (!form.hidden) form.elements.starts_at.focus();
      });
    } else {
      button.addEventListener("click", () => act(url(action), {}, SAID[action]));
    }
    element.querySelector(".buttons").append(button);
  }
  return element;
}
