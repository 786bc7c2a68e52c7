// Buttons that copy the text beside them: `data-copy` names its element. Without this script they stay hidden.
const SHOWN_MS = 2000;

for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy ?? "");
  if (!source) continue;
  const said = document.createElement("span");
  said.className = "unseen";
  said.setAttribute("role", "status");
  button.after(said);
  button.hidden = false;
  button.addEventListener("click", () => {
    void copyText(source).then((copied) => {
      button.textContent = copied ? "Copied" : "Press Ctrl+C";
      said.textContent = copied ? "The text is copied." : "The text is selected: press Ctrl+C.";
      setTimeout(() => {
        button.textContent = "Copy";
        said.textContent = "";
      }, SHOWN_MS);
    });
  });
}

async function copyText(source: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    return true;
  } catch {
    window.getSelection()?.selectAllChildren(source);
    return false;
  }
}
