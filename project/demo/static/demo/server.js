/** Asks the server. What it answers with an error becomes an `Error` with the server's text and `status`. */

export async function get(url) {
  return read(await fetch(url, { headers: { Accept: "application/json" } }));
}

export async function post(url, values = {}) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": cookie("csrftoken") };
  return read(await fetch(url, { method: "POST", headers, body: JSON.stringify(values) }));
}

async function read(response) {
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const text = answer.error ?? answer.detail ?? interpolate(gettext("The server answered %s."), [response.status]);
    throw Object.assign(new Error(text), { status: response.status });
  }
  return answer;
}

// Read each time: signing in gives another one.
function cookie(name) {
  return document.cookie.match(`(?:^|; )${name}=([^;]*)`)?.[1] ?? "";
}
