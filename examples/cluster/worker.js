// Answers each connection that the parent hands over. It ends when the parent disconnects and the last one is closed.
const answer = `worker ${process.argv[1]} pid ${process.pid}\n`;
process.on('SIGINT', () => {}); // ^C goes to all processes of the terminal; it is the parent that ends its workers.
process.on('message', (message, connection) => {
  if (!connection) return; // It was closed on its way.
  connection.on('error', () => {}); // The client has gone.
  connection.end(answer, () => connection.destroy());
});
process.send('ready', () => {}); // The parent may be gone already; then this process is about to end.
