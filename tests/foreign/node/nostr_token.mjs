// A program made of the npm package "nostr-tools": a NIP-98 token for a URL, signed with a fresh key.
// Argument: the URL, or a request {url, body} in JSON. Prints one JSON line: the x-only key and the Authorization header.
import { finalizeEvent, generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { getToken } from "nostr-tools/nip98";

const { url, body } = JSON.parse(process.argv[2]);
const secret = generateSecretKey();
const header = await getToken(url, "post", (event) => finalizeEvent(event, secret), true, body);
console.log(JSON.stringify({ pubkey: getPublicKey(secret), header }));
