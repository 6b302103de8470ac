// /connect.js: the Connect SDK for pages without a bundler, pointed at the deployment that serves it.
import ConnectSDK from "@useparagon/connect/ConnectSDK";

import { addressesOf, dropForeignState } from "../connect/addresses";

// A module script has no currentScript; then the script's own element is found by its address.
const script = (document.currentScript ?? document.querySelector('script[src*="/connect.js"]')) as HTMLScriptElement | null;
const origin = new URL(script?.src ?? location.href).origin;

// What an earlier page stored would win over the addresses given here; the SDK asks for it at once.
dropForeignState(localStorage, origin);
// The package is CommonJS: whether its default export arrives as such, or within one, is the bundler's reading.
const Sdk = (ConnectSDK as typeof ConnectSDK & { default?: typeof ConnectSDK }).default ?? ConnectSDK;
const sdk = new Sdk(addressesOf(origin) as unknown as ConstructorParameters<typeof ConnectSDK>[0]);

// As the package's own `paragon`: methods that may be taken off it and called.
const paragon = new Proxy(sdk, {
  get(target, name) {
    const value: unknown = Reflect.get(target, name);
    return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
  },
});
Object.assign(window, { paragon });

// The SDK's frame comes without a name for screen readers, and with the browser's own border.
document.addEventListener("DOMContentLoaded", () => {
  const frame = document.getElementById("paragon-connect-frame");
  if (!frame) return;
  frame.title = "Connect Portal";
  frame.style.border = "0";
});
