// Bundles each page's entry and the style sheet into the package's static folder.
import { copyFile, mkdir } from "node:fs/promises";
import { build } from "esbuild";

const out = "../src/hodlxxi/pages/static";

await mkdir(out, { recursive: true });
await build({
  entryPoints: { login: "src/login.ts", copy: "src/copy.ts", form_post: "src/form_post.ts", app: "styles/app.css" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome100", "firefox100", "safari15.4"],
  legalComments: "none",
  logLevel: "warning",
});
await copyFile("styles/favicon.svg", `${out}/favicon.svg`);
