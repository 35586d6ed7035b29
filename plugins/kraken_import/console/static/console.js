// Keeps the parts of a page that are marked `data-live` up to date, and sends each form once.

const SECONDS = 4;
const SPREAD = 0.4;
const LONGEST = 60;
const page = document.documentElement;

// As Airflow shows itself; without its choice, as the system does.
try {
  const theme = parent.localStorage.getItem("theme") ?? localStorage.getItem("theme");
  if (theme === "dark" || theme === "light") page.dataset.theme = theme;
} catch {
  // Another site has no say in it.
}

let pause = SECONDS;
let waiting = null;
// When what stands here was read, as the server said, and its mark once all of it stands here.
let read = page.dataset.read ?? "";
let mark = "";

function show(id, isShown) {
  const line = document.getElementById(id);
  if (line) line.hidden = !isShown;
}

function replace(fresh) {
  let isAll = true;
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(part.id);
    // What a person is in the middle of stays as it is.
    if (!other || part.contains(document.activeElement) || part.matches(":has(details[open])")) isAll = false;
    else if (part.innerHTML !== other.innerHTML) part.innerHTML = other.innerHTML;
  }
  return isAll;
}

async function look() {
  if (document.hidden) return;
  try {
    const headers = { "X-Console": "live", "X-Console-Shown": read };
    if (mark) headers["If-None-Match"] = mark;
    const answer = await fetch(location.href, { headers, cache: "no-store" });
    if (answer.redirected || answer.status === 401) {
      show("signed-out", true);
      show("connection", false);
      return;
    }
    show("signed-out", false);
    // 304: what stands here is still so.
    if (answer.status !== 304) {
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      show("outdated", fresh.documentElement.dataset.version !== page.dataset.version);
      mark = replace(fresh) ? (answer.headers.get("ETag") ?? "") : "";
    }
    read = answer.headers.get("X-Console-Read") ?? read;
    show("connection", false);
    // A page that others look at as well may have been read a while ago. Not all ask again at once.
    const next = Number.parseFloat(answer.headers.get("X-Console-Next") ?? "");
    pause = (Number.isNaN(next) ? SECONDS : Math.min(next, LONGEST)) + SPREAD * Math.random();
  } catch {
    show("connection", true);
    pause = Math.min(2 * pause, LONGEST);
  }
}

function again() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    await look();
    again();
  }, pause * 1000);
}

if (document.querySelector("[data-live]")) {
  again();
  document.addEventListener("visibilitychange", async () => {
    if (document.hidden) return;
    pause = SECONDS;
    await look();
    again();
  });
}

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) button.disabled = true;
  });
}

// Airflow shows the console in a frame that may open no page around itself: its own page follows the link.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-airflow]");
  if (!link || parent === window || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  try {
    const own = parent.document.createElement("a");
    own.href = link.href;
    parent.document.body.append(own);
    event.preventDefault();
    own.click();
    own.remove();
  } catch {
    // A frame of another site follows its links by itself.
  }
});
