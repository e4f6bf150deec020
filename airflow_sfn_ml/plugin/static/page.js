// The page: ask the server what there is to see, again and again while it changes, and say it.
// It loads nothing from elsewhere and keeps nothing.

import { Picture } from "./picture.js";

const QUICK = 2000; // milliseconds between two looks right after something happened
const SLOW = 5000; // while it runs and nothing happens
const IDLE = 30000; // after its end: it may be redriven or started anew

const $ = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const chosen = { group: "", generation: "", redrive: "", state: "" };
const picture = new Picture($("viewport"), (name) => select(name, true));
let shown = null; // the last answer that had a picture
let timer = 0;
let pause = QUICK;
let round = 0; // answers of an earlier round come too late

// Ask

async function look(fresh = false) {
  clearTimeout(timer);
  const mine = ++round;
  const query = new URLSearchParams({ dag_id: asked.get("dag_id") ?? "", run_id: asked.get("run_id") ?? "" });
  const task = asked.get("task_id");
  if (task && task !== "{TASK_ID}") query.set("task_id", task);
  if (/^-?\d+$/.test(asked.get("map_index") ?? "")) query.set("map_index", asked.get("map_index"));
  for (const [name, value] of Object.entries(chosen)) if (value !== "") query.set(name, value);
  if (shown && !fresh) {
    query.set("seen", shown.seen);
    query.set("seen_arn", shown.seen_arn);
  }
  let answer;
  try {
    const response = await fetch(`snapshot?${query}`, { headers: { Accept: "application/json" } });
    if (mine !== round) return;
    answer = response.ok ? await response.json() : refusal(response.status);
  } catch {
    answer = { offline: true };
  }
  if (mine !== round) return;
  show(answer, fresh);
}

function refusal(status) {
  const words = {
    401: ["You are not logged in", "Log in to Airflow, then reload this page."],
    403: ["You may not see this Dag run", "Ask whoever runs this Airflow for the permission to read the Dag."],
    404: ["The tab is not there", "The api-server runs without this plugin. Reload the page."],
  }[status] ?? ["This did not work", `The api-server answered ${status}; its log has the reason.`];
  return { message: { kind: "refused", title: words[0], text: words[1], passing: status >= 500 } };
}

function next(delay) {
  clearTimeout(timer);
  timer = setTimeout(() => (document.hidden ? next(delay) : look()), delay);
}

document.addEventListener("visibilitychange", () => document.hidden || look());

// Show

function show(answer, fresh) {
  if (answer.offline) {
    trouble("The api-server does not answer. Trying again.");
    next(SLOW);
    return;
  }
  if (answer.groups) showChoices(answer);
  if (answer.message) {
    showMessage(answer.message, fresh);
    return;
  }
  trouble("");
  if (answer.unchanged) {
    Object.assign(shown, { task_states: answer.task_states });
    pause = shown.open ? Math.min(pause * 1.3, SLOW) : IDLE;
  } else {
    const anew = !shown || shown.seen_arn !== answer.seen_arn;
    if (!anew) announce(shown, answer);
    shown = answer;
    pause = answer.open ? QUICK : IDLE;
    showExecution(answer, anew);
  }
  $("updated").textContent = shown.execution.status === "RUNNING" ? `Updated ${clock(new Date())}` : "";
  next(pause);
}

function showMessage(message, fresh) {
  if (shown && message.passing && !fresh) {
    trouble(`${message.title}. ${message.text}`); // the last picture is better than none
  } else {
    shown = null;
    trouble("");
    $("stage").hidden = $("side").hidden = true;
    $("status").hidden = $("times").hidden = $("console").hidden = $("show-list").hidden = true;
    const note = $("note");
    note.dataset.kind = message.kind;
    const parts = [el("h2", {}, message.title), el("p", {}, message.text)];
    if (message.task_id) parts.push(el("p", {}, taskLink(message.task_id, mapIndex(), `Open task ${message.task_id}`)));
    note.replaceChildren(...parts);
    note.hidden = false;
  }
  if (message.passing) next(SLOW);
}

