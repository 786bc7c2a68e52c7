// Prints the text of the QR code in a picture (a PNG file), as the npm package "jsqr" reads it.
const { readFileSync } = require("node:fs");
const jsqr = require("jsqr");
const { PNG } = require("pngjs");

const picture = PNG.sync.read(readFileSync(process.argv[2]));
const found = jsqr(new Uint8ClampedArray(picture.data), picture.width, picture.height);
console.log(JSON.stringify({ text: found ? found.data : null }));
