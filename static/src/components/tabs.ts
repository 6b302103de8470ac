/**
 * Tabs over panels, by mouse and by arrow keys:
 *
 *     <div data-tabs>
 *       <div role="tablist" aria-label="Language"><button role="tab" aria-controls="t-py">Python</button>…</div>
 *       <div role="tabpanel" id="t-py">…</div>…
 *     </div>
 *
 * The first tab, or the one with aria-selected="true", is open. `data-tabs="language"` remembers the choice by that
 * name for every such group of this browser.
 */
export function startTabs(root: ParentNode = document): void {
  for (const group of root.querySelectorAll<HTMLElement>("[data-tabs]:not([data-tabs-ready])")) prepare(group);
}

function prepare(group: HTMLElement): void {
  group.dataset.tabsReady = "";
  const tabs = [...group.querySelectorAll<HTMLElement>('[role="tab"]')];
  const remembered = recall(group);
  const first = tabs.find((tab) => remembered && tab.textContent?.trim() === remembered)
    ?? tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabs[0];
  if (!first) return;
  for (const tab of tabs) {
    const panel = panelOf(tab);
    if (!tab.id) tab.id = `${tab.getAttribute("aria-controls")}-tab`;
    panel?.setAttribute("aria-labelledby", tab.id);
    if (panel) panel.tabIndex = 0;
    tab.addEventListener("click", () => {
      select(tabs, tab);
      remember(group, tab);
    });
    tab.addEventListener("keydown", (event) => {
      const next = nextTab(tabs, tab, event.key);
      if (!next) return;
      event.preventDefault();
      select(tabs, next);
      remember(group, next);
      next.focus();
    });
  }
  select(tabs, first);
}

function panelOf(tab: HTMLElement): HTMLElement | null {
  return document.getElementById(tab.getAttribute("aria-controls") ?? "");
}

function select(tabs: HTMLElement[], chosen: HTMLElement): void {
  for (const tab of tabs) {
    const isChosen = tab === chosen;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.classList.toggle("active", isChosen);
    tab.tabIndex = isChosen ? 0 : -1;
    const panel = panelOf(tab);
    if (panel) panel.hidden = !isChosen;
  }
}

function nextTab(tabs: HTMLElement[], current: HTMLElement, key: string): HTMLElement | undefined {
  const at = tabs.indexOf(current);
  switch (key) {
    case "ArrowRight":
      return tabs[(at + 1) % tabs.length];
    case "ArrowLeft":
      return tabs[(at - 1 + tabs.length) % tabs.length];
    case "Home":
      return tabs[0];
    case "End":
      return tabs.at(-1);
    default:
      return undefined;
  }
}

function storageKey(group: HTMLElement): string {
  return group.dataset.tabs ? `isthmus-tab-${group.dataset.tabs}` : "";
}

function recall(group: HTMLElement): string | null {
  try {
    return storageKey(group) ? localStorage.getItem(storageKey(group)) : null;
  } catch {
    return null;
  }
}

function remember(group: HTMLElement, tab: HTMLElement): void {
  try {
    if (storageKey(group)) localStorage.setItem(storageKey(group), tab.textContent?.trim() ?? "");
  } catch {
    // Nothing is remembered then.
  }
}
