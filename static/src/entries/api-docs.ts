// The API reference: Swagger UI's own dark look follows our theme. Loaded without `defer`, after theme.js.
import { startTheme } from "../components/theme";

const root = document.documentElement;

function follow(): void {
  root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
}

follow();
new MutationObserver(follow).observe(root, { attributes: true, attributeFilter: ["data-bs-theme"] });
document.addEventListener("DOMContentLoaded", startTheme);
