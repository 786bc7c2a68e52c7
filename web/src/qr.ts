import encodeQR from "qr";

const SVG = "http://www.w3.org/2000/svg";
const QUIET_ZONE = 2;

/** What fits the code's smallest alphabet: with it a code has fewer modules. */
const SMALL = /^[0-9A-Z $%*+\-./:]*$/;

/** Draw a QR code as one SVG path. */
export function drawQr(text: string, label: string): SVGSVGElement {
  const rows = encodeQR(text, "raw", { ecc: "low", encoding: SMALL.test(text) ? "alphanumeric" : "byte", border: QUIET_ZONE });
  let path = "";
  rows.forEach((row, y) => row.forEach((dark, x) => (path += dark ? `M${x} ${y}h1v1h-1z` : "")));
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${rows.length} ${rows.length}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("shape-rendering", "crispEdges");
  const drawn = document.createElementNS(SVG, "path");
  drawn.setAttribute("d", path);
  drawn.setAttribute("fill", "#000");
  svg.append(drawn);
  return svg;
}
