// Shows runs as they go on, and what came of them. Without it the pages work as well, by reloading them.
"use strict";

const WAIT_BETWEEN_ANNOUNCEMENTS = 10_000;
const watched = new Set();

function plural(number, word) {
  return `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
}

function sum(streams, field) {
  return streams.reduce((total, stream) => total + stream[field], 0);
}

function show(live, run) {
  const isDone = (stream) => stream.status !== "waiting" && stream.status !== "running";
  const done = run.streams.filter(isDone).length;
  const current = run.streams.filter((stream) => stream.status === "running").map((stream) => stream.stream);
  const part = (name) => live.querySelector(`[data-live="${name}"]`);
  if (!part("text")) {
    return; // Of a run of another process only its end is known.
  }
  const text = `${done} of ${plural(run.streams.length, "stream")}, `
    + `${plural(sum(run.streams, "received"), "record")}, ${plural(run.requests, "request")}`;
  part("text").textContent = text;
  part("current").textContent = current.length > 0 ? `now ${current.slice(0, 3).join(", ")}` : "";
  const progress = live.querySelector("progress");
  progress.max = Math.max(run.streams.length, 1);
  progress.value = done;
  const now = Date.now();
  if (now - Number(live.dataset.saidAt ?? 0) > WAIT_BETWEEN_ANNOUNCEMENTS) {
    live.dataset.saidAt = now;
    part("said").textContent = text;
  }
}

// Takes the parts that a run changes from a new copy of the page; what has the focus keeps it.
async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) {
    location.reload();
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement?.id;
  for (const part of document.querySelectorAll("[data-refresh]")) {
    const fresh = page.getElementById(part.id);
    if (fresh) {
      part.replaceWith(fresh);
    }
  }
  document.title = page.title;
  const summary = page.querySelector(".summary");
  if (summary) {
    document.querySelector(".summary")?.replaceWith(summary);
  }
  if (focused) {
    document.getElementById(focused)?.focus();
  }
  follow();
  localTimes();
}

function announce(text) {
  document.getElementById("said").textContent = text;
}

function watch(live) {
  const id = live.dataset.run;
  if (watched.has(id)) {
    return;
  }
  watched.add(id);
  const events = new EventSource(`/sync/${id}/events`);
  let isOver = false;
  const end = (text) => {
    if (!isOver) {
      isOver = true;
      events.close();
      announce(text);
      refresh();
    }
  };
  const take = (event) => {
    const run = JSON.parse(event.data);
    if (run.status === "running") {
      const shown = document.querySelector(`[data-run="${CSS.escape(id)}"]`);
      if (shown) {
        show(shown, run);
      }
    } else {
      end(`The run of ${run.connection} ended: ${run.status}.`);
    }
  };
  for (const name of ["run", "end"]) {
    events.addEventListener(name, take);
  }
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) {
      end("The run is not followed any more.");
    }
  };
}

function follow() {
  for (const live of document.querySelectorAll("[data-run]")) {
    watch(live);
  }
}

function localTimes() {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  for (const time of document.querySelectorAll("time[title]:not([data-local])")) {
    time.dataset.local = "";
    time.title = `${time.title}, here ${format.format(new Date(time.dateTime))}`;
  }
}

follow();
localTimes();
