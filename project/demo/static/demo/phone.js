/** The patient's phone and mailbox, and what is still to be sent. */

import { fill, follow } from "./lists.js";
import { channelName, moments } from "./words.js";

const PUSHES = 2; // as many as a lock screen has room for
const SECOND = 1_000; // ms
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `act(url, values, said)` posts, shows the new state and says it; it resolves to whether that worked. */
export function startPhone(act) {
  startClock();
  startWriting(act);
  setInterval(() => {
    for (const each of document.querySelectorAll("#waiting time")) each.textContent = until(each.dateTime);
  }, SECOND);
  const frame = document.getElementById("mail");
  let newest, open;
  function show(id) {
    open = id;
    frame.src = `/demo/emails/${id}/`;
    frame.hidden = false;
    for (const each of document.querySelectorAll("#mails button")) mark(each);
  }
  const mark = (button) => button.setAttribute("aria-current", String(button.dataset.id === open));

  return ({ messages, waiting }) => {
    const of = (channel) => messages.filter((each) => each.channel === channel);
    const texts = document.getElementById("sms");
    const size = () => `${texts.scrollHeight} in ${texts.clientHeight}`;
    const before = size(); // push messages take room from the texts
    const pushes = of("push");
    stack(pushes.length - PUSHES);
    follow(document.getElementById("pushes"), pushes.slice(0, PUSHES), (each) => {
      const element = fill("push", each);
      if (each.link) element.querySelector("a").href = each.link;
      return element;
    });
    follow(texts, of("sms").reverse(), (each) => {
      const element = fill(each.own ? "own-sms" : "sms", each);
      element.querySelector("p").append(...(each.own ? [hidden(`${gettext("You wrote:")} `), each.text] : linked(each.text)));
      if (each.staff) element.querySelector("small").append(`${gettext("Staff read it:")} `, linkTo(each.staff, gettext("see the admin")));
      return element;
    });
    if (size() !== before) texts.scrollTop = texts.scrollHeight;
    const mails = of("email");
    follow(document.getElementById("mails"), mails, (each) => {
      const element = fill("mail", each);
      const button = element.querySelector("button");
      button.dataset.id = each.id;
      button.addEventListener("click", () => show(each.id));
      element.querySelector(".attached").append(...files(each));
      mark(button);
      return element;
    });
    if (mails.length && mails[0].id !== newest) show((newest = mails[0].id));
    follow(document.getElementById("waiting"), waiting, (each) => waitingItem(each, act));
  };
}

/** Older cards stand behind those that are shown. */
function stack(older) {
  const more = document.getElementById("more-pushes");
  more.hidden = older < 1;
  more.textContent = interpolate(ngettext("%s more", "%s more", older), [older]);
}

function waitingItem(item, act) {
  const element = fill("waiting", { ...item, when: [item.about, item.time].filter(Boolean).join(" · ") });
  const left = element.querySelector("time");
  left.dateTime = item.due;
  left.textContent = until(item.due);
  const fallbacks = item.fallbacks.map((each) => interpolate(gettext("else %s"), [channelName(each)]));
  element.querySelector(".tags").append(...[...item.channels.map(channelName), ...fallbacks].map(tag));
  const button = element.querySelector("button");
  button.setAttribute("aria-label", `${gettext("Send now")}: ${item.what}`);
  button.addEventListener("click", () => act(`/demo/waiting/${item.id}/send/`, {}, gettext("On its way.")));
  if (!item.scheduled) button.remove();
  return element;
}

/** The field under the text messages; a hint is put into it, so that a code can be added. */
function startWriting(act) {
  const form = document.getElementById("write");
  const field = form.elements.text;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { value } = field;
    if ((await act("/demo/texts/", { text: value }, gettext("Sent."))) && field.value === value) field.value = "";
    field.focus();
  });
  for (const hint of form.querySelectorAll(".hints button")) {
    hint.addEventListener("click", () => {
      field.value = hint.value;
      field.focus();
    });
  }
}

/** Links to what is attached to an email. */
function files({ id, attached }) {
  return attached.map((name) => linkTo(`/demo/emails/${id}/${encodeURIComponent(name)}`, name));
}

/** A text's pieces, its addresses as links: so do phones. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s]+)/).map((piece, index) => {
    return index % 2 === 0 ? piece : linkTo(piece, piece);
  });
}

function linkTo(url, text) {
  const link = document.createElement("a");
  link.href = url;
  link.textContent = text;
  link.target = "_blank";
  link.rel = "noopener";
  return link;
}

/** Words for those who do not see on which side a text stands. */
function hidden(text) {
  const element = document.createElement("span");
  element.className = "hidden";
  element.textContent = text;
  return element;
}

function tag(text) {
  const element = document.createElement("span");
  element.className = "tag";
  element.textContent = text;
  return element;
}

function until(due) {
  const left = new Date(due) - Date.now();
  if (left < SECOND) return gettext("now");
  if (left < MINUTE) return interpolate(gettext("in %s s"), [Math.round(left / SECOND)]);
  if (left < HOUR) return interpolate(gettext("in %s min"), [Math.round(left / MINUTE)]);
  const hours = Math.round(left / HOUR);
  if (left < DAY) return interpolate(gettext("in %s h"), [hours]);
  return interpolate(gettext("in %(days)s d %(hours)s h"), { days: Math.floor(hours / 24), hours: hours % 24 }, true);
}

function startClock() {
  const time = moments({ hour: "2-digit", minute: "2-digit" });
  const date = moments({ weekday: "long", day: "numeric", month: "long" });
  const tick = () => {
    document.getElementById("clock-time").textContent = time.format();
    document.getElementById("clock-date").textContent = date.format();
    setTimeout(tick, MINUTE - (Date.now() % MINUTE));
  };
  tick();
}
