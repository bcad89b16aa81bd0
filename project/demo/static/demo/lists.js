/** Lists that follow data: only what changed is made anew, so that focus and open forms stay. */

const made = new WeakMap(); // list → Map of id → { text, element }

/** Let `list` show `items`, in order; each has an `id`. `make(item)` gives its element. */
export function follow(list, items, make) {
  const before = made.get(list) ?? new Map();
  const now = new Map();
  items.forEach((item, index) => {
    const text = JSON.stringify(item);
    const known = before.get(item.id);
    const element = known?.text === text ? known.element : make(item, !known);
    if (known && known.element !== element) known.element.remove();
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
    now.set(item.id, { text, element });
  });
  for (const [id, { element }] of before) if (!now.has(id)) element.remove();
  made.set(list, now);
  const empty = document.getElementById(`no-${list.id}`);
  if (empty) empty.hidden = items.length > 0;
}

/** A copy of a template's element, with the item's values where `data-text` names them. */
export function fill(name, item) {
  const element = document.getElementById(`${name}-template`).content.firstElementChild.cloneNode(true);
  for (const each of element.querySelectorAll("[data-text]")) {
    each.textContent = item[each.dataset.text] ?? "";
    if (!each.textContent && each.dataset.text === "why") each.remove();
  }
  return element;
}
