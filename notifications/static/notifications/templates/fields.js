// The fields of the editor. Behind each one stand its lines once more: they give it its height, its line numbers, and
// the marks of lines that something is found on.
(() => {
  "use strict";

  const form = document.getElementById("notify-text");
  const INDENT = "  ";
  let last = form.querySelector("textarea"); // where a value that is clicked is written
  let findings = [];

  function draw(area) {
    const part = area.closest("[data-part]").dataset.part;
    const marks = new Map();
    for (const each of findings) {
      if (each.part === part && each.line && !marks.has(each.line)) marks.set(each.line, each.level);
    }
    const lines = area.value.split("\n").map((text, index) => {
      const line = document.createElement("div");
      line.textContent = text || "\u200b"; // an empty line has a height too
      if (marks.has(index + 1)) line.dataset.level = marks.get(index + 1);
      return line;
    });
    area.previousElementSibling.replaceChildren(...lines);
  }

  function write(area, text) {
    area.focus();
    // It can be undone, which an assignment cannot.
    if (!document.execCommand("insertText", false, text)) {
      area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function jump(part, line, column) {
    const area = form.querySelector(`[data-part="${CSS.escape(part)}"] textarea`);
    if (!area) return;
    const lines = area.value.split("\n");
    const at = Math.min(Math.max(line || 1, 1), lines.length) - 1;
    const start = lines.slice(0, at).reduce((sum, each) => sum + each.length + 1, 0);
    area.focus({ preventScroll: true });
    const caret = start + Math.min((column || 1) - 1, lines[at].length);
    area.setSelectionRange(caret, line ? start + lines[at].length : caret);
    area.previousElementSibling.children[at].scrollIntoView({ block: "center" });
  }

  for (const area of form.querySelectorAll(".notify-code textarea")) {
    let leaving = false;
    area.addEventListener("focus", () => { last = area; leaving = false; });
    area.addEventListener("input", () => draw(area));
    area.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        leaving = true;
      } else if (event.key === "Tab" && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey) {
        if (leaving || area.readOnly || "line" in area.dataset) return;
        event.preventDefault();
        write(area, INDENT);
      } else if (event.key !== "Shift") {
        leaving = false;
      }
    });
    draw(area);
  }

  for (const button of document.querySelectorAll("[data-insert]")) {
    button.addEventListener("click", () => write(last, button.dataset.insert));
  }

  form.addEventListener("notify:findings", (event) => {
    findings = event.detail;
    for (const area of form.querySelectorAll(".notify-code textarea")) {
      const part = area.closest("[data-part]");
      const errors = findings.filter((each) => each.part === part.dataset.part && each.level === "error");
      area.setAttribute("aria-invalid", String(errors.length > 0));
      part.querySelector(".notify-complaint").textContent = errors.length ? errors[0].message : "";
      draw(area);
    }
  });
  form.addEventListener("notify:jump", ({ detail }) => jump(detail.part, detail.line, detail.column));
})();
