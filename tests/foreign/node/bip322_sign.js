// A wallet made of the npm package "bip322-js": signs a text for each type of address of one private key.
// Arguments: the key in WIF, the text. Prints one JSON line: { address type: signature }, by the addresses given after them.
const { Signer } = require("bip322-js");

const [wif, text, ...addresses] = process.argv.slice(2);
const signed = {};
for (const address of addresses) signed[address] = Signer.sign(wif, address, text).toString("base64");
console.log(JSON.stringify(signed));
