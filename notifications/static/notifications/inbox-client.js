/**
 * A person's inbox, live: one WebSocket that heals itself.
 *
 *     import { InboxClient } from "/static/notifications/inbox-client.js";
 *     const inbox = new InboxClient();
 *     inbox.addEventListener("notification", ({ detail }) => show(detail));
 *     inbox.addEventListener("counts", ({ detail }) => badge(detail.unread));
 *     inbox.connect();
 *
 * Events:
 *   notification  detail: one notification, each once, live or replayed after an interruption
 *   counts        detail: { unread, unseen }, each at most 100
 *   state         detail: "connecting", "online", "offline" (it tries again), "signed-out" or "closed"
 *   error         detail: { code, detail }, what the server did not understand
 */

const SIGNED_OUT = 4401;
const PING_EVERY = 25_000; // ms
const PONG_WITHIN = 10_000; // ms
const FIRST_DELAY = 500; // ms
const LONGEST_DELAY = 30_000; // ms
const STABLE_AFTER = 10_000; // ms
const REMEMBERED = 1_000; // ids: more than a replay's overlap holds

export class InboxClient extends EventTarget {
  #url;
  #socket = null;
  #state = "closed";
  // All up to here was received. What is pushed does not move it: a push before that may have been lost.
  #cursor;
  #known;
  #attempt = 0;
  #retry = 0;
  #ping = 0;
  #pong = 0;
  #stable = 0;
  #listeners = null;

  /**
   * @param {object} [options]
   * @param {string} [options.url] of the WebSocket; default: this site's
   * @param {string|null} [options.cursor] position of the newest notification the page already shows, null for an
   *   empty inbox; default: where the inbox stands at the first connection
   * @param {Iterable<string>} [options.known] ids of the notifications the page already shows
   */
  constructor({ url = "/ws/notifications/", cursor, known = [] } = {}) {
    super();
    this.#url = new URL(url, location.href);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#cursor = cursor;
    this.#known = new Set(known);
  }

  get state() {
    return this.#state;
  }

  /** The position in the inbox up to which nothing is missing. */
  get cursor() {
    return this.#cursor;
  }

  /** Open the connection and keep it open until `close()`. */
  connect() {
    if (this.#listeners) return;
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    addEventListener("online", () => this.#open(), { signal });
    addEventListener("offline", () => this.#lose(), { signal });
    // A page that slept may hold a connection that is long dead.
    document.addEventListener("visibilitychange", () => document.hidden || this.#wakeUp(), { signal });
    this.#open();
  }

  /** Close the connection for good; `connect()` opens it again. */
  close() {
    this.#listeners?.abort();
    this.#listeners = null;
    this.#drop();
    this.#enter("closed");
  }

  /** Mark these notifications as read. Returns whether it could be sent: if not, use the REST API. */
  markRead(ids) {
    return this.#sendIds("read", [...ids]);
  }

  /** Mark these as shown to the person, or without ids all that is in the inbox. */
  markSeen(ids) {
    return ids ? this.#sendIds("seen", [...ids]) : this.#send({ type: "seen" });
  }

  #sendIds(type, ids) {
    let sent = true;
    for (let start = 0; start < ids.length; start += 100) {
      sent = this.#send({ type, ids: ids.slice(start, start + 100) }) && sent;
    }
    return sent;
  }

  #open() {
    clearTimeout(this.#retry);
    if (!this.#listeners || (this.#socket && this.#socket.readyState <= WebSocket.OPEN)) return;
    this.#enter("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data)));
    socket.addEventListener("close", ({ code }) => socket === this.#socket && this.#lose(code));
  }

  /** Forget the connection, without waiting for it to notice. */
  #drop() {
    for (const timer of [this.#retry, this.#ping, this.#pong, this.#stable]) clearTimeout(timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #lose(code) {
    this.#drop();
    if (code === SIGNED_OUT) {
      this.#listeners?.abort();
      this.#listeners = null;
      this.#enter("signed-out");
      return;
    }
    this.#enter("offline");
    // Full jitter: when a server restarts, its pages come back spread over the whole time.
    const delay = Math.random() * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.#open(), delay);
  }

  #receive(message) {
    switch (message.type) {
      case "hello":
        this.#greet(message);
        break;
      case "notification":
        this.#take(message.item);
        break;
      case "replayed":
        message.items.forEach((item) => this.#take(item));
        this.#advance(message.cursor);
        if (message.more) this.#send({ type: "resume", since: message.cursor, exact: true });
        break;
      case "counts":
        this.#emit("counts", message.counts);
        break;
      case "pong":
        clearTimeout(this.#pong);
        // A push is a hint that can get lost; the inbox is the truth.
        if (message.cursor && message.cursor > (this.#cursor ?? "")) this.#resume();
        break;
      case "error":
        this.#emit("error", { code: message.code, detail: message.detail });
        break;
    }
  }

  #greet({ cursor, counts }) {
    this.#stable = setTimeout(() => (this.#attempt = 0), STABLE_AFTER);
    this.#ping = setTimeout(() => this.#check(), PING_EVERY);
    this.#enter("online");
    this.#emit("counts", counts);
    if (this.#cursor === undefined) this.#cursor = cursor;
    else this.#resume();
  }

  #wakeUp() {
    this.#open();
    this.#check();
  }

  #resume() {
    this.#send({ type: "resume", since: this.#cursor });
  }

  #check() {
    clearTimeout(this.#ping);
    this.#ping = setTimeout(() => this.#check(), PING_EVERY);
    if (!this.#send({ type: "ping" })) return;
    clearTimeout(this.#pong);
    this.#pong = setTimeout(() => this.#lose(), PONG_WITHIN);
  }

  #take(item) {
    if (this.#known.has(item.id)) return;
    this.#known.add(item.id);
    if (this.#known.size > REMEMBERED) this.#known.delete(this.#known.values().next().value);
    this.#emit("notification", item);
  }

  #advance(cursor) {
    // Positions are UUIDv7: their text sorts by time.
    if (cursor && cursor > (this.#cursor ?? "")) this.#cursor = cursor;
  }

  #send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #enter(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#emit("state", state);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
