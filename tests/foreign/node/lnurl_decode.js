// Prints the URL that the npm package "lnurl" finds in a text.
console.log(JSON.stringify({ url: require("lnurl").decode(process.argv[2]) }));
