/** Light, dark, or what the system says: `<button data-theme-choice="dark">`. The choice stays in this browser. */
export type Theme = "light" | "dark" | "auto";

const KEY = "isthmus-theme";

export function savedTheme(): Theme {
  try {
    const saved = localStorage.getItem(KEY);
    return saved === "light" || saved === "dark" ? saved : "auto";
  } catch {
    return "auto"; // storage may be switched off
  }
}

function systemIsDark(): boolean {
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
}

export function applyTheme(theme: Theme): void {
  const dark = theme === "dark" || (theme === "auto" && systemIsDark());
  document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
}

function markChoice(theme: Theme): void {
  for (const button of document.querySelectorAll<HTMLElement>("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
  }
}

export function startTheme(): void {
  markChoice(savedTheme());
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-theme-choice]");
    if (!button) return;
    const theme = button.dataset.themeChoice as Theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // The choice then lasts for this page.
    }
    applyTheme(theme);
    markChoice(theme);
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => applyTheme(savedTheme()));
}
