// A Lightning wallet made of the npm package "lnurl": reads the text of a QR code, signs, calls back.
// Prints one JSON line: the key that it used and what the server answered. Nothing here is ours but the order of the calls.
const lnurl = require("lnurl");

async function main(text) {
  const url = new URL(lnurl.decode(text.replace(/^lightning:/i, "")));
  if (url.searchParams.get("tag") !== "login") throw new Error("not a login");
  const k1 = Buffer.from(url.searchParams.get("k1"), "hex");
  const { pubKey, privKey } = lnurl.generateRandomLinkingKey();
  const sig = lnurl.createAuthorizationSignature(k1, privKey);
  url.searchParams.set("sig", Buffer.from(sig).toString("hex"));
  url.searchParams.set("key", Buffer.from(pubKey).toString("hex"));
  const answer = await (await fetch(url)).json();
  console.log(JSON.stringify({ key: Buffer.from(pubKey).toString("hex"), answer }));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
