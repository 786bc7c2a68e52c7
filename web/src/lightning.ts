import { drawQr } from "./qr";

const RETRY_MS = 3000;

/**
 * The Lightning half of the sign-in page: draws the QR code and waits for the wallet. When it has signed, the page's own form is
 * sent: the server claims the session and goes on, so no secret passes through this script.
 */
export function watchLightning(form: HTMLFormElement, code: HTMLElement, status: HTMLElement): void {
  const session = code.dataset.session ?? "";
  code.replaceChildren(drawQr(code.dataset.text ?? "", "QR code for your Lightning wallet"));
  code.hidden = false;
  let stream: EventSource | undefined;
  let done = false;

  const end = (text: string): void => {
    done = true;
    stream?.close();
    status.textContent = text;
  };

  const listen = (): void => {
    stream?.close();
    if (done) return;
    stream = new EventSource(`/api/lnurl-auth/events/${encodeURIComponent(session)}`);
    stream.addEventListener("waiting", () => {
      // Said once: a reconnecting stream is no news for a screen reader.
      if (!status.textContent) status.textContent = "Waiting for your wallet …";
    });
    stream.addEventListener("verified", () => {
      end("Signed. One moment …");
      form.requestSubmit();
    });
    const expire = (): void => {
      end("This code has expired.");
      code.classList.add("over");
      // Neither button does anything for a code that is over.
      form.hidden = true;
      document.getElementById("lnurl-link")?.replaceWith(newCodeButton(code.dataset.again ?? "/login"));
    };
    stream.addEventListener("expired", expire);
    stream.addEventListener("unknown", expire);
    stream.onerror = (): void => {
      // Closed for good (not merely reconnecting): the tab was asleep or the server restarted.
      if (stream?.readyState === EventSource.CLOSED && !done) setTimeout(listen, RETRY_MS);
    };
  };

  document.addEventListener("visibilitychange", () => {
    // A phone suspends the page while the wallet is open.
    if (document.visibilityState === "visible") listen();
  });
  window.addEventListener("pagehide", () => stream?.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) listen();
  });
  listen();
}

/** A link, not a reload: after a failed attempt this page is the answer to a POST, and a reload would send that again. */
function newCodeButton(href: string): HTMLAnchorElement {
  const link = document.createElement("a");
  link.id = "lnurl-again";
  link.className = "button wide";
  link.href = href;
  link.textContent = "Get a new code";
  return link;
}
