// The sign-in page works without this script; with it, it is more comfortable.
import { watchLightning } from "./lightning";
import { helpWithMessage } from "./message";
import { showPhoneCode } from "./phone_code";

const byId = (id: string): HTMLElement | null => document.getElementById(id);

const form = byId("login-form");
const text = byId("login-message");
const copy = byId("login-copy");
if (form instanceof HTMLFormElement && text instanceof HTMLTextAreaElement && copy instanceof HTMLButtonElement) {
  helpWithMessage(form, text, copy);
}

const lightning = byId("lnurl-form");
const code = byId("lnurl-qr");
const status = byId("lnurl-status");
if (lightning instanceof HTMLFormElement && code && status) watchLightning(lightning, code, status);

const phone = byId("phone-code");
const phoneCode = byId("phone-qr");
if (phone instanceof HTMLDetailsElement && phoneCode) showPhoneCode(phone, phoneCode);
