const df = require("durable-functions");

module.exports = df.activity((text) => text.toUpperCase());
