/**
 * The service worker that shows push messages. The view that serves it puts `const SITE = {…};` in front.
 *
 * It tells nobody that a message was shown or opened.
 */

const STORE = "notifications-push";
const SUBSCRIPTION = "/notifications-push/subscription"; // a key in the store; nothing is served there

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("push", (event) => event.waitUntil(show(event.data)));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.link));
});
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(follow(event)));

/** Browsers demand that something is shown, also where nothing can be read. */
async function show(data) {
  const message = read(data);
  const tag = text(message.tag);
  await self.registration.showNotification(text(message.title) || SITE.title, {
    body: text(message.title) ? text(message.body) : SITE.body,
    lang: text(message.lang),
    dir: "auto",
    icon: SITE.icon || undefined,
    image: address(message.image)?.href,
    ...(tag && { tag, renotify: true }),
    data: { link: text(message.link), notification_id: text(message.notification_id) },
  });
  const count = message.badge_count;
  if (Number.isInteger(count) && count >= 0) await self.navigator.setAppBadge?.(count).catch(() => {});
}

function read(data) {
  try {
    const message = data.json();
    return message && typeof message === "object" ? message : {};
  } catch {
    return {};
  }
}

function text(value) {
  return typeof value === "string" ? value : "";
}

function address(value) {
  try {
    const url = new URL(value, self.location.origin);
    return value && ["https:", "http:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** Show the page: in a tab that has it open, else in a new one. Only pages of this site. */
async function open(link) {
  const url = address(link);
  const target = url?.origin === self.location.origin ? url.href : `${self.location.origin}/`;
  const tabs = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = tabs.find((tab) => tab.url === target);
  return there ? there.focus() : self.clients.openWindow(target);
}

/** The browser has dropped the subscription: subscribe anew. The old one proves whose device it is, signed in or not. */
async function follow(event) {
  const store = await caches.open(STORE);
  const kept = await store.match(SUBSCRIPTION);
  const old = event.oldSubscription?.toJSON() ?? (await kept?.json())?.subscription;
  const fresh =
    event.newSubscription ??
    (await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: SITE.key }));
  if (!old) return; // the next page that is opened tells the server
  const headers = { "Content-Type": "application/json" };
  await fetch(SITE.moved, { method: "POST", headers, body: JSON.stringify({ old, new: fresh.toJSON() }) });
}
