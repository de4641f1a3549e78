// Keeps what is shown true: follows the stream of changes and asks for the parts they touch.

import { follow } from "../design/follow.js";
import { toast } from "../design/toasts.js";
import { once, refresh, toFoot } from "./regions.js";

const word = document.body.dataset;
const aloud = document.getElementById("aloud");
// What was said must not wait for the list: two queues, each with one request at a time.
const waiting = { thread: new Set(), others: new Set() };
let away = false;
let navAt = Date.now();

/** The conversation that is shown, or undefined. */
export const shown = () => document.getElementById("main")?.dataset.conversation;

/** Asks for these parts soon; several wishes become one request. */
export function need(...regions) {
  for (const region of regions) if (document.getElementById(region)) queue(region).add(region);
  for (const name of Object.keys(waiting)) if (waiting[name].size) once(name, () => fetchAll(waiting[name]));
}

const queue = (region) => waiting[region] ?? waiting.others;

async function fetchAll(wanted) {
  const now = [...wanted];
  wanted.clear();
  if (!now.length) return;
  try {
    await refresh(now, () => address(now));
  } catch {
    for (const region of now) wanted.add(region); // the stream tells when the server is back
  }
}

// This page, with as many rows and lines as are shown.
function address(regions) {
  const url = new URL(location.href);
  const rows = document.querySelectorAll("#conversations > li").length;
  const lines = document.querySelectorAll("#entries > li:not(.day)").length;
  if (regions.includes("list") && rows > 40 && !url.searchParams.has("before")) url.searchParams.set("rows", rows);
  if (regions.includes("thread") && lines >= 50 && !url.searchParams.has("earlier")) url.searchParams.set("lines", lines + 5);
  return url;
}

function changed(event) {
  for (const change of event.changes ?? [event]) one(change);
}

function one(change) {
  dispatchEvent(new CustomEvent("switchboard-change", { detail: change }));
  const here = shown();
  if (change.what === "lagged") return need("nav", "list", "head", "thread", "side", "page");
  const customer = document.getElementById("main")?.dataset.customer;
  if (change.what === "interaction") {
    if ((here && change.conversation === here) || (customer && change.customer === customer)) {
      need("thread");
      if (change.way === "in") {
        say(word.wordNew.replace("{name}", change.name || word.wordSomebody));
        readSoon();
      }
    }
    if (change.trouble) {
      need("nav", "page");
      if (change.conversation === here) say(word.wordTrouble);
    } else if (document.getElementById("page")?.dataset.live) need("page", "nav");
  } else if (change.what === "conversation") {
    need("list");
    if (change.id === here) need("head");
    else if (change.unread && change.by === "customer") say(word.wordNew.replace("{name}", change.name || word.wordSomebody));
    if (Date.now() - navAt > 20000) {
      navAt = Date.now();
      need("nav");
    }
  } else if (change.what === "lead") {
    if (change.conversation === here) need("side", "head");
  } else if (change.what === "order" || change.what === "customer") need("side", "list", "head");
}

function say(text) {
  aloud.textContent = "";
  setTimeout(() => (aloud.textContent = text), 50);
}

/** What is looked at counts as read. */
export function readSoon() {
  const id = shown();
  if (!id || document.visibilityState !== "visible") return;
  once(`read ${id}`, () => fetch(`/inbox/c/${id}/read`, { method: "POST", headers: { "X-CSRF": csrf() } }).catch(() => {}), 500);
}

/** The token every post carries. */
export const csrf = () => document.querySelector('meta[name="csrf"]').content;

function state(now) {
  if (now === "away") {
    if (away) return;
    away = true;
    // A reload or a short break is nothing to talk about.
    setTimeout(() => away && toast(word.wordAway, { bad: true }), 3000);
  } else {
    away = false;
    const shownToast = document.querySelector("#toasts > .bad");
    if (shownToast?.textContent === word.wordAway) toast(word.wordBack);
  }
}

export const stream = follow(document.body.dataset.follow, { changed, state });
addEventListener("pagehide", () => stream.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && document.querySelector('.conversation.unread[aria-current="true"]')) readSoon();
});
toFoot();
