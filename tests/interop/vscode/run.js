// Loads the extension as VS Code would, and leaves it again at the end of stdin.
"use strict";

const extension = require(process.env.EXTENSION);
extension.activate({ subscriptions: [] }).then(() => console.log("active"));
process.stdin.on("end", () => extension.deactivate().then(() => console.log("left"))).resume();
