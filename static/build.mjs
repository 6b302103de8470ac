// Builds the front end: each entry in src/entries to dist/<name>.js or .css, and the icon sprite.
//   node static/build.mjs            minified, for a deployment
//   node static/build.mjs --watch    readable, with source maps, again after each change
import { build, context } from "esbuild";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const entriesDir = join(here, "src", "entries");
const outdir = join(here, "dist");
const iconsDir = join(root, "node_modules", "@tabler", "icons", "icons", "outline");
const watching = process.argv.includes("--watch");

const NOT_OURS = new Set(["node_modules", "dist", "data", "staticfiles", "migrations", "__pycache__"]);
// {% icon "plus" %}, icon="plus" and icon = "plus"; in TypeScript icon("plus").
const ICON_NAMES = {
  ".html": [/\{%\s*icon\s+["']([a-z0-9-]+)["']/g, /\bicon=["']([a-z0-9-]+)["']/g],
  ".py": [/\b(?:\w+_)?icon(?::\s*[\w\[\]]+)?\s*=\s*["']([a-z0-9-]+)["']/g],
  ".ts": [/\bicon\(["']([a-z0-9-]+)["']/g, /\bicon:\s*["']([a-z0-9-]+)["']/g],
};

function* filesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith(".") || NOT_OURS.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

function usedIcons() {
  const used = new Map(); // name -> the first file that names it
  for (const folder of ["templates", "projects", "integrations", "workflows", "connect_portal", join("static", "src")]) {
    for (const path of filesBelow(join(root, folder))) {
      const text = ICON_NAMES[extname(path)] ? readFileSync(path, "utf8") : "";
      for (const pattern of ICON_NAMES[extname(path)] ?? []) {
        for (const [, name] of text.matchAll(pattern)) if (!used.has(name)) used.set(name, relative(root, path));
      }
    }
  }
  return used;
}

function buildSprite() {
  const symbols = [];
  const unknown = [];
  for (const [name, path] of [...usedIcons()].sort(([a], [b]) => (a < b ? -1 : 1))) {
    let svg;
    try {
      svg = readFileSync(join(iconsDir, `${name}.svg`), "utf8");
    } catch {
      unknown.push(`${name} (${path})`);
      continue;
    }
    const shapes = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[\s\S]*?>/, "").replace(/<\/svg>\s*$/, "")
      .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "").replace(/\s*\n\s*/g, "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`);
  }
  writeFileSync(join(outdir, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
  if (unknown.length) {
    console.error(`No such Tabler icon: ${unknown.join(", ")}`);
    if (!watching) process.exitCode = 1;
  }
  return symbols.length;
}

function entries(extension) {
  return readdirSync(entriesDir)
    .filter((file) => extname(file) === extension && !file.endsWith(".test.ts") && !file.endsWith(".d.ts"))
    .map((file) => ({ in: join(entriesDir, file), out: basename(file, extension) }));
}

const shared = {
  bundle: true,
  outdir,
  minify: !watching,
  sourcemap: watching ? "inline" : false,
  legalComments: "none",
  target: ["es2022", "chrome120", "firefox120", "safari17"],
  logLevel: "warning",
  loader: { ".svg": "dataurl" },
};
const scripts = { ...shared, entryPoints: entries(".ts"), format: "iife" };
const styles = { ...shared, entryPoints: entries(".css") };

mkdirSync(outdir, { recursive: true });
if (watching) {
  const sprite = { name: "sprite", setup: (it) => void it.onEnd(() => void buildSprite()) };
  for (const options of [{ ...scripts, plugins: [sprite] }, styles]) await (await context(options)).watch();
  console.log("watching");
} else {
  await Promise.all([build(scripts), build(styles)]);
  const icons = buildSprite();
  const made = new Set(["icons.svg", ...scripts.entryPoints.map((it) => `${it.out}.js`), ...styles.entryPoints.map((it) => `${it.out}.css`)]);
  for (const file of readdirSync(outdir)) if (!made.has(file)) rmSync(join(outdir, file));
  console.log(`built ${scripts.entryPoints.length} scripts, ${styles.entryPoints.length} style sheets, ${icons} icons`);
}
