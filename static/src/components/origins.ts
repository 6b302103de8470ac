/** What is wrong with an allowed origin, in the words of projects/origins.py; "" when nothing is. */
export function originProblem(typed: string): string {
  const text = typed.trim();
  if (!text) return "";
  if (!/^https?:\/\//i.test(text)) return "Begin with https:// or http://.";
  const rest = text.replace(/^https?:\/\//i, "").replace(/\/$/, "");
  if (/[/?#@]/.test(rest)) return "An origin is scheme, host and port only: leave out the path and what follows it.";
  const { host = "", port } = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>.*))?$/.exec(rest)?.groups ?? {};
  if (host.includes("*")) return "The host must be written out; only the port may be *.";
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)$/i.test(host)) {
    return "That host name is not valid.";
  }
  if (port !== undefined && port !== "*" && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    return "The port must be a number from 1 to 65535, or * for any.";
  }
  return "";
}
