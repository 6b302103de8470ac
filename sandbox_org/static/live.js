"use strict";
/* Keeps counts and the list of records fresh: asks once a second, marks what is new. */

const card = document.querySelector("[data-live]");
const lost = document.getElementById("live");
const EVERY_MS = 1000;
const RETRY_MS = 3000;

function cell(listing, row, text, index) {
  const td = document.createElement("td");
  td.dataset.label = listing.columns[index];
  if (index === 0) {
    const link = document.createElement("a");
    link.href = `/records/${listing.name}/${row.id}`;
    link.textContent = text || row.id;
    td.append(link);
  } else if (text) {
    td.textContent = text;
  } else {
    const none = document.createElement("span");
    none.className = "none";
    none.textContent = "empty";
    td.append(none);
  }
  return td;
}

function line(listing, row) {
  const tr = document.createElement("tr");
  tr.dataset.seq = row.seq;
  tr.append(...row.cells.map((text, index) => cell(listing, row, text, index)));
  return tr;
}

function show(listing) {
  for (const object of listing.objects) {
    for (const place of document.querySelectorAll(`[data-count="${object.name}"]`)) {
      place.textContent = object.count;
    }
  }
  if (!card) return;
  const body = card.querySelector("[data-rows]");
  const shown = new Map([...body.children].map((tr) => [tr.dataset.seq, tr]));
  const newest = Number(card.dataset.newest);
  const focused = document.activeElement?.closest?.("tr")?.dataset.seq;
  const rows = listing.rows.map((row) => {
    const fresh = line(listing, row);
    const old = shown.get(String(row.seq));
    if (old && old.textContent === fresh.textContent) return old;
    if (row.seq > newest || old) fresh.classList.add("fresh");
    return fresh;
  });
  if (rows.length !== body.children.length || rows.some((row, index) => row !== body.children[index])) {
    body.replaceChildren(...rows);
    if (focused) body.querySelector(`tr[data-seq="${focused}"] a`)?.focus();
  }
  card.dataset.newest = Math.max(newest, ...listing.rows.map((row) => row.seq));
  card.querySelector("[data-table]").hidden = rows.length === 0;
  card.querySelector("[data-empty]").hidden = rows.length > 0;
}

async function refresh() {
  let wait = EVERY_MS;
  try {
    if (!document.hidden) {
      const name = card ? card.dataset.live : "Lead";
      const answer = await fetch(`/__org/listing/${name}?limit=${card ? card.dataset.limit : 1}`);
      if (!answer.ok) throw new Error(answer.statusText);
      show(await answer.json());
      lost.hidden = true;
    }
  } catch {
    lost.hidden = false;
    wait = RETRY_MS;
  }
  setTimeout(refresh, wait);
}

setTimeout(refresh, EVERY_MS);
