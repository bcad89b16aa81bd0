// What has been written and not saved is not lost unasked.
(() => {
  "use strict";

  const form = document.getElementById("notify-text");
  const written = () => [...form.querySelectorAll("textarea, [name=note]")].map((each) => each.value).join("\u0000");
  const before = "unsaved" in form.dataset ? null : written();
  let leaving = false;

  window.addEventListener("beforeunload", (event) => {
    if (!leaving && written() !== before) event.preventDefault();
  });
  // To save, to discard and to roll back are what was asked for.
  for (const each of document.querySelectorAll("form[method=post]")) {
    each.addEventListener("submit", () => {
      leaving = each === form || each.id === "notify-discard" || written() === before;
    });
  }
  window.addEventListener("pageshow", () => { leaving = false; });
  document.addEventListener("keydown", (event) => {
    if (event.key === "s" && (event.ctrlKey || event.metaKey) && !event.altKey) {
      const save = form.querySelector("button[value=save]");
      if (!save) return;
      event.preventDefault();
      form.requestSubmit(save);
    }
  });
})();