function showExecution(answer, anew) {
  const run = answer.execution;
  $("note").hidden = true;
  $("head").hidden = $("stage").hidden = $("status").hidden = $("times").hidden = $("show-list").hidden = false;
  $("side").hidden = $("show-list").getAttribute("aria-expanded") === "false";
  $("status").textContent = run.word;
  $("status").dataset.status = { RUNNING: "running", SUCCEEDED: "succeeded", TIMED_OUT: "timed_out", ABORTED: "aborted" }[
    run.status
  ] ?? "failed";
  const ended = run.stopped ? ` · took ${run.duration}` : "";
  $("times").textContent = run.started ? `started ${moment(run.started)}${ended}` : "";
  $("times").title = run.name;
  $("console").hidden = !run.url;
  if (run.url) $("console").href = run.url;
  if (anew && answer.focus && !chosen.state) {
    chosen.state = answer.focus;
    picture.selected = answer.focus;
  }
  picture.show(answer.svg, anew);
  showList(answer);
  showDetail(answer);
}

function showChoices(answer) {
  $("head").hidden = false;
  const current = answer.groups.find((group) => group.key === answer.key);
  $("title").textContent = current?.label ?? "State machine";
  options("group", answer.groups.map((group) => [group.key, group.label]), answer.key);
  options("generation", answer.generations.map((n) => [n, n ? `${n + 1} (started anew)` : "1"]), answer.generation);
  if (answer.redrives) {
    const last = answer.redrives.length - 1;
    const word = (n) => (n === last ? `${n ? `after redrive ${n}` : "none"} (now)` : n ? `after redrive ${n}` : "before redrive 1");
    options("redrive", answer.redrives.map((n) => [n, word(n)]), answer.redrive);
  } else if (answer.message) options("redrive", [], "");
}

function options(id, pairs, value) {
  $(`${id}-label`).hidden = pairs.length < 2;
  const select = $(id);
  const wanted = JSON.stringify(pairs);
  if (select.dataset.pairs !== wanted) {
    select.dataset.pairs = wanted;
    select.replaceChildren(...pairs.map(([key, label]) => el("option", { value: key }, label)));
  }
  select.value = value;
}

