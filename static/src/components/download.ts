/** `<button data-download="#pem" data-download-name="key.pem">` saves that element's text as a file, made in the page. */
export function startDownloads(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-download]");
    if (!button) return;
    const source = document.querySelector(button.dataset.download ?? "");
    const text = source instanceof HTMLTextAreaElement ? source.value : (source?.textContent ?? "");
    saveAs(button.dataset.downloadName ?? "download.txt", text, button.dataset.downloadType ?? "text/plain");
    button.dispatchEvent(new CustomEvent("downloaded", { bubbles: true }));
  });
}

export function saveAs(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
