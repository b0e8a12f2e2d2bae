// The browser's half of a session, see session.go and window.go.

import { Terminal } from "./xterm/xterm.mjs";
import { FitAddon } from "./xterm/addon-fit.mjs";

const windowSize = 64 << 10; // as in window.go
const often = windowSize / 4; // how many bytes are reported at once

const terminal = new Terminal();
const fit = new FitAddon();
terminal.loadAddon(fit);
terminal.open(document.getElementById("terminal"));
fit.fit();
terminal.focus();

const query = new URLSearchParams(location.search);
query.set("rows", terminal.rows);
query.set("cols", terminal.cols);
const socket = new WebSocket(`ws://${location.host}/session?${query}`);
socket.binaryType = "arraybuffer";
const tell = (message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));

// What is typed waits here until the server has room for it. A long text that is pasted can be more than that.
let keys = new Uint8Array(0);
let room = windowSize;
function type(more) {
  const all = new Uint8Array(keys.length + more.length);
  all.set(keys);
  all.set(more, keys.length);
  keys = all;
  send();
}
function send() {
  const n = Math.min(keys.length, room);
  if (n > 0 && socket.readyState === WebSocket.OPEN) {
    socket.send(keys.subarray(0, n));
    keys = keys.subarray(n);
    room -= n;
  }
}
const encoder = new TextEncoder();
terminal.onData((text) => type(encoder.encode(text)));
// Reports of the mouse, say, are bytes and no text.
terminal.onBinary((text) => type(Uint8Array.from(text, (c) => c.charCodeAt(0))));

// The server stops at a window of output that was not drawn.
let drawn = 0;
function draw(bytes) {
  terminal.write(bytes, () => {
    drawn += bytes.length;
    if (drawn >= often) {
      tell({ done: drawn });
      drawn = 0;
    }
  });
}

let end; // how the program has ended
socket.onmessage = ({ data }) => {
  if (typeof data !== "string") {
    draw(new Uint8Array(data));
    return;
  }
  const message = JSON.parse(data);
  room += message.done ?? 0;
  end = message.end ?? end;
  send();
};
socket.onclose = ({ reason }) => {
  const line = document.getElementById("end");
  line.textContent = end ?? (reason || "the server is gone");
  line.hidden = false;
};
socket.onopen = () => {
  terminal.onResize(({ rows, cols }) => tell({ size: { rows, cols } }));
  fit.fit(); // The window may have changed meanwhile.
  send();
};
window.addEventListener("resize", () => fit.fit());
