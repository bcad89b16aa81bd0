/** What the page words in its own language: channels, times and dates. Their digits are those of the messages. */

const { lang } = document.documentElement;

/** The name of a channel; one that is not known as it is. */
export function channelName(channel) {
  const names = { sms: gettext("sms"), email: gettext("email"), push: gettext("push"), in_app: gettext("in-app") };
  return names[channel] ?? channel;
}

/** A formatter of moments, such as `moments({ hour: "2-digit", minute: "2-digit" })`, in the patient's time zone. */
export function moments(options) {
  const { zone } = document.querySelector(".stage").dataset;
  const locale = lang === "en" ? "en-GB" : lang;
  return new Intl.DateTimeFormat(locale, { timeZone: zone, numberingSystem: "latn", hourCycle: "h23", ...options });
}
