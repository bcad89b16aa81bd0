/**
 * Push messages in this browser: whether they are on, and switching them on and off.
 *
 *   const push = new PushClient({ user: "42" });
 *   push.addEventListener("state", ({ detail }) => …);
 *   await push.start();          // asks nothing
 *   await push.subscribe();      // asks the person: call it from a click, on something that says what for
 *
 * States: unsupported (by this browser, or not over https) · unavailable (the site sends none) · denied (the person
 * refused, which only the browser's own settings undo) · default (off) · subscribed. `error` says why the last change
 * failed.
 *
 * Options: `user`, an id of the signed-in person: what another person of this browser switched on is switched off;
 * `api`, the address of the REST API; `worker`, that of the service worker; `csrfToken()`, where no cookie holds it.
 */

const STORE = "notifications-push";
const SUBSCRIPTION = "/notifications-push/subscription";
const LATER = "notifications-push-later"; // in localStorage: {times, until}
const DAY = 86_400_000;
const PATIENCE = 15_000; // ms: without its push service a browser may try for ever
const PAUSES = [30, 90, 365]; // days without an offer, after the first, second and any further "not now"

export class PushClient extends EventTarget {
  #user;
  #api;
  #worker;
  #csrfToken;
  #state = "default";
  #key = "";
  error = "";

  constructor({ user, api = "/api/v1/", worker = "/notifications/push-worker.js", csrfToken = cookie }) {
    super();
    this.#user = String(user);
    this.#api = api;
    this.#worker = worker;
    this.#csrfToken = csrfToken;
  }

  get state() {
    return this.#state;
  }

  /** Find out how things stand, and tell the server that this browser is there. Asks the person nothing. */
  async start() {
    this.#enter(await this.#find());
  }

  /** Ask for permission and subscribe. Returns whether messages come now. */
  async subscribe() {
    return this.#attempt(async () => {
      if ((await Notification.requestPermission()) !== "granted") return;
      // Its scope is the whole site: the server allows it, though it lies in a folder.
      await navigator.serviceWorker.register(this.#worker, { scope: "/" });
      await this.#subscribe(await navigator.serviceWorker.ready);
      forget(LATER);
    });
  }

  /** Show no more messages in this browser. */
  async unsubscribe() {
    await this.#attempt(async () => {
      const subscription = await (await registration())?.pushManager.getSubscription();
      if (subscription) {
        await this.#tell("DELETE", { subscription: subscription.toJSON() });
        await subscription.unsubscribe();
      }
      await drop();
    });
  }

  /** Whether to offer messages: they are off, may be asked for, and the person has not said "not now" of late. */
  get mayOffer() {
    return this.#state === "default" && Date.now() > (remembered(LATER)?.until ?? 0);
  }

  /** "Not now". Each time it is longer until the next offer. */
  later() {
    const times = remembered(LATER)?.times ?? 0;
    const days = PAUSES[Math.min(times, PAUSES.length - 1)];
    remember(LATER, { times: times + 1, until: Date.now() + days * DAY });
  }

  async #attempt(change) {
    this.error = "";
    try {
      await change();
    } catch (error) {
      this.error = error.message;
    }
    this.#enter(await this.#find());
    return this.#state === "subscribed";
  }

  async #find() {
    if (!isSecureContext || !navigator.serviceWorker || !self.PushManager || !self.Notification) return "unsupported";
    try {
      this.#key ||= (await this.#ask("GET", "push/key/")).key;
    } catch (error) {
      this.error ||= error.message;
    }
    if (!this.#key) return "unavailable";
    if (Notification.permission === "denied") return "denied";
    const worker = await registration();
    const subscription = await worker?.pushManager.getSubscription();
    if (!subscription) return "default";
    if ((await kept())?.user !== this.#user) {
      await subscription.unsubscribe(); // its messages are for somebody else
      await drop();
      return "default";
    }
    return (await this.#follow(worker, subscription)) ? "subscribed" : "default";
  }

  /** What the browser or the site has changed meanwhile. */
  async #follow(worker, subscription) {
    try {
      if (subscription.options.applicationServerKey && !same(subscription.options.applicationServerKey, this.#key)) {
        await subscription.unsubscribe();
        await this.#subscribe(worker);
        return true;
      }
      const device = await this.#register(subscription, { renew: true });
      return device.is_enabled;
    } catch (error) {
      if (error.status === 404) {
        await subscription.unsubscribe(); // removed elsewhere, such as on a page of settings
        await drop();
        return false;
      }
      this.error ||= error.message; // the server is away: what was on is still on
      return Boolean(await worker.pushManager.getSubscription());
    }
  }

  async #subscribe(worker) {
    const options = { userVisibleOnly: true, applicationServerKey: this.#key };
    await this.#register(await inTime(worker.pushManager.subscribe(options)));
  }

  async #register(subscription, more = {}) {
    const before = await kept();
    const now = subscription.toJSON();
    const replaces = before?.user === this.#user && before.subscription.endpoint !== now.endpoint && before.subscription;
    const label = browserName();
    const device = await this.#tell("POST", { subscription: now, label, ...(replaces && { replaces }), ...more });
    await keep({ user: this.#user, subscription: now });
    return device;
  }

  #tell(method, body) {
    return this.#ask(method, "devices/", { kind: "webpush", ...body });
  }

  async #ask(method, path, body) {
    const headers = { Accept: "application/json" };
    if (body) Object.assign(headers, { "Content-Type": "application/json", "X-CSRFToken": this.#csrfToken() });
    const response = await fetch(this.#api + path, { method, headers, body: body && JSON.stringify(body) });
    if (!response.ok) {
      throw Object.assign(new Error(`The server answered ${response.status}.`), { status: response.status });
    }
    return response.status === 204 ? {} : response.json();
  }

  #enter(state) {
    this.#state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}

/** What its owner will know this browser by, such as "Firefox, Android". */
export function browserName(agent = navigator.userAgent) {
  const find = (names) => names.find(([, pattern]) => pattern.test(agent))?.[0];
  const browser = find([
    ["Edge", /Edg/],
    ["Opera", /OPR/],
    ["Samsung Internet", /SamsungBrowser/],
    ["Firefox", /Firefox|FxiOS/],
    ["Chrome", /Chrom|CriOS/],
    ["Safari", /Safari/],
  ]);
  const system = find([
    ["Android", /Android/],
    ["iPhone", /iPhone/],
    ["iPad", /iPad/],
    ["Windows", /Windows/],
    ["Mac", /Macintosh/],
    ["Linux", /Linux|X11/],
  ]);
  return [browser, system].filter(Boolean).join(", ");
}

function inTime(promise) {
  const late = new Error("The push service of the browser did not answer.");
  return Promise.race([promise, new Promise((_, reject) => setTimeout(reject, PATIENCE, late))]);
}

function registration() {
  return navigator.serviceWorker.getRegistration("/");
}

/** Where the service worker finds it too. */
async function kept() {
  return (await (await caches.open(STORE)).match(SUBSCRIPTION))?.json();
}

async function keep(value) {
  await (await caches.open(STORE)).put(SUBSCRIPTION, new Response(JSON.stringify(value)));
}

async function drop() {
  await (await caches.open(STORE)).delete(SUBSCRIPTION);
}

function same(buffer, key) {
  const text = btoa(String.fromCharCode(...new Uint8Array(buffer)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") === key;
}

// Some browsers have no storage where cookies are switched off.
function remembered(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // It is offered again on the next page.
  }
}

function forget(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // There is nothing to forget.
  }
}

function cookie() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}
