/**
 * Offers push messages, at a moment that the page chooses, and switches them off again: the script of the template
 * notifications/push_offer.html, which has the words.
 *
 * The permission of the browser is asked for after a click on the offer alone. `[data-push-offer]` is the card; with
 * data-moment="now" it is offered at once, if at all, else when the page calls `offer()`, such as after the first
 * notification has arrived.
 */

import { PushClient } from "./push-client.js";

export async function startPushOffer(card = document.querySelector("[data-push-offer]")) {
  const { user, api, worker, csrf, moment } = card.dataset;
  const push = new PushClient({ user, api, worker, csrfToken: () => csrf });
  let offered = moment === "now";
  let asked = false;

  const part = (name) => card.querySelector(`[data-push="${name}"]`);
  const say = (name) => {
    for (const each of card.querySelectorAll("[data-push-said]")) each.hidden = each.dataset.pushSaid !== name;
  };
  function show() {
    const { state } = push;
    part("question").hidden = state !== "default";
    part("on").hidden = state !== "subscribed";
    if (asked) say(state === "subscribed" ? "on" : state === "denied" ? "denied" : push.error ? "failed" : "off");
    card.dataset.state = state;
    const always = card.hasAttribute("data-always"); // a page of settings
    part("unsupported").hidden = !(always && state === "unsupported");
    part("denied").hidden = !(always && state === "denied" && !asked);
    card.hidden = state === "unavailable" || !(always || asked || (offered && push.mayOffer));
  }
  const change = (act) => async () => {
    asked = true;
    for (const each of card.querySelectorAll("button")) each.disabled = true;
    await act();
    for (const each of card.querySelectorAll("button")) each.disabled = false;
    // The button that was pressed is gone: whoever uses a keyboard goes on where the answer stands.
    part("said").focus();
  };

  push.addEventListener("state", show);
  part("yes").addEventListener("click", change(() => push.subscribe()));
  part("no").addEventListener("click", change(() => push.unsubscribe()));
  part("later").addEventListener("click", () => {
    push.later();
    card.hidden = true;
  });
  await push.start();
  return {
    push,
    /** A good moment has come. */
    offer() {
      offered = true;
      show();
    },
  };
}

for (const card of document.querySelectorAll("[data-push-offer]:not([data-moment=later])")) startPushOffer(card);
