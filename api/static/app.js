// The newest runs as a table, looked at again every two seconds while the page is seen.
"use strict";

const LOOK_EVERY_MS = 2000;
const table = document.querySelector("table");
const words = document.getElementById("words");

const measured = (value) => (typeof value === "number" ? value.toPrecision(5) : value ?? "");
const stated = (value) => (value === null ? "-" : typeof value === "string" ? value : JSON.stringify(value));
const changed = (run) => run.change.map(({ path, from, to }) => `${path}: ${stated(from)} → ${stated(to)}`).join("; ");
const seal = (run) => (run.reproduced ? `${run.reproduced.outcome.replaceAll("_", " ")} (${run.reproduced.reruns})` : "");
const step = ({ progress }) => (progress.step === null ? "" : `${progress.step + 1}${progress.total ? ` of ${progress.total}` : ""}`);

// Cell contents are set as text, never as markup: names come from anybody.
function row(run) {
  const cells = [run.name, run.project, run.state, step(run), measured(run.metrics["val/loss"]?.last), changed(run), seal(run)];
  const line = document.createElement("tr");
  cells.forEach((text, place) => {
    const cell = line.insertCell();
    cell.textContent = text;
    if (place === 2) cell.className = `state ${run.state}`;
    if (place === 4) cell.className = "number";
    if (place === 0) cell.title = run.reason ?? run.waiting_for ?? run.id;
  });
  return line;
}

async function look() {
  try {
    const answer = await fetch("/api/v1/runs?limit=50", { headers: { Accept: "application/json" } });
    if (answer.status === 401) return location.assign("/login");
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const { items } = await answer.json();
    table.tBodies[0].replaceChildren(...items.map(row));
    table.hidden = items.length === 0;
    words.textContent = items.length ? `The newest ${items.length} runs` : "No runs yet. Submit one: runtwice submit FILE";
  } catch (error) {
    words.textContent = `Not connected, retrying: ${error.message}`;
  }
  setTimeout(seen, LOOK_EVERY_MS);
}

const seen = () => (document.hidden ? document.addEventListener("visibilitychange", look, { once: true }) : look());
look();