function showList(answer) {
  const wanted = $("filter").value.trim().toLowerCase();
  const kept = answer.states.filter((state) =>
    `${state.name} ${state.type} ${state.detail} ${state.status} ${state.note}`.toLowerCase().includes(wanted),
  );
  $("count").textContent = wanted ? `${kept.length} of ${answer.states.length}` : `${answer.states.length} states`;
  const key = JSON.stringify([kept, chosen.state]);
  const list = $("list");
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  const focused = document.activeElement?.dataset?.name;
  const top = list.scrollTop;
  list.replaceChildren(...kept.map(item));
  list.scrollTop = top;
  if (focused) list.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function item(state) {
  const button = el(
    "button",
    { type: "button", "data-name": state.name, "data-depth": Math.min(state.depth, 4), "aria-pressed": state.name === chosen.state },
    el("span", { class: "dot", "data-status": state.status, "aria-hidden": "true" }),
    el("span", { class: "name" }, state.name),
    el("span", { class: "note" }, state.note),
  );
  button.addEventListener("click", () => select(state.name, true));
  return el("li", {}, button);
}

function showDetail(answer) {
  const detail = answer.selected;
  const open = Boolean(detail) && detail.name === chosen.state;
  $("detail").hidden = !open;
  $("list-pane").hidden = open;
  $("side").setAttribute("aria-label", open ? "Selected state" : "States");
  if (!open) return;
  const key = JSON.stringify([detail, answer.task_states[detail.task?.task_id]]);
  const pane = $("detail");
  if (pane.dataset.key === key) return;
  pane.dataset.key = key;
  const opened = new Set([...pane.querySelectorAll("details[open]")].map((each) => each.dataset.part));
  const top = pane.scrollTop;
  const focused = pane.contains(document.activeElement) ? document.activeElement.id : null;
  pane.replaceChildren(...describe(detail, answer, opened));
  pane.scrollTop = top;
  if (focused) $(focused)?.focus({ preventScroll: true });
}

function describe(state, answer, opened) {
  const back = el("button", { type: "button", id: "back", class: "back" }, "← All states");
  back.addEventListener("click", () => select("", true));
  const line = answer.states.find((each) => each.name === state.name);
  const facts = [
    ["Type", line?.detail.startsWith(state.type) ? line.detail : [state.type, line?.detail].filter(Boolean).join(" · ")],
    ["Inside", state.parent && stateLink(state.parent)],
    ["Airflow task", state.task && taskWords(state.task, answer)],
    ["Entered", state.entered && moment(state.entered)],
    ["Left", state.exited && moment(state.exited)],
    ["Took", state.duration],
    ["Visits", state.visits > 1 ? `${state.visits}, the picture shows one of them` : null],
    ["Iterations", state.iterations.map((each) => `${each.count} ${each.word}`).join(", ") || null],
    ["Job", state.job && outer(state.job_url, state.job)],
    ["Log", state.log && outer(state.log_url, state.log)],
    ["Map run", state.map_run],
  ].filter(([, value]) => value);
  const list = el("dl", {}, ...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  const parts = [
    back,
    el("h2", {}, state.name, " ", el("span", { class: "chip", "data-status": state.status }, state.word)),
    list,
  ];
  if (state.error || state.reason || state.exit_message) {
    const why = [state.error && el("strong", {}, state.error)];
    for (const text of new Set([state.reason, state.exit_message])) if (text) why.push(el("p", {}, text));
    parts.push(el("div", { class: "why", "data-status": state.status }, ...why.filter(Boolean)));
  }
  if (state.attempts.length > 1 || state.attempts.some((each) => each.error)) parts.push(attempts(state.attempts));
  const last = state.attempts.at(-1);
  parts.push(fold("log", "End of the log", state.log_lines?.join("\n"), opened.has("log") || !opened.size));
  const open = state.error && !state.reason && !state.log_lines?.length;
  parts.push(fold("cause", "Cause", state.cause, opened.has("cause") || (open && !opened.size)));
  parts.push(fold("input", "Input", state.input, opened.has("input")));
  parts.push(fold("output", "Output", state.output, opened.has("output")));
  parts.push(fold("request", "Request", last?.request, opened.has("request")));
  if (state.status === "not_entered") parts.push(el("p", { class: "quiet" }, "The execution has not entered this state."));
  return parts.filter(Boolean);
}

function attempts(all) {
  const rows = all.map((each) =>
    el(
      "tr",
      {},
      el("td", {}, `${each.number}${each.redrive ? ` (redrive ${each.redrive})` : ""}`),
      el("td", { class: "word", "data-status": each.status }, each.word),
      el("td", {}, each.duration ?? (each.started ? `since ${clock(new Date(each.started))}` : "")),
      el("td", {}, [each.error, each.job].filter(Boolean).join(" · ")),
    ),
  );
  const heads = ["No.", "Status", "Took", "Error, job"].map((word) => el("th", { scope: "col" }, word));
  return el("table", {}, el("caption", {}, "Attempts"), el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows));
}

function fold(part, title, text, open) {
  if (!text) return null;
  const box = el("details", { "data-part": part, ...(open && { open: "" }) });
  box.append(el("summary", {}, title), el("pre", { tabindex: "0", "aria-label": title }, text));
  return box;
}

// Select

async function select(name, move) {
  const before = chosen.state;
  chosen.state = name;
  picture.mark(name);
  if (name && move) {
    showSide(true);
    const state = picture.state(name);
    if (state) picture.reveal(state);
  }
  if (!name) {
    if (shown) {
      shown.selected = null;
      showDetail(shown);
      showList(shown);
      $("list").querySelector(`[data-name="${CSS.escape(before)}"]`)?.focus();
    }
    return;
  }
  await look(true);
  if (move && !$("detail").hidden) $("detail").focus();
}

function showSide(open) {
  $("show-list").setAttribute("aria-expanded", open);
  $("show-list").textContent = open ? "Hide states" : "Show states";
  $("side").hidden = !open;
}

$("filter").addEventListener("input", () => shown && showList(shown));
$("show-list").addEventListener("click", () => {
  const open = $("show-list").getAttribute("aria-expanded") !== "true";
  showSide(open);
});
for (const id of ["group", "generation", "redrive"]) {
  $(id).addEventListener("change", () => {
    chosen[id] = $(id).value;
    if (id === "group") Object.assign(chosen, { generation: "", redrive: "", state: "" });
    if (id === "generation") chosen.redrive = "";
    if (id === "redrive" && $(id).selectedIndex === $(id).options.length - 1) chosen.redrive = "";
    look(true);
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !chosen.state) return;
  const state = picture.state(chosen.state);
  select("", false);
  state?.focus();
});
$("zoom-in").addEventListener("click", () => picture.zoom(1.25));
$("zoom-out").addEventListener("click", () => picture.zoom(0.8));
$("zoom-fit").addEventListener("click", () => picture.fit());

// Say

function announce(before, now) {
  const old = new Map(before.states.map((state) => [state.name, state.status]));
  const changes = now.states.filter((state) => old.get(state.name) !== state.status);
  const words = changes.slice(0, 6).map((state) => `${state.name} ${state.status.replace("_", " ")}`);
  if (changes.length > 6) words.push(`${changes.length - 6} more changed`);
  if (before.execution.status !== now.execution.status) words.push(`Execution ${now.execution.word}`);
  if (words.length) $("live").textContent = `${words.join(". ")}.`;
}

function trouble(text) {
  if ($("trouble").textContent !== text) $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

// Build

function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function outer(address, text) {
  return address ? el("a", { href: address, target: "_blank", rel: "noopener" }, text) : text;
}

function stateLink(name) {
  const button = el("button", { type: "button", class: "link" }, name);
  button.addEventListener("click", () => select(name, true));
  return button;
}

function taskWords(task, answer) {
  const state = answer.task_states[task.task_id] ?? task.state;
  return el("span", {}, taskLink(task.task_id, task.map_index, task.task_id), state ? ` (${state.replaceAll("_", " ")})` : "");
}

function taskLink(task, index, text) {
  const parts = ["dags", asked.get("dag_id"), "runs", asked.get("run_id"), "tasks", task];
  if (index >= 0) parts.push("mapped", index);
  return el("a", { href: `../${parts.map(encodeURIComponent).join("/")}`, "data-inside": "" }, text);
}

function mapIndex() {
  const found = /\/(-?\d+)$/.exec($("group").value);
  return found ? Number(found[1]) : -1;
}

// Airflow shows this page in a frame that may open nothing. So the page around it, which is Airflow's own, does.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || window.parent === window || event.defaultPrevented) return;
  let outside;
  try {
    outside = window.parent.document;
  } catch {
    return;
  }
  event.preventDefault();
  const copy = outside.createElement("a");
  copy.href = link.href;
  if (!("inside" in link.dataset) || event.ctrlKey || event.metaKey) Object.assign(copy, { target: "_blank", rel: "noopener" });
  outside.body.append(copy);
  copy.click();
  copy.remove();
});

