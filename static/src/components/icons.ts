/** An icon of the sprite, as `{% icon "plus" %}` gives it in a template; the build collects the names used here too. */
const SVG = "http://www.w3.org/2000/svg";

export function icon(name: string, extraClass = ""): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${extraClass}`.trim());
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${spriteUrl()}#${name}`);
  svg.append(use);
  return svg;
}

function spriteUrl(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="icons"]')?.content ?? "/static/icons.svg";
}
