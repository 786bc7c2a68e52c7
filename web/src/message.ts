/** The signed-message half of the sign-in page: a copy button, a count-down, and a signature without stray blanks. */
export function helpWithMessage(form: HTMLFormElement, text: HTMLTextAreaElement, copy: HTMLButtonElement): void {
  copy.hidden = false;
  const said = document.getElementById("login-copied");
  copy.addEventListener("click", () => {
    void copyText(text).then((copied) => {
      copy.textContent = copied ? "Copied" : "Press Ctrl+C";
      if (said) said.textContent = copied ? "The text is copied." : "The text is selected: press Ctrl+C.";
      setTimeout(() => {
        copy.textContent = "Copy";
        if (said) said.textContent = "";
      }, 2000);
    });
  });
  const signature = form.querySelector<HTMLTextAreaElement>("[name=signature]");
  form.addEventListener("submit", () => {
    if (signature) signature.value = signature.value.replace(/\s+/g, "");
  });
  countDown(form, Number(form.dataset.lifetime ?? "300"));
}

async function copyText(text: HTMLTextAreaElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text.value);
    return true;
  } catch {
    text.focus();
    text.select();
    return false;
  }
}

function countDown(form: HTMLFormElement, lifetimeSeconds: number): void {
  const shown = form.querySelector<HTMLElement>("[data-countdown]");
  const over = form.querySelector<HTMLElement>("[data-over]");
  const end = Date.now() + lifetimeSeconds * 1000;
  const tick = (): void => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    if (shown) shown.textContent = `Valid for ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} minutes.`;
    if (left > 0) {
      setTimeout(tick, 1000);
    } else {
      if (shown) shown.hidden = true;
      if (over) over.hidden = false;
    }
  };
  tick();
}
