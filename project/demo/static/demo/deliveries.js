/** Behind the scenes: each delivery, and what became of it. */

import { fill, follow } from "./lists.js";
import { channelName } from "./words.js";

export function showDeliveries({ deliveries }) {
  follow(document.getElementById("deliveries"), deliveries, (each) => {
    const element = fill("delivery", { ...each, channel: channelName(each.channel) });
    element.dataset.status = each.status;
    element.querySelector("a").href = `/admin/notify/notification/${each.notification}/change/`;
    return element;
  });
}
