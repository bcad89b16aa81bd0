/** The bell: the inbox over REST at first, then live over the WebSocket. */

import { InboxClient } from "../notifications/inbox-client.js";
import { startPushOffer } from "../notifications/push-offer.js";
import { fill, follow } from "./lists.js";
import { get, post } from "./server.js";
import { moments } from "./words.js";

const API = "/api/v1/notifications/";
const SHOWN = 20;
const STATES = {
  online: gettext("live"),
  connecting: gettext("connecting"),
  offline: gettext("offline, trying again"),
  "signed-out": gettext("signed out"),
};

/** `arrived()` is called when something came in. */
export async function startBell(arrived) {
  const clock = moments({ hour: "2-digit", minute: "2-digit" });
  let items = (await get(`${API}?limit=${SHOWN}`)).results;
  const client = new InboxClient({
    cursor: items[0]?.position ?? null,
    known: items.map((each) => each.id),
  });

  const show = () => follow(document.getElementById("items"), items, item);
  function item(each) {
    const element = fill("item", { ...each, time: clock.format(new Date(each.created_at)) });
    element.classList.toggle("new", !each.read_at);
    element.querySelector("button").addEventListener("click", () => {
      if (!client.markRead([each.id])) post(`${API}${each.id}/read/`);
      read([each.id]);
    });
    return element;
  }
  function read(ids) {
    const now = new Date().toISOString();
    items = items.map((each) => (ids.includes(each.id) && !each.read_at ? { ...each, read_at: now } : each));
    show();
  }

  const offering = startPushOffer();
  client.addEventListener("notification", ({ detail }) => {
    offering.then(({ offer }) => offer()); // now that it is seen what would come
    items = [detail, ...items].sort((a, b) => (a.position < b.position ? 1 : -1)).slice(0, SHOWN);
    show();
    ring();
    arrived();
  });
  client.addEventListener("counts", ({ detail }) => count(detail.unread));
  client.addEventListener("state", ({ detail }) => {
    const connection = document.getElementById("connection");
    connection.dataset.state = detail;
    connection.textContent = STATES[detail] ?? detail;
  });
  document.getElementById("read-all").addEventListener("click", async () => {
    await post(`${API}read-all/`);
    read(items.map((each) => each.id));
    count(0);
  });
  show();
  client.connect();
}

function count(unread) {
  const badge = document.getElementById("unread");
  badge.hidden = unread === 0;
  badge.textContent = unread > 99 ? "99+" : unread;
  const words = interpolate(ngettext("%s unread", "%s unread", unread), [badge.textContent]);
  document.getElementById("unread-words").textContent = unread ? words : gettext("Nothing unread");
  document.getElementById("read-all").hidden = unread === 0;
}

function ring() {
  const bell = document.getElementById("bell");
  bell.classList.remove("ringing");
  requestAnimationFrame(() => bell.classList.add("ringing"));
}
