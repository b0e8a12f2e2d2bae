package host

// NodeVersion is the version of Node whose behaviour the host has: process.version.
const NodeVersion = "v25.8.1"
