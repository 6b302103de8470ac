// Prints each regular expression of the scripts under the given folders, as JSON: [{place, pattern, flags}].
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const found = [];

function visit(node, source, path) {
  if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) add(node, source, path, ...split(node.getText(source)));
  if (ts.isNewExpression(node) && node.expression.getText(source) === "RegExp") {
    const [pattern, flags] = node.arguments ?? [];
    if (pattern) add(node, source, path, textOf(pattern), flags && ts.isStringLiteralLike(flags) ? flags.text : "");
  }
  ts.forEachChild(node, (child) => visit(child, source, path));
}

function split(literal) {
  const end = literal.lastIndexOf("/");
  return [literal.slice(1, end), literal.slice(end + 1)];
}

/** A template's text; "x" stands for what is known at run time only. */
function textOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map((span) => `x${span.literal.text}`).join("");
  return "x";
}

function add(node, source, path, pattern, flags) {
  const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
  found.push({ place: `${path}:${line + 1}`, pattern, flags });
}

for (const folder of process.argv.slice(2)) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!/\.(ts|mjs|js)$/.test(name) || name.endsWith(".test.ts") || name.endsWith(".d.ts")) continue;
    const path = join(folder, name);
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    visit(source, source, path);
  }
}
console.log(JSON.stringify(found));
