// The live preview: what is written is rendered by the server at each pause in typing. Answers that come too late,
// because a newer one has been asked for, are dropped. All that is shown is written as text; only the email is HTML, in
// a frame that may do nothing.
(() => {
  "use strict";

  const PAUSE = 300;
  const form = document.getElementById("notify-text");
  const pane = document.getElementById("notify-preview");
  const stage = document.getElementById("notify-stage");
  const spinner = pane.querySelector(".notify-spinner");
  const complaint = document.getElementById("notify-preview-error");
  const list = document.querySelector("#notify-findings ul");
  const none = document.querySelector("#notify-findings .notify-none");
  const shown = document.getElementById("notify-shown");
  const dark = document.getElementById("notify-dark");
  const frame = document.getElementById("notify-mail-frame");
  const slots = (name) => pane.querySelectorAll(`[data-show="${name}"]`);
  const words = document.getElementById("notify-findings").dataset;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  let asked = 0;
  let running = null;
  let timer = 0;
  let mail = null;

  function put(name, text) {
    for (const slot of slots(name)) slot.textContent = text;
  }

  function fault(text) {
    complaint.hidden = !text;
    complaint.textContent = text;
    stage.classList.toggle("notify-stale", Boolean(text));
  }

  // What a program for mail does with "dark": the queries of the email hold or not, whatever this screen is set to.
  function inScheme(html, isDark) {
    const always = "(min-width: 0)";
    const never = "(max-width: 0)";
    return html
      .replace(/\(\s*prefers-color-scheme\s*:\s*dark\s*\)/gi, isDark ? always : never)
      .replace(/\(\s*prefers-color-scheme\s*:\s*light\s*\)/gi, isDark ? never : always)
      .replace(/(color-scheme"?\s*(?::|content=")\s*)(?:light dark|dark light|light|dark)/gi, `$1${isDark ? "dark" : "light"}`);
  }

  function showMail() {
    if (!mail) return;
    const view = document.querySelector("[name=notify-view]:checked").value;
    const asText = view === "text";
    stage.querySelector(".notify-mail").hidden = asText;
    stage.querySelector(".notify-plain").hidden = !asText;
    if (!asText) stage.querySelector(".notify-mail").dataset.width = view;
    const html = inScheme(mail.frame, dark.checked);
    if (frame.srcdoc !== html) frame.srcdoc = html;
  }

  function showSms(sms) {
    for (const [name, text] of Object.entries(sms.said)) put(name, text);
    // One bubble, as phones join the parts; a mark where the next part begins.
    const bubble = slots("split")[0];
    bubble.replaceChildren(...sms.split.flatMap((text, index) => {
      const mark = document.createElement("i");
      mark.className = "notify-cut";
      mark.title = fill(bubble.dataset.cut, { number: index + 1, total: sms.parts });
      return index ? [mark, text] : [text];
    }));
  }

  function showMessage(message, direction) {
    for (const name of ["title", "text", "link", "subject", "sender", "opening"]) {
      put(name, message[name] || "");
    }
    for (const slot of slots("link")) slot.textContent ||= slot.closest("[data-nothing]").dataset.nothing;
    if ("frame" in message) {
      mail = message;
      put("foreign", message.foreign_said);
      showMail();
    }
    for (const each of stage.querySelectorAll("[data-show], .notify-mailbox")) each.dir = direction;
  }

  function showFindings(findings, error) {
    const places = error.text && !findings.some((each) => each.level === "error")
      ? [{ level: "error", message: error.text, part: error.part, line: error.line, column: null }, ...findings]
      : findings;
    list.replaceChildren(...places.map((each) => {
      const item = document.createElement("li");
      item.className = `notify-finding notify-finding-${each.level}`;
      const level = document.createElement("b");
      level.textContent = words[each.level];
      const text = document.createElement("span");
      text.textContent = each.message;
      text.dir = "auto"; // it may be of another language than the page
      item.append(level, text);
      if (each.part) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = each.line ? fill(words.place, each) : each.part;
        button.addEventListener("click", () => form.dispatchEvent(new CustomEvent("notify:jump", { detail: each })));
        item.append(button);
      }
      return item;
    }));
    none.hidden = places.length > 0;
    form.dispatchEvent(new CustomEvent("notify:findings", { detail: places }));
  }

  function show(answer) {
    showFindings(answer.findings, { text: answer.error, part: answer.part, line: answer.line });
    fault(answer.error);
    if (answer.sms) showSms(answer.sms);
    if (answer.message) showMessage(answer.message, answer.direction);
  }

  async function ask() {
    const number = ++asked;
    if (running) running.abort();
    running = new AbortController();
    const body = new FormData(form);
    body.set("shown", shown.value);
    spinner.hidden = false;
    pane.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(form.dataset.preview, {
        method: "POST",
        body,
        signal: running.signal,
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        redirect: "error", // to where one signs in
      });
      const isJson = (response.headers.get("Content-Type") || "").includes("json");
      const answer = isJson ? await response.json() : null;
      if (number !== asked) return;
      if (answer && response.ok) show(answer);
      else fault(answer?.refused || fill(form.dataset.failed, response));
    } catch (error) {
      if (number !== asked || error.name === "AbortError") return;
      fault(form.dataset.unreachable);
    } finally {
      if (number === asked) {
        spinner.hidden = true;
        pane.removeAttribute("aria-busy");
        pane.dataset.answered = String(number);
      }
    }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  }

  form.addEventListener("input", later);
  shown.addEventListener("change", ask);
  if (dark) {
    const theme = document.documentElement.dataset.theme;
    dark.checked = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    const scheme = () => {
      stage.classList.toggle("notify-dark", dark.checked);
      showMail();
    };
    dark.addEventListener("change", scheme);
    scheme();
  }
  for (const each of document.querySelectorAll("[name=notify-view]")) each.addEventListener("change", showMail);
  ask();
})();
