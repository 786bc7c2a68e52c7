import { drawQr } from "./qr";

/** The second code, for a phone's camera: drawn when somebody opens it. */
export function showPhoneCode(details: HTMLDetailsElement, code: HTMLElement): void {
  details.addEventListener("toggle", () => {
    if (!details.open || code.firstChild) return;
    code.append(drawQr(code.dataset.text ?? "", "QR code for your phone’s camera"));
    code.hidden = false;
  });
}
