// Bundles Acme's page: its own script with the unmodified SDK from npm, and its style sheet.
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
await build({
  entryPoints: [join(here, "src", "main.ts"), join(here, "src", "main.css")],
  outdir: join(here, "dist"),
  bundle: true,
  minify: true,
  format: "iife",
  legalComments: "none",
  target: ["es2022", "chrome120", "firefox120", "safari17"],
  logLevel: "warning",
});
console.log("built Acme's page");