// Times, in the time zone that the reader has chosen in Airflow

function zone() {
  try {
    const name = localStorage.getItem("timezone")?.replaceAll('"', "");
    if (name) new Intl.DateTimeFormat("en", { timeZone: name });
    return name || undefined;
  } catch {
    return undefined;
  }
}

function moment(text) {
  const form = { dateStyle: "medium", timeStyle: "medium", timeZone: zone() };
  const name = new Intl.DateTimeFormat("en", { timeZone: zone(), timeZoneName: "short" })
    .formatToParts(new Date(text))
    .find((part) => part.type === "timeZoneName").value;
  return `${new Intl.DateTimeFormat("en-GB", form).format(new Date(text))} ${name}`;
}

function clock(when) {
  return new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: zone() }).format(when);
}

// Light or dark, as the page around it; alone, as the reader's system

function followTheme() {
  let around;
  try {
    around = window.parent === window ? null : window.parent.document.documentElement;
  } catch {
    around = null;
  }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const set = () => {
    const dark = around?.classList.contains("dark") || (!around?.classList.contains("light") && system.matches);
    document.documentElement.classList.toggle("dark", dark);
    document.documentElement.classList.toggle("light", !dark);
  };
  set();
  system.addEventListener("change", set);
  if (around) new MutationObserver(set).observe(around, { attributes: true, attributeFilter: ["class"] });
}

followTheme();
look(true);
