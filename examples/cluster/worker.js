// A server as it is written for Node's cluster: it listens, and who answers is the primary's choice. It ends when the primary
// wants it to and the last connection is closed.
const [host, port] = process.argv.slice(2);
process.on('SIGINT', () => {}); // ^C goes to all processes of the terminal; it is the primary that ends its workers.
require('cluster').worker.on('error', () => {}); // The primary has gone, and this process is about to.
require('net').createServer((connection) => {
  connection.on('error', () => {}); // The client has gone.
  connection.end(`worker ${process.env.WORKER} pid ${process.pid}\n`, () => connection.destroy());
}).listen(+port, host || undefined);
