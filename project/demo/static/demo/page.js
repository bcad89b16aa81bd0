/** The three panes. What leaves the app is asked for: often after something happened, else once a second. */

import { startBell } from "./bell.js";
import { startDesk } from "./desk.js";
import { showDeliveries } from "./deliveries.js";
import { startPhone } from "./phone.js";
import { get, post } from "./server.js";

const OFTEN = 150; // ms
const SELDOM = 1_000;
const OFTEN_FOR = 4_000;

let oftenUntil = 0;
let timer = 0;
let asked = 0;

async function act(url, values, said) {
  let worked = false;
  try {
    show(await post(url, values), ++asked);
    say(said);
    worked = true;
  } catch (error) {
    say(error.message, true);
  }
  hurry();
  return worked;
}

const panes = [startDesk(act), startPhone(act), showDeliveries];
let shown = 0;

function show(state, number) {
  if (number < shown) return; // an answer that was overtaken by a newer one
  shown = number;
  for (const pane of panes) pane(state);
}

function hurry() {
  oftenUntil = Date.now() + OFTEN_FOR;
  clearTimeout(timer);
  timer = setTimeout(look, OFTEN);
}

async function look() {
  clearTimeout(timer);
  const number = ++asked;
  try {
    show(await get("/demo/state/"), number);
  } catch (error) {
    say(error.message, true);
    if (error.status === 403) return; // signed in as somebody else, in another tab
  }
  clearTimeout(timer);
  timer = setTimeout(look, document.hidden ? 5 * SELDOM : Date.now() < oftenUntil ? OFTEN : SELDOM);
}

function say(text, failed = false) {
  const said = document.getElementById("said");
  said.textContent = text;
  said.classList.toggle("failed", failed);
  said.classList.remove("shown");
  requestAnimationFrame(() => said.classList.add("shown"));
}

document.addEventListener("visibilitychange", () => document.hidden || look());
look();
startBell(hurry).catch((error) => say(error.message, true));
